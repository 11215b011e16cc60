import type { Disposable } from 'picosocks5';
import type { MainWindow } from '../desktop/window.js';
import type { AppLog } from '../proxy/applog.js';
import type { ConnectionLog } from '../proxy/connectionlog.js';
import type { ServerController } from '../proxy/controller.js';
import type { Traffic } from '../proxy/traffic.js';
import type { UserActivities } from '../users/activity.js';
import { tell } from './serve.js';

/** How often the window is told of connections and lines of the log, and of traffic, ms. */
const CONNECTIONS_PERIOD = 100;
const TRAFFIC_PERIOD = 1000;

interface Parts {
  readonly window: MainWindow;
  readonly server: ServerController;
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
  readonly #timers: readonly NodeJS.Timeout[];

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#timers = [
      setInterval(() => this.#sendNews(), CONNECTIONS_PERIOD),
      setInterval(() => this.#sample(), TRAFFIC_PERIOD),
    ];
  }

  dispose(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }

  #sendNews(): void {
    const { connections, log, window } = this.#parts;
    const changes = connections.changes();
    if (changes !== undefined) tell(window.contents, 'connections', changes);
    const lines = log.news();
    if (lines !== undefined) tell(window.contents, 'logLines', lines);
  }

  #sample(): void {
    const { server, connections, traffic, activities, window, sampled } = this.#parts;
    const live = server.connections;
    connections.count(live);
    tell(window.contents, 'traffic', traffic.sample(live));
    tell(window.contents, 'refusals', traffic.refusals);
    const active = activities.sample(live, server.usage);
    if (active.length > 0) tell(window.contents, 'activity', active);
    sampled();
  }
}
