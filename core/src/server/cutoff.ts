import { whyClosed } from '../auth/account.js';
import { SourceError } from '../auth/asking.js';
import type { Users } from '../auth/users.js';
import type { Disposable } from '../base/disposable.js';
import { Turn } from '../base/turn.js';
import type { Session } from '../session/session.js';

/** How often it is looked for users who have expired, ms. */
const PERIOD = 250;

/** What the end of users' connections has to know of the server. */
export interface CutOffParts {
  /** The connections of this moment. */
  readonly sessions: Iterable<Session>;
  /** The users of a listener; undefined if it is gone. */
  usersOf(listener: string): Users | undefined;
  /** Told of sources that cannot say who their users are now. */
  warn(message: string): void;
}

/**
 * Ends connections of users who may not log in any more: at once where it is only a matter of time,
 * and when sources have other users, those who were removed or disabled.
 */
export class CutOff implements Disposable {
  readonly #parts: CutOffParts;
  #timer: NodeJS.Timeout | undefined;
  #looking = false;
  /** Whether users have changed since it began to look. */
  #again = false;

  constructor(parts: CutOffParts) {
    this.#parts = parts;
  }

  /** Switches it on or off. */
  set enabled(enabled: boolean) {
    if (!enabled) this.dispose();
    else this.#timer ??= setInterval(() => this.#endExpired(), PERIOD).unref();
  }

  get enabled(): boolean {
    return this.#timer !== undefined;
  }

  /** Users may be others than before: looks at those who are connected. */
  usersChanged(): void {
    if (!this.enabled) return;
    this.#again = true;
    if (!this.#looking) void this.#look();
  }

  dispose(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #endExpired(): void {
    const now = Date.now();
    for (const session of this.#parts.sessions) {
      if (whyClosed(session.account, now) !== undefined) session.end('cut-off');
    }
  }

  async #look(): Promise<void> {
    this.#looking = true;
    while (this.#again && this.enabled) {
      this.#again = false;
      try {
        await this.#lookOnce();
      } catch (error) {
        if (!(error instanceof SourceError)) throw error;
        this.#parts.warn(`${error.message}; connections go on`);
      }
    }
    this.#looking = false;
  }

  /** Asks once for each user who is connected. */
  async #lookOnce(): Promise<void> {
    const turn = new Turn();
    for (const [listener, byUser] of this.#connected()) {
      const users = this.#parts.usersOf(listener);
      const tellsAll = users === undefined || users.tellUsers;
      for (const [user, sessions] of byUser) {
        const asked = users?.identify(user);
        const found = asked instanceof Promise ? await asked : asked;
        for (const session of sessions) {
          if (found !== undefined && whyClosed(found.account) === undefined) {
            session.account = found.account;
          } else if (found !== undefined || tellsAll || session.isTold) {
            session.end('cut-off');
          }
          // Else a source let the user in that cannot say who its users are: nobody knows.
        }
        if (turn.step()) await turn.next();
      }
    }
  }

  /** The connections of users whom a source knew, by listeners and users. */
  #connected(): Map<string, Map<string, Session[]>> {
    const connected = new Map<string, Map<string, Session[]>>();
    for (const session of this.#parts.sessions) {
      const { listener, user, isListed } = session;
      if (user === undefined || !isListed) continue;
      const byUser = connected.get(listener) ?? new Map<string, Session[]>();
      connected.set(listener, byUser);
      const sessions = byUser.get(user);
      if (sessions === undefined) byUser.set(user, [session]);
      else sessions.push(session);
    }
    return connected;
  }
}
