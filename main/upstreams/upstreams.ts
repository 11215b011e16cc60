import { EventEmitter } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { type Disposable, messageOf, Sequence, type ServerOptions, UserError } from 'picosocks5';
import {
  formatVia,
  type NewUpstream,
  partsOfVia,
  type Upstream,
  type UpstreamChange,
  type UpstreamSettings,
  type UpstreamsState,
} from '../ipc/contract.js';
import { readCertificate } from '../settings/certificate.js';
import type { Keychain } from '../users/keychain.js';
import { KeychainError } from '../users/keychainerror.js';
import { type Lock, Retry } from '../users/retry.js';
import type { RetryOptions } from '../users/users.js';
import { text } from '../words/words.js';
import { checkUpstream, checkUpstreamPassword, optionsOf, trimmed } from './checks.js';

/** How long a deleted upstream can be restored, ms. */
const UNDO_TIME = 60_000;

/** Where upstreams without their passwords are kept, and the rules that lead to them. */
export interface UpstreamStore {
  readonly upstreams: readonly UpstreamSettings[];
  /** All rules that lead to them, whether they are in force now or in a profile. */
  readonly routes: readonly string[];
  /**
   * @param renamed what a rule is from now on.
   * @throws {UserError} if they cannot be kept; nothing is changed then.
   */
  keepUpstreams(upstreams: readonly UpstreamSettings[], renamed?: (rule: string) => string): void;
}

interface Deleted {
  readonly upstream: UpstreamSettings;
  /** Its place among all. */
  readonly at: number;
  readonly password: string | undefined;
  readonly timer: NodeJS.Timeout;
}

/** The account of an upstream in the keychain: no user's name has a colon. */
export function accountOfUpstream(name: string): string {
  return `upstream:${name}`;
}

/**
 * The servers that connections go through: in the settings, their passwords in the keychain beside
 * those of users. Emits `change` when the server has to take them anew, and `state` when what is
 * shown of them is another. Changes wait for each other.
 */
export class DesktopUpstreams
  extends EventEmitter<{ change: []; state: [] }>
  implements Disposable
{
  readonly #store: UpstreamStore;
  readonly #keychain: Keychain;
  /** By their names, as far as the keychain has told. */
  #passwords = new Map<string, string>();
  /** Whether it has told of all of them. */
  #isRead = false;
  #problem: string | undefined;
  /** The reading of the keychain that is under way. */
  #reading: Promise<void> | undefined;
  /** Files that the user has chosen. */
  readonly #chosen = new Set<string>();
  readonly #retry: Retry;
  readonly #deleted = new Map<string, Deleted>();
  readonly #changes = new Sequence();

  constructor(
    store: UpstreamStore,
    keychain: Keychain,
    { look = async (): Promise<Lock> => 'unknown', first }: RetryOptions = {},
  ) {
    super();
    this.#store = store;
    this.#keychain = keychain;
    this.#retry = new Retry(look, () => this.refresh(), first);
  }

  /** Why the keychain cannot be used now. */
  get problem(): string | undefined {
    return this.#problem;
  }

  get state(): UpstreamsState {
    const upstreams = this.#store.upstreams.map((upstream): Upstream => {
      const has = this.#passwords.has(upstream.name);
      const isUnknown = this.#problem !== undefined && this.#isUnknown(upstream);
      return { ...upstream, password: isUnknown ? 'unknown' : has ? 'set' : 'none' };
    });
    return { upstreams, keychainProblem: this.#problem };
  }

  /**
   * Those that rules lead to, as the server has them, with their passwords; a server that is given
   * others tells that they are not in force.
   */
  options(via: readonly string[]): NonNullable<ServerOptions['upstreams']> {
    const used = new Set<string>();
    const use = (name: string) => {
      const upstream = this.#store.upstreams.find((candidate) => candidate.name === name);
      if (upstream === undefined || used.has(name)) return;
      used.add(name);
      use(upstream.through);
    };
    for (const rule of via) for (const way of partsOfVia(rule).ways) use(way);
    return Object.fromEntries(
      this.#store.upstreams
        .filter(({ name }) => used.has(name))
        .map((upstream) => [upstream.name, this.#optionsOf(upstream)]),
    );
  }

  /** Who would log in with a password that is not known would be taken for somebody who guesses. */
  #optionsOf(upstream: UpstreamSettings) {
    const login = this.#isUnknown(upstream) ? { ...upstream, user: '' } : upstream;
    return optionsOf(login, this.#passwords.get(upstream.name));
  }

  #isUnknown({ name, user }: UpstreamSettings): boolean {
    return user !== '' && !this.#isRead && !this.#passwords.has(name);
  }

  /** Looks into the keychain again, if it is needed at all. Never throws: the state says why not. */
  refresh(): Promise<void> {
    const reading = this.#next(async () => {
      await this.#read();
      this.emit(this.#store.upstreams.length > 0 ? 'change' : 'state');
    }).finally(() => {
      if (this.#reading === reading) this.#reading = undefined;
    });
    this.#reading = reading;
    return reading;
  }

  /**
   * Waits for the keychain while it is read and a password is not known yet.
   *
   * @param limit how long at most, ms.
   */
  async settled(limit: number): Promise<void> {
    const isUnknown = this.#store.upstreams.some((upstream) => this.#isUnknown(upstream));
    if (this.#reading === undefined || !isUnknown) return;
    const late = new AbortController();
    const { signal } = late;
    await Promise.race([this.#reading, delay(limit, undefined, { signal }).catch(() => {})]);
    late.abort();
  }

  /** Takes a file of certificates to trust, as the user has chosen it. @throws {UserError} */
  choose(file: string): void {
    readCertificate(file);
    this.#chosen.add(file);
  }

  /** @throws {UserError} if something of it cannot be used; {@link KeychainError}. */
  add({ password, ...typed }: NewUpstream): Promise<void> {
    return this.#next(async () => {
      const upstream = trimmed(typed);
      const { name } = upstream;
      this.#demandFree(name);
      this.#demandChosen(upstream.tlsCa);
      const all = [...this.#store.upstreams, upstream];
      checkUpstream(upstream, all);
      checkUpstreamPassword(upstream, password);
      if (password !== '') await this.#set(name, password);
      await this.#keep(all, undefined, () => this.#forgetPassword(upstream));
      this.#forgetDeleted(name);
    });
  }

  /** Rules and other upstreams that lead to it follow its name. @throws as `add()` does. */
  update({ name, settings: typed, password: given }: UpstreamChange): Promise<void> {
    return this.#next(async () => {
      const before = this.#find(name);
      const upstream = trimmed(typed);
      if (upstream.name !== name) this.#demandFree(upstream.name);
      if (upstream.tlsCa !== before.tlsCa) this.#demandChosen(upstream.tlsCa);
      const all = this.#store.upstreams.map((other) => {
        if (other === before) return upstream;
        return other.through === name ? { ...other, through: upstream.name } : other;
      });
      checkUpstream(upstream, all);
      checkUpstreamPassword(upstream, given ?? '');
      const isRenamed = upstream.name !== name;
      const kept = isRenamed && upstream.user !== '' ? await this.#get(name) : undefined;
      const password = given ?? kept;
      const old = isRenamed ? undefined : this.#passwords.get(name);
      if (password !== undefined) await this.#set(upstream.name, password);
      const renamed = (rule: string) => renamedWay(rule, name, upstream.name);
      await this.#keep(all, renamed, async () => {
        if (old !== undefined) await this.#set(name, old);
        else await this.#forgetPassword(upstream);
      });
      if (isRenamed || upstream.user === '') await this.#forgetPassword(before);
    });
  }

  /**
   * Deletes one and its password; `restore()` brings both back for a while.
   *
   * @throws {UserError} if a rule or another one leads to it.
   */
  delete(name: string): Promise<void> {
    return this.#next(async () => {
      const upstream = this.#find(name);
      this.#demandUnused(name);
      const password = this.#passwords.get(name);
      await this.#forgetPassword(upstream);
      const at = this.#store.upstreams.indexOf(upstream);
      const others = this.#store.upstreams.filter((other) => other !== upstream);
      await this.#keep(others, undefined, async () => {
        if (password !== undefined) await this.#set(name, password);
      });
      const timer = setTimeout(() => this.#deleted.delete(name), UNDO_TIME).unref();
      this.#deleted.set(name, { upstream, at, password, timer });
    });
  }

  /** @throws {UserError} if it was not deleted, or too long ago. */
  restore(name: string): Promise<void> {
    return this.#next(async () => {
      const deleted = this.#deleted.get(name);
      if (deleted === undefined) throw new UserError(text('server.upstreamNotRestored', { name }));
      const { upstream, at, password } = deleted;
      this.#demandFree(name);
      const all = this.#store.upstreams.toSpliced(at, 0, upstream);
      checkUpstream(upstream, all);
      if (password !== undefined) await this.#set(name, password);
      await this.#keep(all, undefined, () => this.#forgetPassword(upstream));
      this.#forgetDeleted(name);
    });
  }

  /** Looks at the keychain no more, and forgets what was deleted. */
  dispose(): void {
    this.#retry.end();
    for (const { timer } of this.#deleted.values()) clearTimeout(timer);
    this.#deleted.clear();
  }

  #next<T>(action: () => Promise<T>): Promise<T> {
    return this.#changes.run(action);
  }

  #find(name: string): UpstreamSettings {
    const upstream = this.#store.upstreams.find((candidate) => candidate.name === name);
    if (upstream === undefined) throw new UserError(text('server.upstreamUnknown', { name }));
    return upstream;
  }

  #demandFree(name: string): void {
    if (!this.#store.upstreams.some((other) => other.name === name)) return;
    throw new UserError(text('server.upstreamTaken', { name }));
  }

  #demandChosen(file: string): void {
    if (file !== '' && !this.#chosen.has(file)) {
      throw new UserError(text('server.fileByDialog'));
    }
  }

  #demandUnused(name: string): void {
    const rule = this.#store.routes.find((text) => partsOfVia(text).ways.includes(name));
    if (rule !== undefined) {
      throw new UserError(text('server.upstreamOfRoute', { rule, name }));
    }
    const other = this.#store.upstreams.find(({ through }) => through === name);
    if (other === undefined) return;
    throw new UserError(text('server.upstreamOfOther', { other: other.name, name }));
  }

  /** @param undo what puts the keychain back as it was, if they cannot be kept. */
  async #keep(
    upstreams: readonly UpstreamSettings[],
    renamed: ((rule: string) => string) | undefined,
    undo: () => Promise<void>,
  ): Promise<void> {
    try {
      this.#store.keepUpstreams(upstreams, renamed);
    } catch (error) {
      await undo().catch(() => {});
      throw error;
    }
    this.emit('change');
  }

  #forgetDeleted(name: string): void {
    clearTimeout(this.#deleted.get(name)?.timer);
    this.#deleted.delete(name);
  }

  async #get(name: string): Promise<string | undefined> {
    return (
      this.#passwords.get(name) ?? this.#watch(() => this.#keychain.get(accountOfUpstream(name)))
    );
  }

  async #set(name: string, password: string): Promise<void> {
    await this.#watch(() => this.#keychain.set(accountOfUpstream(name), password));
    this.#passwords.set(name, password);
  }

  /** One that has no password, as far as is known, needs no keychain. */
  async #forgetPassword({ name, user }: UpstreamSettings): Promise<void> {
    if (user === '' || (this.#isRead && !this.#passwords.has(name))) return;
    await this.#watch(() => this.#keychain.delete(accountOfUpstream(name)));
    this.#passwords.delete(name);
  }

  /** Notes whether the keychain can be used. */
  async #watch<T>(action: () => Promise<T>): Promise<T> {
    try {
      const result = await action();
      if (this.#problem !== undefined) await this.#read();
      return result;
    } catch (error) {
      this.#failed(error);
      this.emit('state');
      throw error;
    }
  }

  async #read(): Promise<void> {
    const names = this.#store.upstreams.filter(({ user }) => user !== '').map(({ name }) => name);
    try {
      const found =
        names.length > 0 ? await this.#keychain.read(names.map(accountOfUpstream)) : new Map();
      const known = names.flatMap((name): [string, string][] => {
        const password: string | undefined = found.get(accountOfUpstream(name));
        return password === undefined ? [] : [[name, password]];
      });
      this.#passwords = new Map(known);
      this.#isRead = true;
      this.#solved();
    } catch (error) {
      this.#failed(error);
    }
  }

  #solved(): void {
    this.#problem = undefined;
    this.#retry.end();
  }

  #failed(error: unknown): void {
    this.#problem = messageOf(error);
    this.#retry.begin(!(error instanceof KeychainError && error.dismissed));
  }
}

/** A rule that leads through an upstream by its new name. */
function renamedWay(rule: string, before: string, after: string): string {
  const { destination, ways } = partsOfVia(rule);
  if (before === after || !ways.includes(before)) return rule;
  return formatVia({ destination, ways: ways.map((way) => (way === before ? after : way)) });
}
