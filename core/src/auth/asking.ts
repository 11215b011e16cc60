import { type Awaitable, andThen, isPromiseLike, withDeadline } from '../base/awaitable.js';
import type { Disposable } from '../base/disposable.js';
import { messageOf, UserError } from '../base/errors.js';
import type { Identity } from './identity.js';
import type { AuthenticationSource, Secret, SourceKind } from './source.js';

/** How long a source has for an answer, ms. */
export const ANSWER_TIME = 10_000;

/** A source of users threw, did not answer in time, or gave what is no answer. */
export class SourceError extends UserError {
  constructor(name: string, problem: string) {
    super(`the source of users "${name}" failed: ${problem}`);
  }
}

/** A source as it is asked: each answer in its time, what is wrong with it told by its name. */
export class AskedSource implements Disposable {
  readonly #source: AuthenticationSource;
  /** What is waited for. */
  readonly #open = new Set<(error: Error) => void>();

  /** @throws {UserError} if the source lacks what its kinds promise. */
  constructor(source: AuthenticationSource) {
    checkKinds(source);
    this.#source = source;
  }

  get name(): string {
    return this.#source.name;
  }

  get kinds(): ReadonlySet<SourceKind> {
    return this.#source.kinds;
  }

  get decoys(): readonly Secret[] | undefined {
    return this.#source.decoys;
  }

  get groups(): ReadonlySet<string> | undefined {
    return this.#source.groups;
  }

  /** Whether a user of it may have a quota. */
  get quotas(): boolean {
    return this.#source.quotas === true;
  }

  /** Calls back when its users may be others than before, until the result is disposed. */
  onDidChange(listener: () => void): Disposable | undefined {
    return this.#source.onDidChange?.(listener);
  }

  /** Whether it can say who its users are. */
  get tellsUsers(): boolean {
    return this.#source.identify !== undefined || this.#source.find !== undefined;
  }

  /** The secrets of a user, none if it finds no such user. @throws {SourceError} */
  find(user: string): Awaitable<readonly Secret[]> {
    return this.#ask(() => this.#source.find?.(user), toSecrets);
  }

  /**
   * Who a user is, as it says without a password: as it identifies its users, or as it finds them;
   * undefined as well where it does neither.
   *
   * @throws {SourceError}
   */
  identify(user: string): Awaitable<Identity | undefined> {
    if (this.#source.identify === undefined) {
      return andThen(this.find(user), ([secret]) => secret && identityBy(user, secret));
    }
    return this.#ask(
      () => this.#source.identify?.(user),
      (answer) => toIdentity(answer, user),
    );
  }

  /** Who a user with a password is, if it takes it. @throws {SourceError} which does not show it. */
  verify(user: string, password: Uint8Array, client: string): Awaitable<Identity | undefined> {
    const late = new AbortController();
    return this.#ask(
      () => this.#source.verify?.(user, password, { client, signal: late.signal }),
      (answer) => {
        const identity = toIdentity(answer, user);
        return identity && !this.tellsUsers ? { ...identity, unlisted: true } : identity;
      },
      { password, late },
    );
  }

  /** The server's own secret, if it has it. @throws {SourceError} */
  serverSecret(): Uint8Array | undefined {
    try {
      return this.#source.serverSecret?.();
    } catch (error) {
      throw new SourceError(this.name, messageOf(error));
    }
  }

  /** Waits for nothing any more, since the source is being closed: what is open has failed. */
  dispose(): void {
    for (const fail of [...this.#open]) fail(new Error('it was closed meanwhile'));
  }

  #ask<T>(
    question: () => unknown,
    read: (answer: unknown) => T,
    hidden: Hidden = {},
  ): Awaitable<T> {
    const { password, late } = hidden;
    const fail = (error: unknown): never => {
      const problem = messageOf(error);
      const told = password !== undefined && shows(problem, password);
      throw new SourceError(this.name, told ? 'its message, not shown, has the password' : problem);
    };
    try {
      const answer = question();
      if (!isPromiseLike(answer)) return read(answer);
      return this.#inTime(answer, late).then(read).catch(fail);
    } catch (error) {
      return fail(error);
    }
  }

  async #inTime(answer: PromiseLike<unknown>, late?: AbortController): Promise<unknown> {
    let fail: (error: Error) => void = () => {};
    const open = new Promise<unknown>((resolve, reject) => {
      fail = (error) => {
        late?.abort(error);
        reject(error);
      };
      answer.then(resolve, reject);
    });
    this.#open.add(fail);
    const time = this.#source.answerTime ?? ANSWER_TIME;
    const overdue = () => {
      const error = new Error(`it did not answer within ${time / 1000} s`);
      late?.abort(error);
      return error;
    };
    try {
      return await withDeadline(open, time, overdue);
    } finally {
      this.#open.delete(fail);
    }
  }
}

interface Hidden {
  /** What no message may show. */
  readonly password?: Uint8Array;
  /** Aborted when the answer is not waited for any more. */
  readonly late?: AbortController;
}

/** @throws {UserError} if a source lacks what its kinds promise. */
export function checkKinds({ name, kinds, find, verify }: AuthenticationSource): void {
  const fail = (problem: string) => {
    throw new UserError(`the source of users "${name}" cannot be used: ${problem}`);
  };
  if (typeof kinds?.has !== 'function') fail('its kinds are no set of plain, crypt and password');
  if (kinds.has('password') && verify === undefined) {
    fail('its kind is password, and it has no verify()');
  }
  if ((kinds.has('plain') || kinds.has('crypt')) && find === undefined) {
    fail('its kinds are secrets, and it has no find()');
  }
}

function toSecrets(answer: unknown): readonly Secret[] {
  if (answer === undefined || answer === null) return [];
  if (!Array.isArray(answer)) throw new Error(`it found a ${typeof answer}, not a list of secrets`);
  return answer;
}

/** @param user whose name it is if the answer has none. */
function toIdentity(answer: unknown, user: string): Identity | undefined {
  if (answer === undefined || answer === null) return undefined;
  if (typeof answer !== 'object') throw new Error(`it gave a ${typeof answer}, not an identity`);
  const { user: name, group, account } = answer as Partial<Identity>;
  return { user: name ?? user, group, ...(account && { account }) };
}

/** Who a user is that has a secret. */
export function identityBy(user: string, { group, account }: Secret): Identity {
  return { user, group, ...(account && { account }) };
}

/** Whether a text shows a password, as text or in one of the ways in which octets are written. */
function shows(text: string, password: Uint8Array): boolean {
  const octets = Buffer.from(password);
  const encodings = ['utf8', 'latin1', 'base64', 'base64url', 'hex'] as const;
  const written = encodings.map((encoding) => octets.toString(encoding));
  return [...written, octets.join(',')].some((form) => form !== '' && text.includes(form));
}
