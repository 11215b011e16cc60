import type { Duplex } from 'node:stream';
import { AccessCheck } from '../access/accesscheck.js';
import type { Lockedout, LockoutFilter } from '../auth/lockout.js';
import type { Disposable } from '../base/disposable.js';
import { UserError } from '../base/errors.js';
import { Sequence } from '../base/sequence.js';
import { type LoadedListener, loadState, type State } from '../config/loaded.js';
import { checkServerOptions } from '../config/options.js';
import type { CheckedOptions, ServerOptions } from '../config/settings.js';
import type { ExtensionFilter } from '../extensions/catalog.js';
import type { HelperForker } from '../extensions/helper.js';
import type { ExtensionCommand, ExtensionInfo, ExtensionView } from '../extensions/host.js';
import { createRegistries, type Registries } from '../extensions/registries.js';
import type { SecretProvider } from '../extensions/secrets.js';
import type { ShownView } from '../extensions/viewcontent.js';
import type { Usage } from '../limits/usage.js';
import type { ListenerState, ServedAddress } from '../listening/listeningsocket.js';
import { type ListenChange, ListeningSockets } from '../listening/listeningsockets.js';
import { type ConnectionInfo, EventStream, type ServerEvent } from '../log/events.js';
import { type ConnectionSum, type SumKey, sumsOf } from '../log/sums.js';
import { ResolverPool } from '../outbound/resolvers/pool.js';
import type { Address } from '../protocol/address.js';
import { formatIP, parseIP } from '../protocol/ip.js';
import type { CommandName } from '../protocol/socks5.js';
import type { SharedStateStatus } from '../sharing/replica.js';
import { alone, type Sharing } from '../sharing/sharing.js';
import { adopt, remoteOf } from '../transport/adopt.js';
import type { Transport } from '../transport/transport.js';
import { tellMoved, tellStopped } from './addressnews.js';
import { type CheckResult, checkRequest } from './check.js';
import { drain } from './drain.js';
import { Extensions } from './extensions.js';
import { InForce, type Loaded } from './inforce.js';
import { findListener } from './listeners.js';
import { probe } from './probe.js';
import { Replication } from './replication.js';

/** How often connections are looked after, ms. */
const CLOCK = 1000;

/** What is known of a connection that somebody else has accepted. */
export interface ServeOptions {
  /** Where it comes from: an IP address and a port; as the socket says, if it is left out. */
  readonly client?: Address;
  /** The name of the listener that it counts as one of; `default`, or the only one, if left out. */
  readonly listener?: string;
}

/** How a server is started that gives up privileges. */
export interface LaunchOptions {
  /** The number of the user that the process will be: extensions have to be that user's or root's. */
  readonly user?: number | undefined;
  /** Called when ports are bound and files are read, and before any extension runs. */
  readonly bound?: () => void;
}

/** A SOCKS server. It listens once; when it is closed, make another. */
export class Server {
  /** What it can do: register more before `listen()` or while it runs. It registers nothing itself. */
  readonly registries: Registries;
  readonly #events: EventStream;
  readonly #resolvers: ResolverPool;
  readonly #sharing: Sharing;
  readonly #options: CheckedOptions;
  readonly #inForce: InForce;
  readonly #replication: Replication;
  readonly #sockets: ListeningSockets;
  readonly #extensions: Extensions;
  #clock: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;
  /** Settled when the reloads so far are over: they wait for each other. */
  readonly #reloads = new Sequence();

  /**
   * @param registries what it can do, which other servers may have as well; its own if left out.
   * @param sharing what it has in common with other processes.
   * @throws {UserError} naming the option that is wrong.
   */
  constructor(options: ServerOptions = {}, registries?: Registries, sharing: Sharing = alone()) {
    this.registries = registries ?? createRegistries(sharing);
    this.#resolvers = new ResolverPool(this.registries.resolvers);
    this.#options = checkServerOptions(options);
    this.#sharing = sharing;
    this.#events = new EventStream(this.registries.eventSinks);
    this.#inForce = new InForce(this.#options, this.registries, this.#events, sharing);
    const { admission, counts, allowances, lockout, passwords } = this.#inForce;
    this.#sockets = new ListeningSockets(
      (transport, listener, scheme) =>
        admission.admit(transport, listener, transport.remote, scheme),
      (error) => this.#inForce.saw(error),
      sharing.sockets,
    );
    this.#extensions = new Extensions(this, this.#events, sharing);
    this.#replication = new Replication(this.registries.sharedStates, sharing, {
      counts,
      allowances,
      lockout,
      passwords,
      isStopping: () => this.isStopping,
      warn: (message) => this.#events.warn(message),
    });
    sharing.attach({ allowances, lockout });
  }

  /** Where it listens. */
  get addresses(): readonly ServedAddress[] {
    return this.#sockets.addresses;
  }

  /** Its listeners, and where each of them listens: none while the server does not listen. */
  get listeners(): readonly ListenerState[] {
    const listeners = this.#inForce.state?.listeners ?? [];
    return listeners.map(({ name }) => ({ name, addresses: this.#sockets.addressesOf(name) }));
  }

  /**
   * Reads users and rules, and listens. Clients are accepted when all is ready, extensions included.
   *
   * @returns where.
   * @throws {UserError} if an option, a file or an address cannot be used, or if it would be open
   *   to everybody without `anonymous`.
   */
  async listen({ bound, user }: LaunchOptions = {}): Promise<readonly ServedAddress[]> {
    if (this.#inForce.state !== undefined || this.#closing !== undefined) {
      throw new UserError('the server listens, or has listened, already');
    }
    this.#extensions.user = user;
    const change = await this.#extensions.prepare(this.#options);
    const { registries } = change;
    const loading = this.#loadOpen(this.#options, registries);
    const loaded = await loading.catch(async (error: unknown) => {
      await change.undo();
      throw error;
    });
    const { state } = loaded;
    try {
      const moved = await this.#sockets.moveTo(state.listeners);
      if (!change.isEmpty) {
        bound?.();
        await change.activate();
      }
      if (this.#closing !== undefined) throw new UserError('the server was closed meanwhile');
      change.commit();
      this.#inForce.use(loaded);
      await this.#replication.use();
      await this.#replication.ready();
      if (this.#closing !== undefined) throw new UserError('the server was closed meanwhile');
      this.#tellMoved(moved, state);
    } catch (error) {
      this.#sockets.close();
      await change.undo();
      state.dispose();
      this.#closing ??= this.#stop(0);
      await this.#closing;
      throw error;
    }
    this.#sockets.serve();
    this.#clock = setInterval(() => this.#inForce.tick(), CLOCK).unref();
    return this.addresses;
  }

  /**
   * Takes new options, and reads users and rules again. Connections go on: those that are made
   * from now on are judged anew. If anything is wrong, nothing changes.
   *
   * @param options the new ones; without them, what the present ones name is read again.
   * @throws as `listen()` does.
   */
  reload(options?: ServerOptions): Promise<void> {
    return this.#reloads.run(() => this.#reload(options));
  }

  async #reload(options: ServerOptions | undefined): Promise<void> {
    if (this.#inForce.state === undefined) throw new UserError('the server does not listen');
    const checked =
      options === undefined ? this.#inForce.state.options : checkServerOptions(options);
    const change = await this.#extensions.prepare(checked);
    let loaded: Loaded | undefined;
    try {
      await change.activate();
      loaded = await this.#loadOpen(checked, change.registries);
      this.#tellMoved(await this.#sockets.moveTo(loaded.state.listeners), loaded.state);
    } catch (error) {
      loaded?.state.dispose();
      await change.undo();
      throw error;
    }
    change.commit();
    this.#inForce.use(loaded);
    this.#sockets.serve();
    await this.#replication.use();
    await change.finish();
    this.#events.emit({ type: 'reloaded', time: Date.now() });
  }

  /**
   * Stops: accepts nobody any more, and lets connections finish.
   *
   * @param grace how long connections have to finish, seconds; then they are closed.
   */
  close(grace = 0): Promise<void> {
    this.#closing ??= this.#stop(grace);
    return this.#closing;
  }

  /**
   * Writes what users and groups have used to the quota file, which happens by itself from time to
   * time: now, to see that it is possible, or before something else reads it.
   *
   * @throws {UserError} if the quota file cannot be written.
   */
  async saveUsage(): Promise<void> {
    await this.#inForce.quotas?.save();
  }

  /** Leaves the quota file to another process. @throws {UserError} if it cannot be written. */
  async handOnUsage(): Promise<void> {
    await this.#inForce.quotas?.handOn();
  }

  /**
   * Serves a connection that somebody else has accepted, as one that came by a listener: one over
   * TLS, of a socket that another program handed over, in a test. From now on it is the server's,
   * and nobody else's: a stream is read and written by its events, finishes each way by itself, and
   * is destroyed in the end. Whether it comes to somebody who is to be let in at all is up to who
   * accepts it as well: addresses beyond loopback are not refused here.
   *
   * @param connection connected, and not read so far; a stream of octets.
   * @returns the connection's id in events, `connections()` and `disconnect()`.
   * @throws {UserError} if the server does not listen, there is no such listener, or nothing tells
   *   the client's address.
   */
  serve(connection: Transport | Duplex, { client, listener: asked }: ServeOptions = {}): number {
    if (this.#inForce.state === undefined || this.#closing !== undefined) {
      throw new UserError('the server does not listen, and serves nobody');
    }
    const { name: listener } = findListener(this.#inForce.state, asked);
    const remote = client ?? remoteOf(connection);
    const ip = remote && parseIP(remote.host);
    if (remote === undefined || ip === undefined) {
      const text = remote === undefined ? 'nothing tells' : `"${remote.host}" is not`;
      throw new UserError(`${text} the client's IP address; expected client: { host, port }`);
    }
    const from = { host: formatIP(ip), port: remote.port };
    return this.#inForce.admission.admit(adopt(connection), listener, from) as number;
  }

  /** The connections of this moment. */
  connections(): ConnectionInfo[] {
    const connections = Array.from(this.#inForce.sessions, (session) => session.info());
    return connections.sort((a, b) => a.id - b.id);
  }

  /**
   * How many connections there are at this moment, and what they have moved, together.
   *
   * @param by what tells them apart; all are one if left out.
   */
  sums(by: readonly SumKey[] = []): ConnectionSum[] {
    const connections = Array.from(this.#inForce.sessions, (session) => session.info());
    return sumsOf(connections, by);
  }

  /** Whether it is being closed: it takes no new clients, and those that it has may finish. */
  get isStopping(): boolean {
    return this.#closing !== undefined;
  }

  /** Whether anybody is served by it. */
  get isServing(): boolean {
    return this.#clock !== undefined;
  }

  /** Ends a connection. @returns false if there is none of that id. */
  disconnect(id: number): boolean {
    const session = this.#inForce.sessions.find(id);
    session?.end('disconnected');
    return session !== undefined;
  }

  /**
   * Ends the connections that a test lets through.
   *
   * @returns how many.
   */
  disconnectAll(test: (connection: ConnectionInfo) => boolean): number {
    const ended = [...this.#inForce.sessions].filter((session) => test(session.info()));
    for (const session of ended) session.end('disconnected');
    return ended.length;
  }

  /** What users and groups that have limits have used, by `user NAME` and `group NAME`. */
  usage(): Readonly<Record<string, Usage>> {
    return this.#inForce.allowances.usage();
  }

  /** How it stands with the state that it shares with servers on other machines, if it does. */
  get sharedState(): SharedStateStatus | undefined {
    return this.#replication.status;
  }

  /** Who is locked out after failed logins. */
  lockouts(): Lockedout[] {
    return this.#inForce.lockout.list();
  }

  /** Lets those log in again who are locked out. @returns how many lockouts that were. */
  liftLockouts(whom: LockoutFilter): number {
    return this.#inForce.lockout.lift(whom);
  }

  /**
   * Says whether a reload would come to grief, without one: what options name is read, nothing
   * changes. Where extensions would start, end or get other settings, only these settings are
   * checked, since what they contribute is known only once they run.
   *
   * @returns what it would warn of.
   * @throws as `reload()` does; but not of addresses that cannot be listened at.
   */
  tryReload(options: ServerOptions): Promise<readonly string[]> {
    return this.#reloads.run(async () => {
      if (this.#inForce.state === undefined) throw new UserError('the server does not listen');
      const checked = checkServerOptions(options);
      const change = await this.#extensions.prepare(checked);
      try {
        const warnings: string[] = [];
        if (!change.isEmpty) return warnings;
        const warn = (message: string) => warnings.push(message);
        (await this.#load(checked, change.registries, undefined, warn)).dispose();
        return warnings;
      } finally {
        await change.undo();
      }
    });
  }

  /** The extensions that there are, once one was wanted. */
  get extensions(): readonly ExtensionInfo[] {
    return this.#extensions.infos;
  }

  /** The commands of extensions. */
  get commands(): readonly ExtensionCommand[] {
    return this.#extensions.commands();
  }

  /**
   * Does what a command of an extension is for.
   *
   * @returns what the extension has to say to that.
   * @throws {UserError} if there is no such command, or it fails.
   */
  async runCommand(id: string, ...args: string[]): Promise<unknown> {
    await this.#listExtensions();
    return this.#extensions.run(id, args);
  }

  /** The views of extensions, which somebody else draws. */
  get views(): readonly ExtensionView[] {
    return this.#extensions.views();
  }

  /**
   * What a view shows now; its extension is activated for that if it does not run.
   *
   * @returns undefined if it has nothing to show.
   * @throws {UserError} if there is no such view, or its extension does not say.
   */
  async viewContent(id: string): Promise<ShownView | undefined> {
    await this.#listExtensions();
    return this.#extensions.viewContent(id);
  }

  /**
   * Hands over what was filled into a view that is a form.
   *
   * @param values by the ids of the fields.
   * @returns what the extension has to say to that.
   * @throws {UserError} if there is no such form, or the extension does not take it.
   */
  async submitView(id: string, values: unknown): Promise<unknown> {
    await this.#listExtensions();
    return this.#extensions.submitView(id, values);
  }

  /** Looks for extensions that nobody has wanted so far: reloads wait for that. */
  async #listExtensions(): Promise<void> {
    if (!this.#extensions.isListed) await this.#reloads.run(() => this.#extensions.list());
  }

  /** Calls back with the id of a view that shows something else, ten times a second at most. */
  onViewChange(listener: (id: string) => void): Disposable {
    return this.#extensions.onViewChange(listener);
  }

  /**
   * Activates an extension anew with its present files, as a reload does with one of another
   * version. Connections go on; if anything is wrong, nothing changes.
   *
   * @param name of its package.
   * @throws as `reload()` does.
   */
  renewExtension(name: string): Promise<void> {
    this.#extensions.renew(name);
    return this.reload();
  }

  /**
   * Says which extensions may be used at all, before `listen()`: what it is false for counts as
   * disabled. With it, commands and views of those that nobody wants can be asked for, which wakes them.
   */
  set permits(filter: ExtensionFilter) {
    this.#extensions.permits = filter;
  }

  /** Starts processes of extensions' helpers, before `listen()`, where Node's own way is none. */
  set forkHelper(forker: HelperForker) {
    this.#extensions.forkHelper = forker;
  }

  /** Finds secrets of extensions before the environment and files are asked, such as in a keychain. */
  set secrets(provider: SecretProvider) {
    this.#extensions.secrets = provider;
  }

  /** Reads the events of this server until the result is disposed. */
  onEvent(listener: (event: ServerEvent) => void): Disposable {
    return this.#events.listen(listener);
  }

  /**
   * Says how a request would be answered, without serving it or listening.
   *
   * @param user undefined for an anonymous client.
   * @param client the IP address that the client would come from.
   * @param listener the name of the listener that it would come by; `default`, or the only one, if
   *   left out.
   * @throws {UserError} if an option or a file cannot be used, there is no such user or listener, or
   *   the destination cannot be resolved.
   */
  async check(
    user: string | undefined,
    command: CommandName,
    destination: Address,
    client = '127.0.0.1',
    listener?: string,
  ): Promise<CheckResult> {
    const request = { user, command, destination, client };
    const check = (by: LoadedListener, access: AccessCheck, { routes }: State) =>
      checkRequest(by, access, routes, request);
    if (this.#inForce.state !== undefined) {
      const found = findListener(this.#inForce.state, listener);
      return check(found, this.#inForce.listeners.accessOf(found.name), this.#inForce.state);
    }
    return this.#ask((state, { accessPolicies }) => {
      const found = findListener(state, listener);
      const warn = (message: string) => this.#events.warn(message);
      return check(found, new AccessCheck(accessPolicies, warn, found.rules), state);
    });
  }

  /**
   * Tries an upstream, by its name: whether it can be reached, lets this server in, and answers.
   *
   * @returns how long its answer to a request took, ms.
   * @throws {UserError} if there is no such upstream, or why it gave no answer; if an option or a
   *   file cannot be used.
   */
  probe(upstream: string): Promise<number> {
    const ask = async ({ routes }: State) => {
      const way = routes.upstreams.get(upstream);
      if (way === undefined) throw new UserError(`there is no upstream "${upstream}"`);
      return probe(way);
    };
    return this.#inForce.state === undefined ? this.#ask(ask) : ask(this.#inForce.state);
  }

  /** Loads what the options say for a question, and nothing more. */
  async #ask<T>(question: (state: State, registries: Registries) => Promise<T>): Promise<T> {
    const change = await this.#extensions.prepare(this.#options);
    let state: State | undefined;
    try {
      await change.activate();
      const { registries } = change;
      state = await this.#load(this.#options, registries, registries.outbounds);
      return await question(state, registries);
    } finally {
      state?.dispose();
      await change.undo();
    }
  }

  /** @param outbounds ways out, as they are at any moment. */
  #load(
    options: CheckedOptions,
    registries: Registries,
    outbounds = this.registries.outbounds,
    warn: (message: string) => void = (message) => this.#events.warn(message),
  ): Promise<State> {
    const process = {
      listening: () => this.#sockets.addresses,
      readFile: this.#sharing.readFile,
      outbounds,
    };
    return loadState(options, registries, this.#resolvers, warn, process, this.#inForce.state);
  }

  /** Loads what a server needs that is not being closed meanwhile, the quota file included. */
  async #loadOpen(options: CheckedOptions, registries: Registries): Promise<Loaded> {
    const state = await this.#load(options, registries);
    try {
      const usage = await this.#inForce.quotas?.read(options.quotaFile);
      if (this.#closing !== undefined) throw new UserError('the server was closed meanwhile');
      return { state, usage };
    } catch (error) {
      state.dispose();
      throw error;
    }
  }

  /** @param listeners those that are to be in force. */
  #tellMoved(change: ListenChange, { listeners }: State): void {
    tellMoved(this.#events, change, listeners.length > 1 || this.#tellsListeners);
  }

  /** Whether events say which listener they are about: there are several. */
  get #tellsListeners(): boolean {
    return (this.#inForce.state?.listeners.length ?? 0) > 1;
  }

  async #stop(grace: number): Promise<void> {
    tellStopped(this.#events, this.#sockets.close(), this.#tellsListeners);
    await drain(this.#inForce.sessions, this.#inForce.admission, grace);
    clearInterval(this.#clock);
    this.#clock = undefined;
    this.#inForce.rest();
    await this.#replication.close();
    await this.#extensions.close();
    this.#resolvers.close();
    await this.#inForce.close();
  }
}

/**
 * Makes a SOCKS server; `listen()` starts it.
 *
 * @param registries what it can do; see {@link createRegistries}.
 * @throws {UserError} naming the option that is wrong.
 */
export function createServer(options: ServerOptions = {}, registries?: Registries): Server {
  return new Server(options, registries);
}
