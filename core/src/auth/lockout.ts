import { BoundedMap } from '../base/boundedmap.js';
import { monotonic } from '../base/clock.js';
import { networkOf } from '../protocol/ip.js';
import { KnownLogins } from './knownlogins.js';

/** How failed logins are answered. */
export interface LockoutOptions {
  /** How many different wrong passwords lock a user out at one address; 0: never. */
  readonly failures: number;
  /** How long the lockout lasts, and how long failures are remembered, ms. */
  readonly time: number;
}

/** Whether a login may be tried; `repeated` is a password known to be wrong. */
export type LoginState = 'try' | 'repeated' | 'locked';

/** What came of a login: all that a lockout goes by. */
export interface LoginNews {
  readonly address: string;
  readonly user: string;
  /** Of the password; undefined: the login succeeded without one that can be told. */
  readonly digest?: string;
  readonly state?: LoginState;
  /** The secret of the user that the password is right for; undefined: it is wrong. */
  readonly secret?: string;
}

/** Who is locked out. */
export interface Lockedout {
  /** The client's, an IPv6 address standing for its /64. */
  readonly address: string;
  /** Left out: all users at this address. */
  readonly user?: string;
  /** Until it is over, ms. */
  readonly left: number;
  /** How many different wrong passwords there were. */
  readonly failures: number;
}

/** Which lockouts are meant. */
export interface LockoutFilter {
  readonly address?: string;
  readonly user?: string;
}

/** An address is locked out for all users after this many times as many wrong passwords. */
const ADDRESS_FACTOR = 10;
/** How many failing addresses, and pairs of address and user, are remembered. */
const MEMORY = 10_000;
/** The answer to a failure waits this long at first and twice as long each time, up to the last. */
const FIRST_DELAY = 100;
const LAST_DELAY = 3000;

interface Failures {
  /** Digests of the different wrong passwords. */
  readonly digests: Set<string>;
  /** Of those that are still known to be wrong. */
  readonly wrong: Set<string>;
  /** Failures in a row, the same password counted each time. */
  row: number;
  expires: number;
  /** 0: not locked out. */
  lockedUntil: number;
}

/**
 * Slows repeated failed logins down, and then locks them out for a while: a user at an address
 * after some different wrong passwords, and the whole address after ten times as many.
 *
 * The same wrong password again is no new guess, so a program with an old password never locks
 * anybody out, however often it comes. An IPv6 address stands for its /64.
 *
 * Who has logged in lately is remembered as well, beside the failures: such logins are not locked
 * out, and all processes that serve the same clients have to know of them.
 */
export class Lockout {
  options: LockoutOptions;
  /** Which passwords were right lately. */
  readonly known = new KnownLogins();
  /** Told what comes of logins, for other processes that serve the same clients. */
  onNews: ((news: LoginNews) => void) | undefined;
  /** Told whose lockouts are lifted here, for the same. */
  onLift: ((whom: LockoutFilter) => void) | undefined;
  readonly #pairs = new BoundedMap<string, Failures>(MEMORY);
  readonly #addresses = new BoundedMap<string, Failures>(MEMORY);

  constructor(options: LockoutOptions) {
    this.options = options;
  }

  /** @param digest tells guesses apart. */
  check(address: string, user: string, digest: string): LoginState {
    const now = monotonic();
    const pair = current(this.#pairs, pairKey(address, user), now);
    const whole = current(this.#addresses, networkOf(address), now);
    if (pair?.wrong.has(short(digest))) return 'repeated';
    return pair?.lockedUntil || whole?.lockedUntil ? 'locked' : 'try';
  }

  /**
   * Counts a failed login.
   *
   * @param state what {@link check} said of it: only what was tried counts towards a lockout.
   * @returns how long its answer is to wait, ms.
   */
  failed(address: string, user: string, digest: string, state: LoginState = 'try'): number {
    this.onNews?.({ address, user, digest: short(digest), state });
    return this.#count(address, user, digest, state);
  }

  /**
   * Takes a login that succeeded.
   *
   * @param right the digest of the password, and what tells the user's secret apart that it is
   *   right for: to be known for some time.
   */
  succeeded(
    address: string,
    user: string,
    right?: { readonly digest: string; readonly secret: string },
  ): void {
    const { time } = this.options;
    const isNew = right !== undefined && this.known.add(right.digest, right.secret, time);
    const forgiven = this.#forgive(address, user);
    if (isNew) this.onNews?.({ address, user, ...right });
    else if (forgiven) this.onNews?.({ address, user });
  }

  /**
   * Takes what came of a login in another process.
   *
   * @param age how long ago that was, ms: what should be forgotten by now is not heard.
   */
  hear({ address, user, digest, state = 'try', secret }: LoginNews, age = 0): void {
    if (age >= this.options.time) return;
    const then = monotonic() - age;
    if (digest !== undefined && secret === undefined)
      this.#count(address, user, digest, state, then);
    else this.#forgive(address, user);
    if (digest !== undefined && secret !== undefined) {
      this.known.add(digest, secret, this.options.time);
    }
  }

  /** Who is locked out at this moment, and for how long. */
  list(): Lockedout[] {
    const now = monotonic();
    const pairs = [...this.#pairs].map(([key, failures]) => {
      const space = key.indexOf(' ');
      return { address: key.slice(0, space), user: key.slice(space + 1), failures };
    });
    const whole = [...this.#addresses].map(([address, failures]) => ({ address, failures }));
    return [...pairs, ...whole].flatMap(({ failures, ...who }) => {
      const left = failures.lockedUntil - now;
      return left > 0 ? [{ ...who, left, failures: failures.digests.size }] : [];
    });
  }

  /**
   * Lets those log in again who are locked out, and forgets their failures.
   *
   * @param whom what is left out says nothing: at all addresses of a user, all users of an address.
   * @returns how many lockouts that were.
   */
  lift(whom: LockoutFilter): number {
    this.onLift?.(whom);
    return this.hearLift(whom);
  }

  /** Lifts lockouts as {@link lift} does, since another process has: nobody else is told. */
  hearLift({ address, user }: LockoutFilter): number {
    const lifted = this.list().filter(
      (one) =>
        (address === undefined || one.address === networkOf(address)) &&
        (user === undefined || one.user === user),
    );
    for (const one of lifted) {
      if (one.user === undefined) this.#addresses.delete(one.address);
      else this.#pairs.delete(`${one.address} ${one.user}`);
    }
    return lifted.length;
  }

  /**
   * Forgets which passwords were wrong, since users may have new ones; how many different ones there
   * were, and lockouts, stay.
   */
  passwordsChanged(): void {
    for (const { wrong } of this.#pairs.values()) wrong.clear();
  }

  #count(
    address: string,
    user: string,
    digest: string,
    state: LoginState,
    now = monotonic(),
  ): number {
    const { failures, time } = this.options;
    const pair = remember(this.#pairs, pairKey(address, user), now, time);
    const whole = remember(this.#addresses, networkOf(address), now, time);
    pair.row++;
    if (failures > 0 && state === 'try') {
      count(pair, digest, failures, now + time);
      count(whole, digest, failures * ADDRESS_FACTOR, now + time);
    }
    return Math.min(FIRST_DELAY * 2 ** (pair.row - 1), LAST_DELAY);
  }

  /** @returns whether there was anything to forgive. */
  #forgive(address: string, user: string): boolean {
    const pair = this.#pairs.get(pairKey(address, user));
    if (pair === undefined || pair.row === 0) return false;
    pair.row = 0;
    return true;
  }
}

/** Enough of a digest to tell passwords apart. */
function short(digest: string): string {
  return digest.slice(0, 16);
}

function count(failures: Failures, digest: string, limit: number, until: number): void {
  if (failures.lockedUntil > 0) return;
  failures.wrong.add(short(digest));
  failures.digests.add(short(digest));
  if (failures.digests.size >= limit) {
    failures.lockedUntil = until;
    failures.expires = until;
  }
}

/** What is remembered under a key and has not expired. */
function current(map: Map<string, Failures>, key: string, now: number): Failures | undefined {
  const found = map.get(key);
  if (found === undefined || found.expires > now) return found;
  map.delete(key);
  return undefined;
}

function remember(map: Map<string, Failures>, key: string, now: number, time: number): Failures {
  const failures: Failures = current(map, key, now) ?? {
    digests: new Set(),
    wrong: new Set(),
    row: 0,
    expires: now + time,
    lockedUntil: 0,
  };
  map.set(key, failures);
  return failures;
}

function pairKey(address: string, user: string): string {
  return `${networkOf(address)} ${user}`;
}
