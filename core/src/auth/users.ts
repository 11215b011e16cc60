import { createHmac, randomBytes } from 'node:crypto';
import { type Awaitable, andThen } from '../base/awaitable.js';
import { type Disposable, DisposableStore } from '../base/disposable.js';
import { AskedSource } from './asking.js';
import { parseHash } from './crypt/formats.js';
import type { Identity } from './identity.js';
import type { AuthenticationSource, Secret, SourceKind } from './source.js';

type Kind = Secret['kind'];

/** What stands for users' passwords, which all take as long to compare. */
const PLAIN_DECOY: Secret = { kind: 'plain', password: randomBytes(16), group: undefined };
/** What stands for hashes of which none was seen yet: as `picosocks5 user` makes them. */
const CRYPT_DECOY: Secret = {
  kind: 'crypt',
  hash: `$6$0123456789abcdef$${'.'.repeat(86)}`,
  group: undefined,
};

/** All users of all sources, in the order in which the sources were given. */
export class Users implements Disposable {
  /** Tells them from users of other sources, who may have the same names. */
  readonly realm: string;
  readonly sources: readonly AskedSource[];
  /** The first hash that was found in each source that names no decoys. */
  readonly #seen = new Map<AskedSource, Secret>();
  readonly #decoyKey = randomBytes(16);

  /** @throws {UserError} if a source lacks what its kinds promise. */
  constructor(sources: readonly AuthenticationSource[], realm = '') {
    this.realm = realm;
    this.sources = sources.map((source) => new AskedSource(source));
  }

  /** Whether any source was given at all: then nobody is anonymous by default. */
  get configured(): boolean {
    return this.sources.length > 0;
  }

  /** The sources' names, for messages. */
  get names(): readonly string[] {
    return this.sources.map(({ name }) => name);
  }

  /** Whether a source has logins checked by something. */
  has(kind: SourceKind): boolean {
    return this.sources.some(({ kinds }) => kinds.has(kind));
  }

  /**
   * The first secret of a user, in the order of the sources, that is of a kind.
   *
   * @throws {SourceError} if a source fails: those after it are not asked.
   */
  secret(user: string, kind?: Kind): Awaitable<Secret | undefined> {
    if (user === '') return undefined;
    return firstOf(this.sources, (source) => this.secretBy(source, user, kind));
  }

  /** The first secret of a user that one of the sources finds. @throws {SourceError} if it fails. */
  secretBy(source: AskedSource, user: string, kind?: Kind): Awaitable<Secret | undefined> {
    const { kinds } = source;
    const finds = kind === undefined ? kinds.has('plain') || kinds.has('crypt') : kinds.has(kind);
    if (!finds) return undefined;
    return andThen(source.find(user), (secrets) => {
      const secret = kind === undefined ? secrets[0] : secrets.find((each) => each.kind === kind);
      if (secret?.kind === 'crypt' && source.decoys === undefined) this.#learn(source, secret);
      return secret;
    });
  }

  /**
   * Who a user is, as the first source says that knows the user.
   *
   * @throws {SourceError} if a source fails: those after it are not asked.
   */
  identify(user: string): Awaitable<Identity | undefined> {
    if (user === '') return undefined;
    return firstOf(this.sources, (source) => source.identify(user));
  }

  /** Whether all sources can say who their users are: whom they do not identify is no user. */
  get tellUsers(): boolean {
    return this.sources.every(({ tellsUsers }) => tellsUsers);
  }

  /** The sources of which a user may have a quota. */
  get withQuotas(): readonly string[] {
    return this.sources.filter(({ quotas }) => quotas).map(({ name }) => name);
  }

  /** Calls back when users may be others than before, until the result is disposed. */
  onDidChange(listener: () => void): Disposable {
    const store = new DisposableStore();
    for (const source of this.sources) {
      const watching = source.onDidChange(listener);
      if (watching !== undefined) store.add(watching);
    }
    return store;
  }

  /** All groups that users have; undefined if a source cannot say. */
  groups(): ReadonlySet<string> | undefined {
    const all = new Set<string>();
    for (const { groups } of this.sources) {
      if (groups === undefined) return undefined;
      for (const group of groups) all.add(group);
    }
    return all;
  }

  /** The server's own secret, as octets. @throws {SourceError} if a source fails. */
  serverSecret(): Uint8Array | undefined {
    for (const source of this.sources) {
      const secret = source.serverSecret();
      if (secret !== undefined) return secret;
    }
    return undefined;
  }

  /**
   * A secret for a user who does not exist, always the same one for a name: checking it takes as
   * long as for a user who does.
   *
   * @param kind undefined: what passwords are compared with, by sources that do not verify them.
   */
  decoy(user: string, kind?: Kind): Secret | undefined {
    const decoys = this.sources.flatMap((source) => this.#decoysOf(source, kind));
    if (decoys.length === 0) return undefined;
    const digest = createHmac('sha256', this.#decoyKey).update(user).digest();
    return decoys[digest.readUInt32BE(0) % decoys.length];
  }

  /** Waits for no answer any more: the sources, which are not its own, are being closed. */
  dispose(): void {
    for (const source of this.sources) source.dispose();
  }

  /** Takes a hash for what the hashes of a source cost, if it is one and the first. */
  #learn(source: AskedSource, { hash }: Extract<Secret, { kind: 'crypt' }>): void {
    if (this.#seen.has(source)) return;
    try {
      parseHash(hash);
    } catch {
      return;
    }
    this.#seen.set(source, { kind: 'crypt', hash, group: undefined });
  }

  #decoysOf(source: AskedSource, kind: Kind | undefined): readonly Secret[] {
    const { kinds, decoys } = source;
    if (kind === undefined && kinds.has('password')) return [];
    const seen = [PLAIN_DECOY, this.#seen.get(source) ?? CRYPT_DECOY];
    const all = decoys ?? seen.filter((secret) => kinds.has(secret.kind));
    return kind === undefined ? all : all.filter((secret) => secret.kind === kind);
  }
}

/** What the first has to say that says anything: nobody after it is asked. */
function firstOf<S, T>(
  asked: readonly S[],
  question: (one: S) => Awaitable<T | undefined>,
): Awaitable<T | undefined> {
  for (const [i, one] of asked.entries()) {
    const answer = question(one);
    if (answer instanceof Promise) {
      return answer.then((found) => found ?? firstOf(asked.slice(i + 1), question));
    }
    if (answer !== undefined) return answer;
  }
  return undefined;
}
