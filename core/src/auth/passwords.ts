import { createHmac, hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { monotonic } from '../base/clock.js';
import { networkOf } from '../protocol/ip.js';
import { whyClosed } from './account.js';
import { identityBy, SourceError } from './asking.js';
import { CryptPool, CryptPoolBusyError } from './crypt/pool.js';
import type { AuthenticationFailure, Identity, LoginFailure } from './identity.js';
import type { Lockout, LoginState } from './lockout.js';
import type { Attempt, CredentialChecker } from './method.js';
import type { Secret } from './source.js';
import type { Users } from './users.js';

type Check = Identity | AuthenticationFailure;

/** Who is proved to be there. */
interface Proof {
  readonly identity: Identity;
  /** Tells apart what the password is right for, without telling it. */
  readonly rightFor: string;
}

/** A login that is being checked. */
interface Login {
  readonly client: string;
  readonly user: string;
  /** Tells guesses apart, and a right one is remembered by it; undefined if it cannot be told. */
  readonly digest?: string;
}

/** What is known of a login before its password is looked at. */
interface Memory {
  /** What the password was right for lately. */
  readonly known: string | undefined;
  /** Whether nothing else will do: others are locked out. */
  locked(): boolean;
}

/** What a {@link PasswordChecker} works with. */
export interface PasswordCheckerOptions {
  readonly pool?: CryptPool;
  /** What digests are made with: processes that share a lockout have the same. */
  readonly key?: Uint8Array | undefined;
  /** Told of sources that fail, in one sentence. */
  readonly warn?: (message: string) => void;
}

/**
 * Checks user names and passwords: off the event loop, remembering what was right, slowing down
 * and locking out who guesses. What is remembered is keyed by a digest under a key that lives as
 * long as the process, so that its memory holds no password.
 *
 * Sources are asked in their order, and the first one that knows the user decides. One that fails
 * denies: whoever could bring it down would else choose among the others.
 */
export class PasswordChecker implements CredentialChecker {
  #key: Uint8Array;
  readonly #running = new Map<string, Promise<Check>>();
  readonly #lockout: Lockout;
  readonly #pool: CryptPool;
  readonly #warn: (message: string) => void;
  #users: Users;

  constructor(users: Users, lockout: Lockout, options: PasswordCheckerOptions = {}) {
    const { pool = new CryptPool(), key = randomBytes(32), warn = () => {} } = options;
    this.#key = key;
    this.#users = users;
    this.#lockout = lockout;
    this.#pool = pool;
    this.#warn = warn;
  }

  /** Takes another key for digests, which servers on other machines have as well. */
  setKey(key: Uint8Array): void {
    this.#key = key;
  }

  /** Takes new users. Who has logged in lately still has, unless the secret is another now. */
  setUsers(users: Users): void {
    this.#users = users;
    this.usersChanged();
  }

  /** Users may have other passwords now: forgets which ones were wrong; what was right is asked anew. */
  usersChanged(): void {
    this.#running.clear();
    this.#lockout.passwordsChanged();
  }

  /**
   * Checks a password. The same one from the same address at the same time is checked once.
   *
   * @param client the client's IP address.
   * @param password octets; not kept.
   */
  check(client: string, user: string, password: Uint8Array): Promise<Check> {
    return this.#checkPassword(this.#users, client, user, password);
  }

  /**
   * Lets a client prove, in whatever way, that it knows a user's secret. A user who does not
   * exist, or has no secret of the kind, is checked against another's: it takes as long.
   */
  attempt(attempt: Attempt): Promise<Check> {
    return this.#attempt(this.#users, attempt);
  }

  mayBeEmpty(user: string): Promise<boolean> {
    return mayBeEmpty(this.#users, user);
  }

  /**
   * Checks logins of other users, with the same lockouts: a listener's. Which passwords were right
   * or wrong is known for each {@link Users.realm} by itself.
   *
   * @param users asked at each login.
   */
  of(users: () => Users): CredentialChecker {
    return {
      check: (client, user, password) => this.#checkPassword(users(), client, user, password),
      attempt: (attempt) => this.#attempt(users(), attempt),
      mayBeEmpty: (user) => mayBeEmpty(users(), user),
    };
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }

  #checkPassword(users: Users, client: string, user: string, password: Uint8Array): Promise<Check> {
    const digest = this.#digest(users.realm, client, user, password);
    const running = this.#running.get(digest);
    if (running !== undefined) return running.then(withoutLockout);
    const login = { client, user, digest };
    const check = this.#check(login, (memory) =>
      this.#provePassword(users, login, password, memory),
    ).finally(() => {
      if (this.#running.get(digest) === check) this.#running.delete(digest);
    });
    this.#running.set(digest, check);
    return check;
  }

  #attempt(users: Users, { client, user, kind, matches }: Attempt): Promise<Check> {
    return this.#check({ client, user }, async () => {
      const own = await users.secret(user, kind);
      const secret = own ?? users.decoy(user, kind);
      const right = secret !== undefined && (await matches(secret));
      return right && own !== undefined ? this.#proofBy(own, user) : undefined;
    });
  }

  /** @param prove who it is, if the client has proved it. */
  async #check(
    login: Login,
    prove: (memory: Memory) => Promise<Proof | undefined>,
  ): Promise<Check> {
    const { client, user, digest } = login;
    const began = monotonic();
    const guess = digest ?? randomBytes(12).toString('base64');
    const state = () => this.#lockout.check(client, user, guess);
    const known = digest === undefined ? undefined : this.#lockout.known.find(digest);
    const locked = () => known !== undefined && state() !== 'try';
    let outcome: keyof typeof failures = known === undefined ? state() : 'try';
    if (outcome === 'try') {
      const proof = await this.#explained(user, () => prove({ known, locked }));
      if (proof === 'busy') return { user, failure: failures.busy, code: 'busy' };
      const proved = typeof proof === 'object' ? proof : undefined;
      const closed = whyClosed(proved?.identity.account);
      // To the client it is a wrong password; but it is no guess, and right again when it is over.
      if (closed !== undefined) {
        return this.#fail(login, guess, 'repeated', began, { failure: closed, code: 'closed' });
      }
      if (proved !== undefined && proved.rightFor === known) return this.#succeed(login, proved);
      // Others that were checked meanwhile may have been one guess too many.
      outcome = proof === 'failed' ? proof : state();
      if (proved !== undefined && outcome === 'try') return this.#succeed(login, proved);
    }
    // A source that fails says nothing of the password, but no more of the user by its haste.
    const counted = outcome === 'failed' ? 'repeated' : outcome;
    const failed = { failure: failures[outcome], code: codes[outcome] };
    return this.#fail(login, guess, counted, began, failed);
  }

  /** @param began when the login did. */
  async #fail(
    { client, user }: Login,
    guess: string,
    counted: LoginState,
    began: number,
    failed: Required<Pick<AuthenticationFailure, 'failure' | 'code'>>,
  ): Promise<AuthenticationFailure> {
    const step = this.#lockout.failed(client, user, guess, counted);
    // Not so long after the check, but at the next full step: what the check took does not show.
    const lockout = counted === 'try' && this.#lockout.check(client, user, '') === 'locked';
    await delay(step - ((monotonic() - began) % step));
    return { user, ...failed, ...(lockout && { lockout }) };
  }

  #succeed({ client, user, digest }: Login, { identity, rightFor }: Proof): Identity {
    const right = digest === undefined ? undefined : { digest, secret: rightFor };
    this.#lockout.succeeded(client, user, right);
    return identity;
  }

  /** What comes of a proof, or why there can be none now. */
  async #explained(
    user: string,
    prove: () => Promise<Proof | undefined>,
  ): Promise<Proof | 'busy' | 'failed' | undefined> {
    try {
      return await prove();
    } catch (error) {
      if (error instanceof CryptPoolBusyError) return 'busy';
      if (!(error instanceof SourceError)) throw error;
      this.#warn(`${error.message}; the login of ${JSON.stringify(user)} is denied`);
      return 'failed';
    }
  }

  async #provePassword(
    users: Users,
    { client, user }: Login,
    password: Uint8Array,
    { known, locked }: Memory,
  ): Promise<Proof | undefined> {
    const asked = user === '' ? [] : users.sources;
    for (const source of asked) {
      if (source.kinds.has('password')) {
        const rightFor = `verified by ${source.name}`;
        const askable = password.length > 0 && (known === rightFor || !locked());
        const answer = askable ? source.verify(user, password, client) : undefined;
        const identity = answer instanceof Promise ? await answer : answer;
        if (identity !== undefined) return { identity, rightFor };
        const isLast = source === asked.at(-1);
        if (!isLast && (await source.identify(user)) !== undefined) break;
      } else {
        const found = users.secretBy(source, user);
        const secret = found instanceof Promise ? await found : found;
        if (secret === undefined) continue;
        const proof = this.#proofBy(secret, user);
        if (proof.rightFor === known) return proof;
        return !locked() && (await this.#matches(password, secret)) ? proof : undefined;
      }
    }
    const decoy = locked() ? undefined : users.decoy(user);
    if (decoy !== undefined) await this.#matches(password, decoy);
    return undefined;
  }

  #proofBy(secret: Secret, user: string): Proof {
    return { identity: identityBy(user, secret), rightFor: this.#nameOf(secret) };
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

  /** Made for every login; nobody is shown it, so that the key may simply come first. */
  #digest(realm: string, client: string, user: string, password: Uint8Array): string {
    const login = `${realm.length}\n${realm}\n${networkOf(client)}\n${user.length}\n${user}\n`;
    const octets = Buffer.concat([this.#key, Buffer.from(login), password]);
    const digest = hash('sha256', octets, 'base64');
    octets.fill(0);
    return digest;
  }
}

const failures = {
  try: 'wrong user name or password',
  repeated: 'the same wrong password again',
  locked: 'locked out after too many wrong passwords',
  busy: 'too many logins at once',
  failed: 'a source of users failed',
} as const;

const codes = {
  try: 'wrong',
  repeated: 'repeated',
  locked: 'locked',
  busy: 'busy',
  failed: 'source-failed',
} as const satisfies Record<keyof typeof failures, LoginFailure>;

/** What comes of a login for another one that waited for it: a lockout is told once. */
function withoutLockout(check: Check): Check {
  if (!('lockout' in check)) return check;
  const { lockout: _, ...rest } = check;
  return rest;
}

async function mayBeEmpty(users: Users, user: string): Promise<boolean> {
  try {
    const secret = await users.secret(user);
    return secret?.kind === 'plain' && secret.password.length === 0;
  } catch (error) {
    if (error instanceof SourceError) return true;
    throw error;
  }
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
