import { EventEmitter } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf, monotonic, UserError } from 'picosocks5';
import type {
  AppState,
  LinkState,
  LockedOut,
  LockoutChoice,
  LogLevelChange,
  LogState,
  RemoteFacts,
  RemoteSettings,
  RouteAnswer,
  RouteQuestion,
  TrafficSample,
} from '../ipc/contract.js';
import { KeychainError } from '../users/keychainerror.js';
import { text } from '../words/words.js';
import { LinkError, RemoteClient, TokenError } from './client.js';
import { type Link, RefusedError } from './link.js';
import {
  activityOf,
  extensionsOf,
  NO_EXTENSIONS,
  routingOf,
  statusOf,
  usersOf,
} from './remoteview.js';
import { RemoteWatch } from './remotewatch.js';
import {
  checkShape,
  doneShape,
  type ExtensionsAnswer,
  extensionsShape,
  type LogLevelAnswer,
  lockoutsShape,
  logLevelShape,
  type RoutingAnswer,
  reloadShape,
  resultShape,
  routingShape,
  type StatusAnswer,
  statusShape,
  type UsageAnswer,
  usageShape,
} from './shapes.js';
import { sshLink } from './sshlink.js';
import { tlsLink } from './tlslink.js';

/** How often a server is asked how it is, ms. */
const PERIOD = 5000;
/** After how long a link that was lost is made anew, at first and at most, ms. */
const FIRST_RETRY = 1000;
const LAST_RETRY = 60_000;
/** How long a link has to say why it is lost, ms. */
const LAST_WORDS = 500;
/** Connections that are ended at the same time. */
const AT_ONCE = 8;
/** How long another level of the log is in force that nobody gave a time, s: servers know no longer one. */
const LONGEST_LEVEL = 86_400;
/** Characters that are shown of what a command answers. */
const MAX_ANSWER = 4000;

/** What of the app's state is about the server that is shown. */
export type ShownState = Pick<
  AppState,
  | 'server'
  | 'traffic'
  | 'refusals'
  | 'users'
  | 'usersTransfer'
  | 'activity'
  | 'upstreams'
  | 'extensions'
  | 'remote'
  | 'lockouts'
>;

export interface RemoteOptions {
  /** Asked for whenever a link is made. @throws {KeychainError} */
  readonly token: () => Promise<string | undefined>;
  /** Makes a link: that of the settings, if it is left out. */
  readonly open?: (settings: RemoteSettings, signal: AbortSignal) => Promise<Link>;
  readonly period?: number;
  readonly firstRetry?: number;
}

/** A link that is there. */
interface Session {
  readonly client: RemoteClient;
  readonly signal: AbortSignal;
  /** It is of no use any more. */
  readonly fail: (error: unknown) => void;
}

/**
 * A server elsewhere, asked by its control interface. As long as it is wanted there is a link to it,
 * or one is made anew: after a time that grows, and is never the same for many windows.
 *
 * Emits `state` when its place in the list is another, `shown` with what the window shows of it, and
 * `sample` once a second, both only while it is shown.
 */
export class RemoteServer extends EventEmitter<{
  state: [];
  shown: [Partial<ShownState>];
  sample: [TrafficSample];
  log: [LogState];
}> {
  readonly #options: RemoteOptions;
  #settings: RemoteSettings;
  #link: LinkState = 'off';
  #problem: string | undefined;
  #retry: number | undefined;
  #life: AbortController | undefined;
  #session: Session | undefined;
  /** There as long as the window shows it. */
  #watch: RemoteWatch | undefined;
  #following: AbortController | undefined;
  #status: StatusAnswer | undefined;
  #routing: RoutingAnswer | undefined;
  #usage: UsageAnswer = { users: [] };
  #extensions: ExtensionsAnswer | undefined;
  #lockouts: readonly LockedOut[] = [];
  #logLevel: LogLevelAnswer = { level: 'info', configured: 'info' };
  #facts: RemoteFacts | undefined;
  /** Wakes who waits to make a link anew, or to ask how the server is. */
  #wake: () => void = () => {};

  constructor(settings: RemoteSettings, options: RemoteOptions) {
    super();
    this.#settings = settings;
    this.#options = options;
  }

  get settings(): RemoteSettings {
    return this.#settings;
  }

  /** What the list says of it. */
  get state() {
    const facts = this.#facts === undefined ? {} : { facts: this.#facts };
    return { link: this.#link, problem: this.#problem, retry: this.#retry, ...facts };
  }

  get isWanted(): boolean {
    return this.#life !== undefined;
  }

  /** All that the window shows of it. */
  get shown(): ShownState {
    const watch = this.#watch;
    return {
      ...this.#parts(),
      traffic: watch?.history ?? [],
      refusals: watch?.refusals ?? [],
      usersTransfer: undefined,
    };
  }

  /** What goes on in it. @throws {UserError} if the window shows another one. */
  get watched(): RemoteWatch {
    if (this.#watch === undefined) throw new UserError(text('servers.notShown'));
    return this.#watch;
  }

  /** Takes other settings: a link is made by them. */
  use(settings: RemoteSettings): void {
    this.#settings = settings;
    if (this.isWanted) this.connect();
    else this.#enter('off');
  }

  /** Makes a link, at once, and keeps one. */
  connect(): void {
    this.#life?.abort();
    const life = new AbortController();
    this.#life = life;
    void this.#live(life.signal);
  }

  disconnect(): void {
    this.#life?.abort();
    this.#life = undefined;
    this.#facts = undefined;
    this.#enter('off');
  }

  /** From now on the window shows it. */
  show(): void {
    if (this.#watch !== undefined) return;
    const watch = new RemoteWatch();
    this.#watch = watch;
    watch.on('sample', (sample) => {
      this.#note(sample.connections, sample.rateUp, sample.rateDown);
      this.emit('sample', sample);
      this.emit('shown', { refusals: watch.refusals });
    });
    watch.on('changed', () => this.#wake());
    this.#follow();
    this.#wake();
  }

  hide(): void {
    this.#following?.abort();
    this.#following = undefined;
    this.#watch = undefined;
  }

  /** @param ids those of rows. @throws {UserError} what the server says, or that there is no link. */
  async end(ids: readonly number[]): Promise<void> {
    const { client } = this.#linked;
    const own = ids.flatMap((id) => this.watched.serverId(id) ?? []);
    const workers = Array.from({ length: AT_ONCE }, async (_, first) => {
      for (let i = first; i < own.length; i += AT_ONCE) {
        await this.#ask(() => client.post('/v1/disconnect', doneShape, { id: own[i] }));
      }
    });
    await Promise.all(workers);
  }

  /** @throws as {@link end} does. */
  async lift(whom: LockoutChoice): Promise<void> {
    await this.#ask(({ client }) => client.post('/v1/lockouts/lift', doneShape, whom));
    this.#wake();
  }

  /** What it logs: there is no file of it here. */
  get logState(): LogState {
    const { level, configured, until } = this.#logLevel;
    const end = until === undefined ? undefined : Date.parse(until);
    return { level, kept: configured, until: end, file: '' };
  }

  /**
   * Has it log at another level for a while, or as it is configured. The level that it has without a time
   * is changed in its configuration.
   *
   * @throws as {@link end} does.
   */
  async changeLevel({ level, minutes }: LogLevelChange): Promise<void> {
    const isConfigured = minutes === undefined && level === this.#logLevel.configured;
    const seconds = minutes === undefined ? LONGEST_LEVEL : Math.ceil(minutes * 60);
    const body = isConfigured ? { level: 'configured' } : { level, seconds };
    const answer = await this.#ask(({ client }) =>
      client.put('/v1/log-level', logLevelShape, body),
    );
    this.#takeLevel(answer);
  }

  #takeLevel(answer: LogLevelAnswer): void {
    this.#logLevel = answer;
    if (this.#watch === undefined) return;
    this.#watch.level = answer.level;
    this.emit('log', this.logState);
  }

  /** @throws as {@link end} does. */
  async reload(): Promise<readonly string[]> {
    const { warnings } = await this.#ask(({ client }) => client.post('/v1/reload', reloadShape));
    this.#wake();
    return warnings;
  }

  /** @throws as {@link end} does. */
  async check({ user, command, destination }: RouteQuestion): Promise<RouteAnswer> {
    const query = { command, destination, ...(user === '' ? {} : { user }) };
    const { allowed, by, via, addresses } = await this.#ask(({ client }) =>
      client.get('/v1/check', checkShape, query),
    );
    const others = addresses.map(({ via: own, ...decision }) => ({ ...decision, via: own }));
    return { allowed, by, via, addresses: others };
  }

  /** Runs a command of an extension. @returns what it has to say. @throws as {@link end} does. */
  async run(id: string, ...args: string[]): Promise<string | undefined> {
    const path = `/v1/commands/${encodeURIComponent(id)}`;
    const { result } = await this.#ask(({ client }) => client.post(path, resultShape, { args }));
    if (result === null || result === undefined || result === '') return undefined;
    return (typeof result === 'string' ? result : JSON.stringify(result)).slice(0, MAX_ANSWER);
  }

  get #linked(): Session {
    if (this.#session === undefined) {
      throw new UserError(text('servers.noLink', { name: this.#settings.name }));
    }
    return this.#session;
  }

  /** @throws {UserError} */
  async #ask<T>(question: (session: Session) => Promise<T>): Promise<T> {
    try {
      return await question(this.#linked);
    } catch (error) {
      throw error instanceof UserError ? error : new UserError(messageOf(error));
    }
  }

  /** Keeps a link as long as it is wanted. */
  async #live(life: AbortSignal): Promise<void> {
    let tries = 0;
    while (!life.aborted) {
      this.#enter('connecting');
      try {
        await this.#once(life, () => {
          tries = 0;
        });
      } catch (error) {
        if (life.aborted) return;
        const problem = messageOf(error);
        const isFinal = error instanceof RefusedError || error instanceof TokenError;
        if (isFinal || error instanceof KeychainError) {
          this.#enter('failed', problem);
          return;
        }
        const { firstRetry = FIRST_RETRY } = this.#options;
        const time = Math.min(LAST_RETRY, firstRetry * 2 ** Math.min(tries++, 16));
        const wait = time * (0.5 + Math.random() / 2);
        this.#enter('waiting', problem, monotonic() + wait);
        await this.#rest(wait, life);
      }
    }
  }

  /** Makes a link, and uses it until it is lost. @throws why it is none, or none any more. */
  async #once(life: AbortSignal, made: () => void): Promise<never> {
    const token = await this.#options.token();
    life.throwIfAborted();
    const { open = openLink } = this.#options;
    const link = await open(this.#settings, life);
    const end = new AbortController();
    const client = new RemoteClient({ connect: link.connect, host: link.host, token });
    const stop = () => {
      end.abort();
      client.close();
      link.close();
    };
    life.addEventListener('abort', stop, { once: true });
    try {
      life.throwIfAborted();
      let fail: (error: unknown) => void = () => {};
      const failed = new Promise<never>((_, reject) => {
        fail = reject;
        life.addEventListener('abort', () => reject(new LinkError(text('servers.ended'))));
      });
      failed.catch(() => {});
      void link.lost.then((reason) => fail(new LinkError(reason)));
      await Promise.race([this.#askStatus(client), failed]);
      made();
      this.#session = { client, signal: end.signal, fail };
      this.#enter('connected');
      this.#follow();
      return await Promise.race([this.#keepAsking(client, end.signal), failed]);
    } catch (error) {
      this.#leave(client);
      // The link may be about to say more than what is written to it does.
      const isVague = error instanceof LinkError && !life.aborted;
      const wait = isVague
        ? delay(LAST_WORDS, undefined, { signal: life }).catch(() => {})
        : undefined;
      const reason = await Promise.race([link.lost, wait]);
      throw reason === undefined ? error : new LinkError(reason);
    } finally {
      life.removeEventListener('abort', stop);
      this.#leave(client);
      stop();
    }
  }

  /** A link by now may be another one. */
  #leave(client: RemoteClient): void {
    if (this.#session?.client === client) this.#session = undefined;
  }

  async #keepAsking(client: RemoteClient, signal: AbortSignal): Promise<never> {
    for (;;) {
      if (this.#watch !== undefined) await this.#askAll(client);
      await this.#rest(this.#options.period ?? PERIOD, signal);
      signal.throwIfAborted();
      await this.#askStatus(client);
    }
  }

  /** Waits, unless it is woken or ended. */
  async #rest(time: number, signal: AbortSignal): Promise<void> {
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    const ends = { signal: AbortSignal.any([signal, woken.signal]) };
    await delay(time, undefined, ends).catch(() => {});
  }

  async #askStatus(client: RemoteClient): Promise<void> {
    const before = this.#status;
    const status = await client.get('/v1/status', statusShape);
    this.#status = status;
    if (this.#watch !== undefined) this.#watch.level = status.logLevel;
    const all = ({ since, connections }: StatusAnswer, way: 'up' | 'down') =>
      since[way] + connections[way];
    const isSame = before?.started === status.started && before.pid === status.pid;
    const elapsed = Math.max(1, status.uptime - (before?.uptime ?? 0));
    const rate = (way: 'up' | 'down') =>
      isSame ? Math.max(0, all(status, way) - all(before, way)) / elapsed : 0;
    const { rateUp, rateDown } = this.#watch?.history.at(-1) ?? {
      rateUp: rate('up'),
      rateDown: rate('down'),
    };
    this.#note(status.connections.total, rateUp, rateDown);
    this.emit('state');
    this.#tell(this.#parts());
  }

  /** Asks for all that the window shows of it besides what it is told all the time. */
  async #askAll(client: RemoteClient): Promise<void> {
    const [usage, lockouts, routing, extensions, level] = await Promise.all([
      client.get('/v1/usage', usageShape, { days: 0 }),
      client.get('/v1/lockouts', lockoutsShape),
      client.get('/v1/routing', routingShape),
      client.get('/v1/extensions', extensionsShape),
      client.get('/v1/log-level', logLevelShape),
    ]);
    this.#usage = usage;
    this.#lockouts = lockouts.lockouts.map(({ seconds, user, address }) => ({
      ...(user === undefined ? {} : { user }),
      address,
      until: Date.now() + seconds * 1000,
    }));
    this.#takeLevel(level);
    this.#routing = routing;
    this.#extensions = extensions;
    this.#tell(this.#parts());
  }

  /** Follows what goes on in it, if there is a link and the window shows it. */
  #follow(): void {
    const [session, watch, status] = [this.#session, this.#watch, this.#status];
    if (session === undefined || watch === undefined || status === undefined) return;
    this.#following?.abort();
    const following = new AbortController();
    this.#following = following;
    const signal = AbortSignal.any([session.signal, following.signal]);
    watch.follow(session.client, status, signal).catch((error: unknown) => {
      if (!signal.aborted) session.fail(error);
    });
  }

  #note(connections: number, rateUp: number, rateDown: number): void {
    const { version = '', connections: { users = 0 } = {}, uptime = 0 } = this.#status ?? {};
    const since =
      this.#facts?.version === version ? this.#facts.since : monotonic() - uptime * 1000;
    this.#facts = { version, connections, users, since, rateUp, rateDown };
  }

  #parts(): Omit<ShownState, 'traffic' | 'refusals' | 'usersTransfer'> {
    const { name, host } = this.#settings;
    const known = { status: this.#status, routing: this.#routing };
    return {
      server: statusOf(this.#link, this.#problem, known, { name, host }),
      users: { users: usersOf(this.#usage), keychainProblem: undefined },
      activity: activityOf(this.#usage, this.#watch?.seen ?? new Map()),
      upstreams: { upstreams: [], keychainProblem: undefined },
      extensions: this.#extensions === undefined ? NO_EXTENSIONS : extensionsOf(this.#extensions),
      remote: { name, link: this.#link, routing: routingOf(this.#routing) },
      lockouts: this.#lockouts,
    };
  }

  #enter(link: LinkState, problem?: string, retry?: number): void {
    this.#link = link;
    this.#problem = problem;
    this.#retry = retry;
    this.emit('state');
    this.#tell(this.#parts());
  }

  #tell(parts: Partial<ShownState>): void {
    if (this.#watch !== undefined) this.emit('shown', parts);
  }
}

function openLink(settings: RemoteSettings, signal: AbortSignal): Promise<Link> {
  return settings.way === 'ssh' ? sshLink(settings, signal) : tlsLink(settings);
}
