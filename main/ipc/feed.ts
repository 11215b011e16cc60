import { isDeepStrictEqual } from 'node:util';
import { type Disposable, DisposableStore, toDisposable } from 'picosocks5';
import type { MainWindow } from '../desktop/window.js';
import type { AppLog } from '../proxy/applog.js';
import type { ConnectionLog } from '../proxy/connectionlog.js';
import type { ServerController } from '../proxy/controller.js';
import type { Traffic } from '../proxy/traffic.js';
import type { ShownState } from '../servers/remoteserver.js';
import type { Servers } from '../servers/servers.js';
import type { UserActivities } from '../users/activity.js';
import type { LockedOut, LogState, Subscriptions, TrafficSample } from './contract.js';
import { tell } from './serve.js';

/** How often the window is told of connections and lines of the log, and of traffic, ms. */
const CONNECTIONS_PERIOD = 100;
const TRAFFIC_PERIOD = 1000;

interface Parts {
  readonly window: MainWindow;
  readonly server: ServerController;
  /** Servers elsewhere: one of them may be shown. */
  readonly servers: Servers;
  readonly connections: ConnectionLog;
  readonly log: AppLog;
  readonly traffic: Traffic;
  readonly activities: UserActivities;
  /** Told after each sample of the traffic. */
  readonly sampled: () => void;
}

/** What the window is told all the time: connections, and the traffic second by second. */
export class Feed implements Disposable {
  readonly #parts: Parts;
  readonly #own = new DisposableStore();
  #lockouts: readonly LockedOut[] = [];

  constructor(parts: Parts) {
    this.#parts = parts;
    const timers = [
      setInterval(() => this.#sendNews(), CONNECTIONS_PERIOD),
      setInterval(() => this.#sample(), TRAFFIC_PERIOD),
    ];
    this.#own.add(toDisposable(() => timers.forEach(clearInterval)));
    const { servers, window } = parts;
    const send = (sample: TrafficSample) => tell(window.contents, 'traffic', sample);
    const tellAll = (shown: Partial<ShownState>) => this.#tellAll(shown);
    servers.on('sample', send);
    servers.on('shown', tellAll);
    const tellLog = (state: LogState) => tell(window.contents, 'logState', state);
    servers.on('log', tellLog);
    this.#own.add(
      toDisposable(() => {
        servers.off('sample', send);
        servers.off('shown', tellAll);
        servers.off('log', tellLog);
      }),
    );
  }

  dispose(): void {
    this.#own.dispose();
  }

  /** Tells what the window shows of a server elsewhere. */
  #tellAll({ traffic: _, ...shown }: Partial<ShownState>): void {
    const { contents } = this.#parts.window;
    const names = Object.keys(shown) as (keyof typeof shown & keyof Subscriptions)[];
    for (const name of names) tell(contents, name, shown[name] as never);
  }

  #sendNews(): void {
    const { connections, servers, log, window } = this.#parts;
    const changes = (servers.shown?.watched ?? connections).changes();
    if (changes !== undefined) tell(window.contents, 'connections', changes);
    const lines = servers.shown === undefined ? log.news() : servers.shown.watched.newLines();
    if (lines !== undefined) tell(window.contents, 'logLines', lines);
  }

  #sample(): void {
    const { server, servers, connections, traffic, activities, window, sampled } = this.#parts;
    // The tray shows the server of this computer, whichever the window shows.
    const contents = servers.shown === undefined ? window.contents : undefined;
    const live = server.connections;
    connections.count(live);
    tell(contents, 'traffic', traffic.sample(live));
    tell(contents, 'refusals', traffic.refusals);
    const active = activities.sample(live, server.usage);
    if (active.length > 0) tell(contents, 'activity', active);
    this.#tellLockouts(server.lockouts);
    sampled();
  }

  #tellLockouts(lockouts: readonly LockedOut[]): void {
    const whose = (all: readonly LockedOut[]) => all.map(({ user, address }) => [user, address]);
    if (isDeepStrictEqual(whose(lockouts), whose(this.#lockouts))) return;
    this.#lockouts = lockouts;
    const { servers, window } = this.#parts;
    if (servers.shown === undefined) tell(window.contents, 'lockouts', lockouts);
  }
}
