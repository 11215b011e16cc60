import { EventEmitter } from 'node:events';
import { isDeepStrictEqual } from 'node:util';
import {
  createServer,
  type EventSink,
  type ExtensionInfo,
  formatAddress,
  messageOf,
  monotonic,
  Sequence,
  type Server,
  type ServerEvent,
  type ServerOptions,
  type ShownView,
  type Usage,
  UserError,
  type UserErrorCode,
} from 'picosocks5';
import type { DesktopExtensions } from '../extensions/extensions.js';
import {
  type InterfaceAddress,
  type LockedOut,
  type LockoutChoice,
  proxyUrl,
  type RouteAnswer,
  type RouteQuestion,
  type ServerStatus,
  type SettingKey,
  type SettingValues,
  type UpstreamTest,
} from '../ipc/contract.js';
import { descriptorOf } from '../settings/descriptors.js';
import { serverOptions } from '../settings/values.js';
import type { DesktopUpstreams } from '../upstreams/upstreams.js';
import { KEYCHAIN_SOURCE, useKeychain } from '../users/source.js';
import type { DesktopUsers } from '../users/users.js';
import { text } from '../words/words.js';
import type { ConnectionLog } from './connectionlog.js';
import {
  beyondLoopback,
  type Interfaces,
  interfaceAddresses,
  missingAddresses,
} from './endpoints.js';
import { freePortAfter } from './freeport.js';
import { LAN, type LanListener, lanFault, lanListener, openTo, reachedAt } from './lan.js';
import { askRoute, NOWHERE, tryUpstream } from './questions.js';
import type { Traffic } from './traffic.js';
import { desktopWords } from './words.js';

/** How long connections have to finish when the server is stopped, seconds. */
const GRACE = 0.5;

/** How long to wait before a server that should run is tried again, ms. */
const RETRY = 10_000;

/** How long the start waits for passwords of upstream servers at most, ms. */
const KEYCHAIN_TIME = 1000;

/** How long a login waits for a keychain at most, ms: it may be asking its user. */
const MAX_PATIENCE = 30_000;

/** Characters that are shown of what an extension answers. */
const MAX_ANSWER = 4000;

/** Errors that pass when a network comes back. */
const PASSING: ReadonlySet<UserErrorCode | undefined> = new Set(['address-missing', 'unresolved']);

interface Parts {
  readonly settings: { readonly values: SettingValues };
  readonly users: DesktopUsers;
  /** Servers that connections can go through: none, if it is left out. */
  readonly upstreams?: Pick<DesktopUpstreams, 'options' | 'settled'>;
  /** Extensions: none, if it is left out. */
  readonly extensions?: Pick<DesktopExtensions, 'options' | 'equip' | 'guarded'>;
  readonly log: ConnectionLog;
  readonly traffic: Traffic;
  /** Where what users have used of their quotas is kept; left out, it is forgotten at the end. */
  readonly quotaFile?: string;
  /** What else reads the server's events. */
  readonly sinks: readonly EventSink[];
  /** What the machine's interfaces are at present. */
  readonly interfaces: () => Interfaces;
}

/**
 * Runs the server as settings and users say. Starting, stopping and changing wait for each other.
 * Emits `status` whenever something about it has changed, and `view` when a view of an extension
 * shows something else.
 */
export class ServerController extends EventEmitter<{
  status: [status: ServerStatus];
  view: [id: string];
}> {
  readonly #parts: Parts;
  #server: Server | undefined;
  /** What was known of extensions when a server could not be started. */
  #failed: readonly ExtensionInfo[] = [];
  /** The settings that the running server has. */
  #active: SettingValues | undefined;
  #state: ServerStatus['state'] = 'stopped';
  /** What is wrong, in the language in force whenever it is asked. */
  #problem: (() => string) | undefined;
  #freePort: number | undefined;
  /** The listener for the local network that the running server has. */
  #lan: LanListener | undefined;
  /** Why that is not as the settings want it. */
  #lanError: unknown;
  #since: number | undefined;
  /** Whether the user wants it to run: then it comes back by itself. */
  #wanted = false;
  #retry: NodeJS.Timeout | undefined;
  readonly #changes = new Sequence();

  constructor(parts: Parts) {
    super();
    this.#parts = parts;
  }

  get status(): ServerStatus {
    const listening = this.#server?.addresses ?? [];
    const listeners = this.#server?.listeners ?? [];
    const { values } = this.#parts.settings;
    const inForce = this.#active ?? values;
    const endpoints = reachedAt(listeners, this.#addresses, this.#lan);
    const authentication = this.#parts.users.any && !inForce.anonymous;
    return {
      state: this.#state,
      problem: this.#problem?.(),
      freePort: this.#freePort,
      listening: listening.map(formatAddress),
      endpoints,
      url: endpoints[0] && proxyUrl(endpoints[0], authentication),
      authentication,
      http: inForce.http,
      exposed: authentication ? [] : beyondLoopback(openTo(listeners)),
      lanFault: this.#lanError === undefined ? undefined : lanFault(this.#lanError),
      pending: this.#pending(),
      since: this.#since,
    };
  }

  /** Where clients come in. */
  get ports(): readonly number[] {
    return [...new Set(this.#server?.addresses.map(({ port }) => port))];
  }

  get connections() {
    return this.#server?.connections() ?? [];
  }

  /** What users with limits have used, by `user NAME`. */
  get usage(): Readonly<Record<string, Usage>> {
    return this.#server?.usage() ?? {};
  }

  /** Who may not log in for a while. */
  get lockouts(): LockedOut[] {
    return (this.#server?.lockouts() ?? []).map(({ user, address, left }) => ({
      ...(user === undefined ? {} : { user }),
      address,
      until: Date.now() + left,
    }));
  }

  /** Lets somebody log in again. */
  lift(whom: LockoutChoice): void {
    this.#server?.liftLockouts(whom);
  }

  /** The extensions as the server sees them. */
  get extensions(): readonly ExtensionInfo[] {
    return this.#server?.extensions ?? this.#failed;
  }

  /**
   * Activates an extension anew, with its present files.
   *
   * @throws {UserError} if it cannot be; the one before goes on.
   */
  renew(name: string): Promise<void> {
    return this.#next(async () => {
      await this.#server?.renewExtension(name);
      this.#tell();
    });
  }

  /**
   * Runs a command of an extension.
   *
   * @returns what it has to say.
   * @throws {UserError} if the server does not run, or the command fails.
   */
  async runCommand(id: string, ...args: string[]): Promise<string | undefined> {
    return wordsOf(await this.#running.runCommand(id, ...args));
  }

  /** What a view of an extension shows; undefined if that is nothing. @throws {UserError} */
  async viewContent(id: string): Promise<ShownView | undefined> {
    return this.#server?.viewContent(id);
  }

  /** Hands over what was filled into a form of an extension. @throws {UserError} */
  async submitView(id: string, values: unknown): Promise<string | undefined> {
    return wordsOf(await this.#running.submitView(id, values));
  }

  /** @throws {UserError} if the server does not run. */
  get #running(): Server {
    if (this.#server === undefined) {
      throw new UserError(text('server.extensionsNeedServer'));
    }
    return this.#server;
  }

  /** @throws {UserError} with one sentence, if it cannot; the status says so as well. */
  start(): Promise<void> {
    this.#wanted = true;
    return this.#next(() => this.#start());
  }

  stop(): Promise<void> {
    this.#wanted = false;
    return this.#next(() => this.#stop());
  }

  /**
   * Gives the running server the settings that wait for it. Connections go on; if it cannot take
   * them, it runs on as it was.
   *
   * @throws {UserError} if it cannot.
   */
  restart(): Promise<void> {
    return this.#next(async () => {
      if (this.#server === undefined) await this.#start();
      else await this.#reload(this.#parts.settings.values);
    });
  }

  /**
   * Gives the running server users and those settings that need no restart.
   *
   * @throws {UserError} if it cannot take them; it runs on as it was.
   */
  apply(): Promise<void> {
    return this.#next(async () => {
      if (this.#server !== undefined && this.#active !== undefined) {
        await this.#reload(withoutRestart(this.#active, this.#parts.settings.values));
      }
      this.#tell();
    });
  }

  /**
   * Gives the running server users and all settings. Connections go on.
   *
   * @throws {UserError} if it cannot take them; it runs on as it was.
   */
  applyAll(): Promise<void> {
    return this.#next(async () => {
      if (this.#server !== undefined) await this.#reload(this.#parts.settings.values);
      this.#tell();
    });
  }

  /** Looks whether what the server needs of the network is there, and brings it back if it can. */
  async networkChanged(): Promise<void> {
    if (this.#wanted && this.#server === undefined) {
      await this.start().catch(() => {});
      return;
    }
    await this.#next(async () => {
      if (this.#server === undefined) return;
      // External addresses of interfaces, and those for the local network, may be others now.
      if (this.#active !== undefined) await this.#reload(this.#active);
      const missing = missingAddresses(this.#server.addresses, this.#addresses);
      this.#problem =
        missing.length === 0
          ? undefined
          : () => text('server.addressGone', { addresses: missing.join(', ') });
      this.#tell();
    }).catch((error: unknown) => this.#fail(error));
  }

  /**
   * Says which way a request would take: by what is in force, or would be if the server ran.
   *
   * @throws {UserError} if that cannot be said.
   */
  async check(question: RouteQuestion): Promise<RouteAnswer> {
    if (this.#server !== undefined) return askRoute(this.#server, question);
    const options = this.#options(this.#parts.settings.values);
    const server = createServer({ ...options, listen: NOWHERE });
    this.#equip(server);
    try {
      return await askRoute(server, question);
    } finally {
      await server.close();
    }
  }

  /** Tries an upstream server. */
  test(name: string): Promise<UpstreamTest> {
    return tryUpstream(name, this.#parts.upstreams?.options([name]) ?? {});
  }

  disconnect(ids: readonly number[]): void {
    for (const id of ids) {
      const serverId = this.#parts.log.serverId(id);
      if (serverId !== undefined) this.#server?.disconnect(serverId);
    }
  }

  /** The addresses of this machine at present. */
  get #addresses(): InterfaceAddress[] {
    return interfaceAddresses(this.#parts.interfaces());
  }

  #next<T>(action: () => Promise<T>): Promise<T> {
    return this.#changes.run(action);
  }

  async #start(): Promise<void> {
    if (this.#server !== undefined) return;
    clearTimeout(this.#retry);
    this.#enter('starting');
    await this.#parts.upstreams?.settled(KEYCHAIN_TIME);
    const { values } = this.#parts.settings;
    const listen = async (options: ServerOptions) => {
      const server = createServer(options);
      this.#equip(server);
      this.#listenTo(server);
      try {
        await server.listen();
      } catch (error) {
        this.#failed = server.extensions;
        throw error;
      }
      return server;
    };
    const start = () => this.#withLan(values, listen);
    try {
      this.#server = await (this.#parts.extensions?.guarded(start) ?? start());
      this.#failed = [];
    } catch (error) {
      const sentence = await this.#explain(error, values);
      this.#enter('error');
      this.#retryLater(error);
      throw new UserError(sentence);
    }
    this.#active = values;
    this.#problem = undefined;
    this.#freePort = undefined;
    this.#since = monotonic();
    this.#enter('running');
  }

  async #stop(): Promise<void> {
    clearTimeout(this.#retry);
    if (this.#server !== undefined) {
      this.#enter('stopping');
      await this.#server.close(GRACE);
    }
    this.#server = undefined;
    this.#active = undefined;
    this.#lan = undefined;
    this.#lanError = undefined;
    this.#since = undefined;
    this.#problem = undefined;
    this.#freePort = undefined;
    this.#enter('stopped');
  }

  async #reload(values: SettingValues): Promise<void> {
    try {
      await this.#withLan(values, (options) => this.#server?.reload(options));
    } catch (error) {
      const sentence = await this.#explain(error, values);
      this.#tell();
      throw new UserError(sentence);
    }
    this.#active = values;
    this.#problem = undefined;
    this.#freePort = undefined;
    this.#tell();
  }

  /**
   * Has a server take settings. What is wrong with its listener for the local network is noted, and
   * costs that listener and no more: programs of this computer go on. One that has become wrong
   * although it is wanted as it was, such as by a certificate that was renewed, stays as it is.
   *
   * @throws what the server throws for other reasons.
   */
  async #withLan<T>(
    values: SettingValues,
    take: (options: ServerOptions) => T | Promise<T>,
  ): Promise<T> {
    const options = this.#options(values);
    let lan: LanListener | undefined;
    let fault: unknown;
    try {
      lan = this.#wantedLan(values);
      if (lan !== undefined) {
        const taken = await take({ ...options, listeners: { [LAN]: lan.options } });
        this.#setLan(lan, undefined);
        return taken;
      }
    } catch (error) {
      fault = error;
      const isAsItWas = isDeepStrictEqual(lan?.options, this.#lan?.options);
      if (lan !== undefined && isAsItWas) throw error;
    }
    const taken = await take(options);
    this.#setLan(undefined, fault);
    return taken;
  }

  #wantedLan(values: SettingValues): LanListener | undefined {
    return lanListener(values, { hasUsers: this.#parts.users.any, addresses: this.#addresses });
  }

  #setLan(lan: LanListener | undefined, error: unknown): void {
    this.#lan = lan;
    this.#lanError = error;
  }

  /** Notes what went wrong, in a sentence, and a port that is free, where that helps. */
  async #explain(error: unknown, { port, listenAddress }: SettingValues): Promise<string> {
    const hosts = listenAddress.map((host) =>
      host === '*' ? '0.0.0.0' : host.replace(/[[\]]/g, ''),
    );
    const code = codeOf(error);
    const isElsewhere = code === 'address-in-use' || code === 'port-denied';
    const free = isElsewhere ? await freePortAfter(port, hosts) : undefined;
    const words = () => {
      const problem = desktopWords(error);
      return free === undefined
        ? problem
        : text('server.portFree', { problem, port: String(free) });
    };
    this.#freePort = free;
    this.#problem = words;
    return words();
  }

  #retryLater(error: unknown): void {
    if (!this.#wanted || !PASSING.has(codeOf(error))) return;
    this.#retry = setTimeout(() => {
      if (this.#wanted) this.start().catch(() => {});
    }, RETRY);
  }

  #fail(error: unknown): void {
    this.#problem = () => messageOf(error);
    this.#tell();
  }

  #options(values: SettingValues): ServerOptions {
    const { users, upstreams, quotaFile } = this.#parts;
    const auth = users.any ? [KEYCHAIN_SOURCE] : [];
    const quotas = users.any && quotaFile !== undefined ? { quotaFile } : {};
    const through = upstreams?.options(values.via) ?? {};
    const extensions = this.#parts.extensions?.options() ?? {};
    return { ...serverOptions(values), ...extensions, ...quotas, auth, upstreams: through };
  }

  /** Gives a server what it asks users and extensions by. */
  #equip(server: Server): void {
    useKeychain(server.registries, this.#parts.users, () => this.#patience);
    this.#parts.extensions?.equip(server);
  }

  /**
   * How long a login waits for the keychain, ms: its failure is to be told within the handshake, of
   * which a second is left for that, or half of it.
   */
  get #patience(): number {
    const { handshakeTimeout } = this.#active ?? this.#parts.settings.values;
    if (handshakeTimeout === 0) return MAX_PATIENCE;
    const time = handshakeTimeout * 1000;
    return Math.min(MAX_PATIENCE, 0.8 * time, Math.max(time / 2, time - 1000));
  }

  #listenTo(server: Server): void {
    const { log, traffic, sinks, users } = this.#parts;
    log.beginRun();
    server.onViewChange((id) => this.emit('view', id));
    const handle = (event: ServerEvent) => {
      const explained = users.explain(event);
      log.handle(explained);
      traffic.handle(explained);
    };
    const { eventSinks } = server.registries;
    eventSinks.register({ id: 'desktop', handle });
    for (const sink of sinks) {
      eventSinks.register({
        id: sink.id,
        wants: (type) => sink.wants?.(type) ?? true,
        handle: (event) => sink.handle(users.explain(event)),
      });
    }
  }

  #pending(): SettingKey[] {
    const active = this.#active;
    if (active === undefined) return [];
    const { values } = this.#parts.settings;
    const keys = Object.keys(values) as SettingKey[];
    return keys.filter(
      (key) => descriptorOf(key).restart && !isDeepStrictEqual(active[key], values[key]),
    );
  }

  #enter(state: ServerStatus['state']): void {
    this.#state = state;
    this.#tell();
  }

  #tell(): void {
    this.emit('status', this.status);
  }
}

/** New settings, but the active ones where a restart is needed. */
function withoutRestart(active: SettingValues, values: SettingValues): SettingValues {
  const keys = Object.keys(values) as SettingKey[];
  const merged = keys.map((key) => [key, descriptorOf(key).restart ? active[key] : values[key]]);
  return Object.fromEntries(merged) as SettingValues;
}

/** What an extension has said, as far as that is for people. */
function wordsOf(answer: unknown): string | undefined {
  return typeof answer === 'string' && answer !== '' ? answer.slice(0, MAX_ANSWER) : undefined;
}

function codeOf(error: unknown): UserErrorCode | undefined {
  return error instanceof UserError ? error.code : undefined;
}
