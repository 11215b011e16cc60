import { BoundedMap } from '../base/boundedmap.js';
import { monotonic } from '../base/clock.js';

/** How long a login is remembered at least, ms. */
const TIME = 10 * 60_000;
/** How many are remembered. */
const SIZE = 10_000;
/** Other processes are told again of one that goes on after a tenth of the time. */
const AGAIN = 10;

interface Known {
  readonly secret: string;
  expires: number;
  /** When others are to be told again. */
  stale: number;
}

/**
 * Which passwords were right lately: each login with one makes it known for as long again. It is
 * kept which secret of the user a password was right for, so that one which is no longer the
 * user's is not right any more, while whatever else is read again changes nothing.
 */
export class KnownLogins {
  readonly #known = new BoundedMap<string, Known>(SIZE);

  /** The secret that a password was right for, if that was lately. @param digest of the password. */
  find(digest: string): string | undefined {
    const known = this.#known.get(digest);
    if (known === undefined || known.expires > monotonic()) return known?.secret;
    this.#known.delete(digest);
    return undefined;
  }

  /**
   * Remembers that a password was right.
   *
   * @param digest of client, user and password.
   * @param secret tells the user's secrets apart.
   * @param time how long it is to be remembered if that is longer than ten minutes, ms.
   * @returns whether others who want to remember it should be told.
   */
  add(digest: string, secret: string, time: number): boolean {
    const now = monotonic();
    const longer = Math.max(TIME, time);
    const before = this.#known.get(digest);
    const news = before === undefined || before.secret !== secret || before.stale <= now;
    const stale = news ? now + longer / AGAIN : before.stale;
    this.#known.set(digest, { secret, expires: now + longer, stale });
    return news;
  }
}
