import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { CryptPool, CryptPoolBusyError } from './crypt/pool.js';
import type { Lockout } from './lockout.js';
import type { AuthenticationFailure } from './method.js';
import type { Secret } from './source.js';
import type { Users } from './users.js';

/** How long a successful check is remembered, ms. */
const MEMORY_TIME = 10 * 60_000;
/** How many are remembered. */
const MEMORY_SIZE = 10_000;

/** The user's group if the password is right. */
type Check = { readonly group: string | undefined } | Pick<AuthenticationFailure, 'failure'>;

/**
 * Checks user names and passwords: off the event loop, remembering what was right, slowing down
 * and locking out who guesses. What is remembered is keyed by a digest under a key that lives as
 * long as the process, so that its memory holds no password.
 */
export class PasswordChecker {
  readonly #key = randomBytes(32);
  readonly #right = new Map<string, { readonly group: string | undefined; expires: number }>();
  readonly #running = new Map<string, Promise<Check>>();
  readonly #lockout: Lockout;
  readonly #pool: CryptPool;
  #users: Users;

  constructor(users: Users, lockout: Lockout, pool = new CryptPool()) {
    this.#users = users;
    this.#lockout = lockout;
    this.#pool = pool;
  }

  /** Takes new users: nothing that was remembered of the old ones counts any more. */
  setUsers(users: Users): void {
    this.#users = users;
    this.#right.clear();
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
    const known = this.#right.get(digest);
    if (known !== undefined && known.expires > Date.now()) return { group: known.group };
    const running = this.#running.get(digest);
    if (running !== undefined) return running;

    const check = this.#checkOnce(client, user, password, digest).finally(() => {
      if (this.#running.get(digest) === check) this.#running.delete(digest);
    });
    this.#running.set(digest, check);
    return check;
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }

  async #checkOnce(
    client: string,
    user: string,
    password: Uint8Array,
    digest: string,
  ): Promise<Check> {
    const users = this.#users;
    const state = this.#lockout.check(client, user, digest);
    if (state === 'try') {
      const [secret] = users.secrets(user);
      const secretOrDecoy = (user === '' ? undefined : secret) ?? users.decoy(user);
      let right: boolean;
      try {
        right = secretOrDecoy !== undefined && (await this.#matches(password, secretOrDecoy));
      } catch (error) {
        if (error instanceof CryptPoolBusyError) return { failure: 'too many logins at once' };
        throw error;
      }
      if (right && secret !== undefined && secret === secretOrDecoy) {
        if (users === this.#users) this.#remember(digest, secret.group);
        this.#lockout.succeeded(client, user);
        return { group: secret.group };
      }
    }
    await delay(this.#lockout.failed(client, user, digest));
    return { failure: failures[state] };
  }

  #remember(digest: string, group: string | undefined): void {
    this.#right.delete(digest);
    this.#right.set(digest, { group, expires: Date.now() + MEMORY_TIME });
    if (this.#right.size > MEMORY_SIZE) {
      this.#right.delete(this.#right.keys().next().value as string);
    }
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
      .update(`${client}\n${user.length}\n${user}\n`)
      .update(password)
      .digest('base64');
  }
}

const failures = {
  try: 'wrong user name or password',
  repeated: 'wrong user name or password again',
  locked: 'locked out after too many wrong passwords',
} as const;

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
