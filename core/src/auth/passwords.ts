import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { networkOf } from '../protocol/ip.js';
import { CryptPool, CryptPoolBusyError } from './crypt/pool.js';
import type { Lockout } from './lockout.js';
import type { AuthenticationFailure } from './method.js';
import type { Secret } from './source.js';
import type { Users } from './users.js';

/** The user's group if the password is right. */
type Check = { readonly group: string | undefined } | Pick<AuthenticationFailure, 'failure'>;

/**
 * Checks user names and passwords: off the event loop, remembering what was right, slowing down
 * and locking out who guesses. What is remembered is keyed by a digest under a key that lives as
 * long as the process, so that its memory holds no password.
 */
export class PasswordChecker {
  readonly #key: Uint8Array;
  readonly #running = new Map<string, Promise<Check>>();
  readonly #lockout: Lockout;
  readonly #pool: CryptPool;
  #users: Users;

  /** @param key what digests are made with: processes that share a lockout have the same. */
  constructor(
    users: Users,
    lockout: Lockout,
    pool = new CryptPool(),
    key: Uint8Array = randomBytes(32),
  ) {
    this.#key = key;
    this.#users = users;
    this.#lockout = lockout;
    this.#pool = pool;
  }

  /** Takes new users. Who has logged in lately still has, unless the secret is another now. */
  setUsers(users: Users): void {
    this.#users = users;
    this.#running.clear();
    this.#lockout.passwordsChanged();
  }

  /**
   * Checks a password. The same one from the same address at the same time is checked once.
   *
   * @param client the client's IP address.
   * @param password octets; not kept.
   */
  async check(client: string, user: string, password: Uint8Array): Promise<Check> {
    const digest = this.#digest(client, user, password);
    const known = this.#known(client, user, digest);
    if (known !== undefined) return known;
    const running = this.#running.get(digest);
    if (running !== undefined) return running;

    const matches = (secret: Secret) => this.#matches(password, secret);
    const check = this.attempt(client, user, undefined, digest, matches).finally(() => {
      if (this.#running.get(digest) === check) this.#running.delete(digest);
    });
    this.#running.set(digest, check);
    return check;
  }

  /**
   * Lets a client prove, in whatever way, that it knows a user's secret. A user who does not
   * exist, or has no secret of the kind, is checked against another's: it takes as long.
   *
   * @param kind the kind of secret that is needed; undefined: any.
   * @param digest tells guesses apart, and a right one is remembered by it; undefined if it
   *   cannot be told.
   * @param matches whether the proof fits a secret.
   */
  async attempt(
    client: string,
    user: string,
    kind: Secret['kind'] | undefined,
    digest: string | undefined,
    matches: (secret: Secret) => boolean | Promise<boolean>,
  ): Promise<Check> {
    const users = this.#users;
    const guess = digest ?? randomBytes(12).toString('base64');
    let state = this.#lockout.check(client, user, guess);
    if (state === 'try') {
      const own = users.secret(user, kind);
      const secret = own ?? users.decoy(user, kind);
      let right: boolean;
      try {
        right = secret !== undefined && (await matches(secret));
      } catch (error) {
        if (error instanceof CryptPoolBusyError) return { failure: 'too many logins at once' };
        throw error;
      }
      // Others that were checked meanwhile may have been one guess too many.
      state = this.#lockout.check(client, user, guess);
      if (right && own !== undefined && state === 'try') {
        const right = digest === undefined ? undefined : { digest, secret: this.#nameOf(own) };
        this.#lockout.succeeded(client, user, right);
        return { group: own.group };
      }
    }
    await delay(this.#lockout.failed(client, user, guess, state));
    return { failure: failures[state] };
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }

  /** What a login comes to whose password was right lately, and for the user's present secret. */
  #known(client: string, user: string, digest: string): Check | undefined {
    const secret = this.#lockout.known.find(digest);
    const own = secret === undefined ? undefined : this.#users.secret(user);
    if (secret === undefined || own === undefined || this.#nameOf(own) !== secret) return undefined;
    this.#lockout.succeeded(client, user, { digest, secret });
    return { group: own.group };
  }

  /** Tells secrets apart without telling them. */
  #nameOf(secret: Secret): string {
    return secret.kind === 'crypt' ? secret.hash : this.#hmac(secret.password).toString('base64');
  }

  async #matches(password: Uint8Array, secret: Secret): Promise<boolean> {
    if (secret.kind === 'crypt') return this.#pool.verify(password, secret.hash);
    return timingSafeEqual(this.#hmac(password), this.#hmac(secret.password));
  }

  #hmac(octets: Uint8Array): Buffer {
    return createHmac('sha256', this.#key).update(octets).digest();
  }

  #digest(client: string, user: string, password: Uint8Array): string {
    return createHmac('sha256', this.#key)
      .update(`${networkOf(client)}\n${user.length}\n${user}\n`)
      .update(password)
      .digest('base64');
  }
}

const failures = {
  try: 'wrong user name or password',
  repeated: 'the same wrong password again',
  locked: 'locked out after too many wrong passwords',
} as const;

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
