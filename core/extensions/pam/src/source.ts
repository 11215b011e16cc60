import { createHmac, randomBytes } from 'node:crypto';
import {
  type AuthenticationSource,
  type ExtensionContext,
  type Identity,
  monotonic,
  UserError,
  type Verification,
} from 'picosocks5';
import type { Pool } from './pool.js';
import type { Answer } from './question.js';

/** How many passwords that were right are remembered. */
const REMEMBERED = 10_000;
/** A user's name or a password at most, octets: PAM_MAX_RESP_SIZE with the octet that ends it. */
const MAX_LENGTH = 511;

/** The code of a password that is wrong, or of an account that is not told from it. */
const AUTHENTICATION_ERROR = 7;
/**
 * Codes by which PAM could not tell whether a password is right: OPEN_ERR, SYMBOL_ERR, SERVICE_ERR,
 * BUF_ERR, CRED_INSUFFICIENT, AUTHINFO_UNAVAIL, CONV_ERR, ABORT, MODULE_UNKNOWN. SYSTEM_ERR is none of
 * them: it is also what pam_exec has for a program that says no.
 */
const TROUBLES = new Set([1, 2, 3, 5, 8, 9, 19, 26, 28]);

/** What settings say of PAM. */
export interface PamOptions {
  readonly service: string;
  readonly confdir: string | undefined;
  readonly groups: readonly string[];
  /** How long a password that was right is right without asking, ms. */
  readonly cache: number;
  /** How long a login may take, ms. */
  readonly timeout: number;
}

/** The users of a service of PAM, which checks their passwords itself. */
export class PamSource implements AuthenticationSource {
  readonly kinds = new Set(['password'] as const);
  readonly name: string;
  readonly groups: ReadonlySet<string>;
  readonly #options: PamOptions;
  readonly #pool: Pool;
  readonly #log: ExtensionContext['log'];
  readonly #key = randomBytes(32);
  readonly #right = new Map<string, { readonly identity: Identity; readonly until: number }>();

  constructor(options: PamOptions, pool: Pool, log: ExtensionContext['log']) {
    this.name = `pam:${options.service}`;
    this.groups = new Set(options.groups);
    this.#options = options;
    this.#pool = pool;
    this.#log = log;
  }

  async verify(
    user: string,
    password: Uint8Array,
    { client, signal }: Verification,
  ): Promise<Identity | undefined> {
    if (!isName(user) || !isPassword(password)) return undefined;
    // Modules may let a user in from some addresses only.
    const digest = this.#digest(user, password, client);
    const known = this.#right.get(digest);
    if (known !== undefined && known.until > monotonic()) return known.identity;
    this.#right.delete(digest);
    const began = monotonic();
    const { service, confdir, groups, timeout } = this.#options;
    const login = { user, password, client, groups };
    const answer = await this.#pool.ask({ service, confdir, login }, signal);
    if (answer.code !== 0) {
      await rest(Math.min(answer.delay, timeout - (monotonic() - began)), signal);
      this.#tell(user, client, answer);
      return undefined;
    }
    const identity = { user: answer.user, group: answer.group };
    this.#remember(digest, identity);
    return identity;
  }

  dispose(): void {
    this.#pool.close();
    this.#right.clear();
  }

  /** @throws {UserError} if it was not the user's fault. */
  #tell(user: string, client: string, { code, words }: Answer): void {
    if (code === AUTHENTICATION_ERROR) return;
    if (TROUBLES.has(code)) throw new UserError(`PAM cannot check passwords: ${words}`);
    this.#log.info(`${JSON.stringify(user)} from ${client} is not let in: ${words}`);
  }

  #digest(user: string, password: Uint8Array, client: string): string {
    return createHmac('sha256', this.#key)
      .update(`${Buffer.byteLength(user)}\n${user}\n${client}\n`)
      .update(password)
      .digest('base64');
  }

  #remember(digest: string, identity: Identity): void {
    const { cache } = this.#options;
    if (cache === 0) return;
    this.#right.set(digest, { identity, until: monotonic() + cache });
    if (this.#right.size <= REMEMBERED) return;
    this.#right.delete(this.#right.keys().next().value as string);
  }
}

/**
 * Whether it can be the name of a user: modules give it to programs, and look for it in files of
 * lines with colons.
 */
function isName(user: string): boolean {
  const hasControls = [...user].some((one) => one < ' ' || one === '\x7f');
  const isPlain = !hasControls && !/^-|[:/]/.test(user);
  return user !== '' && isPlain && Buffer.byteLength(user) <= MAX_LENGTH;
}

/** An empty password is the right one where an account has none. */
function isPassword(password: Uint8Array): boolean {
  return password.length > 0 && password.length <= MAX_LENGTH && !password.includes(0);
}

/** @returns once the time is over, or nobody waits any more. */
function rest(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (milliseconds <= 0 || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal.addEventListener('abort', end);
  });
}
