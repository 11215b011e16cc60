import { text } from '../words/words.js';
import type { Notifications } from './notifications.js';

/** Who tells the user. */
type Told = Pick<Notifications, 'notify' | 'announce' | 'problems'>;

/** Something that needs the keychain: `state` and `change` tell that its problem may be another. */
interface KeychainUser {
  readonly problem: string | undefined;
  on(event: 'state' | 'change', listener: () => void): unknown;
}

/**
 * Tells that the keychain cannot be read, such as one that is locked at login, and when it can be:
 * who looks at the window sees the first there.
 */
export class KeychainNotices {
  readonly #notifications: Told;
  readonly #note: (message: string) => void;
  readonly #users: readonly KeychainUser[];
  #told: string | undefined;

  /** @param note takes what the log is to say of it. */
  constructor(
    notifications: Told,
    users: readonly KeychainUser[],
    note: (message: string) => void,
  ) {
    this.#notifications = notifications;
    this.#note = note;
    this.#users = users;
    for (const user of users) {
      for (const event of ['state', 'change'] as const) user.on(event, () => this.#look());
    }
  }

  #look(): void {
    const problem = this.#users.find((user) => user.problem !== undefined)?.problem;
    if (problem === this.#told) return;
    this.#told = problem;
    if (problem === undefined) {
      const message = text('life.keychainSolved');
      this.#note('the keychain can be read again');
      this.#notifications.notify({ severity: 'info', message });
      this.#notifications.announce(message);
    } else {
      this.#note(`the keychain cannot be read: ${problem}`);
      this.#notifications.problems.add({ message: problem, about: 'view.users' });
      this.#notifications.announce(text('life.keychainProblem', { problem }));
    }
  }
}
