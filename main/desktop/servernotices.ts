import type { EventSink, ServerEvent } from 'picosocks5';
import type { DesktopUsers } from '../users/users.js';
import { text } from '../words/words.js';
import type { Notifications } from './notifications.js';

/** What the user is told of the server's events: warnings, errors, and logins that need a hand. */
export class ServerNotices implements EventSink {
  readonly id = 'notifications';
  readonly #notifications: Notifications;
  readonly #users: DesktopUsers;
  /** What of the keychain was announced to who does not look at the window. */
  #announced: string | undefined;

  constructor(notifications: Notifications, users: DesktopUsers) {
    this.#notifications = notifications;
    this.#users = users;
    const solved = () => {
      if (users.problem === undefined) this.#announced = undefined;
    };
    users.on('state', solved).on('change', solved);
  }

  wants(type: ServerEvent['type']): boolean {
    return type === 'warning' || type === 'error' || type === 'authentication-failed';
  }

  handle(event: ServerEvent): void {
    if (event.type === 'warning' || event.type === 'error') {
      this.#notifications.notify({ severity: event.type, message: event.message });
    } else if (event.type === 'authentication-failed') {
      const { problem } = this.#users;
      if (problem !== undefined && event.detail === problem) {
        this.#tellOfLogin(
          text('accounts.couldNotLogIn', { user: event.user ?? '', problem }),
          problem,
        );
      }
    }
  }

  /** A login that fails because of the keychain is told, and announced once. */
  #tellOfLogin(message: string, problem: string): void {
    this.#notifications.notify({ severity: 'warning', message }, 'view.users');
    if (this.#announced === problem) return;
    this.#announced = problem;
    this.#notifications.announce(message);
  }
}
