import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { join } from 'node:path';
import { type Disposable, Sequence, UserError } from 'picosocks5';
import type {
  LogState,
  NewRemote,
  RemoteChange,
  RemoteItem,
  ServersState,
  TrafficSample,
} from '../ipc/contract.js';
import { readCertificate } from '../settings/certificate.js';
import type { Keychain } from '../users/keychain.js';
import { text } from '../words/words.js';
import { checkRemote, normalRemote } from './checks.js';
import { type RemoteOptions, RemoteServer, type ShownState } from './remoteserver.js';
import { readServers, type StoredServer, writeServers } from './store.js';

/** How long one that was removed can be restored, ms. */
const UNDO_TIME = 60_000;
/** How many there can be. */
const MAX_SERVERS = 100;

interface Entry {
  readonly id: string;
  readonly remote: RemoteServer;
  hasToken: boolean;
}

interface Removed {
  readonly stored: StoredServer;
  /** Its place in the list. */
  readonly at: number;
  readonly token: string | undefined;
  readonly timer: NodeJS.Timeout;
}

/** The account of a server's token in the keychain: no user's name has a colon. */
function accountOf(id: string): string {
  return `server:${id}`;
}

export interface ServersOptions extends Omit<RemoteOptions, 'token'> {
  /** Told, in a sentence, that some of the file cannot be used. */
  readonly warn?: (message: string) => void;
}

/**
 * Servers elsewhere, and which one the window shows; in a file, their tokens in the keychain. To each
 * one that is wanted there is a link, whichever is shown. Changes wait for each other.
 *
 * Emits `state` when the list is another, `switched` when the window shows another server, and
 * `shown` and `sample` with what it shows of one elsewhere.
 */
export class Servers
  extends EventEmitter<{
    state: [state: ServersState];
    switched: [];
    shown: [Partial<ShownState>];
    sample: [TrafficSample];
    log: [LogState];
  }>
  implements Disposable
{
  readonly #file: string;
  readonly #keychain: Pick<Keychain, 'get' | 'set' | 'delete'>;
  readonly #options: Omit<RemoteOptions, 'token'>;
  readonly #entries: Entry[] = [];
  readonly #removed = new Map<string, Removed>();
  /** Files that the user has chosen. */
  readonly #chosen = new Set<string>();
  /** Those to which there is to be a link when the app starts. */
  readonly #wanted: ReadonlySet<string>;
  readonly #changes = new Sequence();
  #shown: Entry | undefined;

  /** @param folder where its file is. */
  constructor(
    folder: string,
    keychain: Pick<Keychain, 'get' | 'set' | 'delete'>,
    { warn = () => {}, ...options }: ServersOptions = {},
  ) {
    super();
    this.#file = join(folder, 'servers.json');
    this.#keychain = keychain;
    this.#options = options;
    const servers = readServers(this.#file, () => {
      warn(text('servers.damaged', { file: this.#file }));
    });
    for (const server of servers) this.#enter(server);
    this.#wanted = new Set(servers.filter(({ wanted }) => wanted).map(({ id }) => id));
  }

  get state(): ServersState {
    const servers = this.#entries.map(({ id, remote, hasToken }): RemoteItem => {
      return { id, ...remote.settings, ...remote.state, hasToken };
    });
    return { servers, shown: this.#shown?.id ?? '' };
  }

  /** The one that the window shows; undefined: that of this computer. */
  get shown(): RemoteServer | undefined {
    return this.#shown?.remote;
  }

  /** Makes links to those that had one when the app ended. */
  start(): void {
    for (const { id, remote } of this.#entries) if (this.#wanted.has(id)) remote.connect();
  }

  /** Takes a file of certificates to trust, as the user has chosen it. @throws {UserError} */
  choose(file: string): void {
    readCertificate(file);
    this.#chosen.add(file);
  }

  /** @throws {UserError} if something of it cannot be used; {@link KeychainError}. */
  add({ token, ...typed }: NewRemote): Promise<void> {
    return this.#next(async () => {
      const settings = normalRemote(typed);
      checkRemote(settings, token);
      this.#demandFree(settings.name);
      this.#demandChosen(settings.ca);
      if (this.#entries.length >= MAX_SERVERS) {
        throw new UserError(text('servers.tooMany', { max: MAX_SERVERS }));
      }
      const stored = { id: randomUUID(), settings, hasToken: token !== '', wanted: true };
      if (token !== '') await this.#keychain.set(accountOf(stored.id), token);
      try {
        await writeServers(this.#file, [...this.#stored(), stored]);
      } catch (error) {
        if (token !== '') await this.#keychain.delete(accountOf(stored.id)).catch(() => {});
        throw error;
      }
      this.#enter(stored).remote.connect();
      this.#told();
    });
  }

  /** A link that there is is made anew. @throws as `add()` does. */
  update({ id, settings: typed, token }: RemoteChange): Promise<void> {
    return this.#next(async () => {
      const entry = this.#find(id);
      const before = entry.remote.settings;
      const settings = normalRemote(typed);
      checkRemote(settings, token ?? (entry.hasToken ? undefined : ''));
      if (settings.name !== before.name) this.#demandFree(settings.name);
      if (settings.ca !== before.ca) this.#demandChosen(settings.ca);
      if (token !== undefined && token !== '') {
        await this.#keychain.set(accountOf(id), token);
        entry.hasToken = true;
      }
      const all = this.#stored().map((one) => (one.id === id ? { ...one, settings } : one));
      await writeServers(this.#file, all);
      entry.remote.use(settings);
      this.#told();
    });
  }

  /** Removes one with its token; `restore()` brings both back for a while. @throws {UserError} */
  remove(id: string): Promise<void> {
    return this.#next(async () => {
      const entry = this.#find(id);
      const account = accountOf(id);
      const token = entry.hasToken ? await this.#keychain.get(account) : undefined;
      const stored = this.#storedOf(entry);
      await writeServers(
        this.#file,
        this.#stored().filter((one) => one.id !== id),
      );
      if (entry.hasToken) await this.#keychain.delete(account);
      if (this.#shown === entry) this.show('');
      entry.remote.disconnect();
      entry.remote.removeAllListeners();
      const at = this.#entries.indexOf(entry);
      this.#entries.splice(at, 1);
      const timer = setTimeout(() => this.#removed.delete(id), UNDO_TIME).unref();
      this.#removed.set(id, { stored, at, token, timer });
      this.#told();
    });
  }

  /** @throws {UserError} if it was not removed, or too long ago. */
  restore(id: string): Promise<void> {
    return this.#next(async () => {
      const removed = this.#removed.get(id);
      if (removed === undefined) throw new UserError(text('servers.restoredLate'));
      const { stored, at, token, timer } = removed;
      this.#demandFree(stored.settings.name);
      if (token !== undefined) await this.#keychain.set(accountOf(id), token);
      await writeServers(this.#file, this.#stored().toSpliced(at, 0, stored));
      clearTimeout(timer);
      this.#removed.delete(id);
      const { remote } = this.#enter(stored, at);
      if (stored.wanted) remote.connect();
      this.#told();
    });
  }

  /** Makes a link to one, and keeps one. @throws {UserError} */
  async connect(id: string): Promise<void> {
    this.#find(id).remote.connect();
    await this.#keep();
  }

  /** @throws {UserError} */
  async disconnect(id: string): Promise<void> {
    this.#find(id).remote.disconnect();
    await this.#keep();
  }

  /** Has the window show one, for an empty id that of this computer. @throws {UserError} */
  show(id: string): void {
    const entry = id === '' ? undefined : this.#find(id);
    if (entry === this.#shown) return;
    this.#shown?.remote.hide();
    this.#shown = entry;
    entry?.remote.show();
    if (entry !== undefined && !entry.remote.isWanted) void this.connect(entry.id).catch(() => {});
    this.emit('switched');
    this.#told();
  }

  /** Has one read its configuration again. @returns what it warns of. @throws {UserError} */
  reload(id: string): Promise<readonly string[]> {
    return this.#find(id).remote.reload();
  }

  /** Ends all links. */
  dispose(): void {
    for (const { remote } of this.#entries) {
      remote.removeAllListeners();
      remote.disconnect();
    }
    for (const { timer } of this.#removed.values()) clearTimeout(timer);
    this.#removed.clear();
  }

  #next<T>(action: () => Promise<T>): Promise<T> {
    return this.#changes.run(action);
  }

  /** @param at its place in the list. */
  #enter({ id, settings, hasToken }: StoredServer, at = this.#entries.length): Entry {
    const token = async () =>
      entry.hasToken ? await this.#keychain.get(accountOf(id)) : undefined;
    const remote = new RemoteServer(settings, { ...this.#options, token });
    const entry: Entry = { id, remote, hasToken };
    remote.on('state', () => this.#told());
    remote.on('shown', (parts) => this.emit('shown', parts));
    remote.on('sample', (sample) => this.emit('sample', sample));
    remote.on('log', (state) => this.emit('log', state));
    this.#entries.splice(at, 0, entry);
    return entry;
  }

  #find(id: string): Entry {
    const entry = this.#entries.find((candidate) => candidate.id === id);
    if (entry === undefined) throw new UserError(text('servers.gone'));
    return entry;
  }

  #demandFree(name: string): void {
    if (!this.#entries.some(({ remote }) => remote.settings.name === name)) return;
    throw new UserError(text('servers.taken', { name }));
  }

  #demandChosen(file: string): void {
    if (file !== '' && !this.#chosen.has(file)) {
      throw new UserError(text('servers.chosenInDialog'));
    }
  }

  #storedOf({ id, remote, hasToken }: Entry): StoredServer {
    return { id, settings: remote.settings, hasToken, wanted: remote.isWanted };
  }

  #stored(): StoredServer[] {
    return this.#entries.map((entry) => this.#storedOf(entry));
  }

  #keep(): Promise<void> {
    return this.#next(() => writeServers(this.#file, this.#stored()));
  }

  #told(): void {
    this.emit('state', this.state);
  }
}
