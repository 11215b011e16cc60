import { createClient, createCluster, createSentinel } from '@redis/client';
import type { Place, Settings } from './settings.js';

/** Commands at most that wait for an answer, or to be sent. */
const MAX_COMMANDS = 1000;

/** Until connections are tried again, at most, ms. */
const LAST_DELAY = 2000;

type NodeOptions = NonNullable<Parameters<typeof createSentinel>[0]['nodeClientOptions']> & {
  readonly socket: object;
};

/** What is common to a server, to a cluster, and to what Sentinel looks after. */
export interface Wire {
  readonly isReady: boolean;
  /** Ends when it is connected, or has no hope. */
  connect(): Promise<unknown>;
  send(key: string, command: readonly string[]): Promise<unknown>;
  /** Calls back when something is published. */
  listen(channel: string, heard: () => void): Promise<unknown>;
  /** Ends at once: what waits fails. */
  destroy(): unknown;
}

/** Makes a way to Redis. @param trouble told of what goes wrong with connections. */
export function makeWire(settings: Settings, trouble: (error: unknown) => void): Wire {
  const { places, kind, master = '' } = settings;
  const nodes = nodeOptions(settings);
  if (kind === 'cluster') {
    const cluster = createCluster({
      rootNodes: places.map(({ host, port }) => ({ socket: { ...nodes.socket, host, port } })),
      defaults: nodes,
    });
    cluster.on('error', trouble).on('node-error', trouble);
    return {
      get isReady() {
        return cluster.isReady;
      },
      connect: () => cluster.connect(),
      send: (key, command) => cluster.sendCommand(key, false, [...command]),
      listen: (channel, heard) => cluster.subscribe(channel, heard),
      destroy: () => cluster.destroy(),
    };
  }
  if (kind === 'sentinel') {
    const sentinel = createSentinel({
      name: master,
      sentinelRootNodes: places.map(({ host, port }) => ({ host, port })),
      nodeClientOptions: nodes,
      sentinelClientOptions: nodeOptions({
        ...settings,
        database: undefined,
        username: undefined,
        password: settings.sentinelPassword,
      }),
      passthroughClientErrorEvents: true,
      scanInterval: LAST_DELAY,
    });
    sentinel.on('error', trouble);
    return {
      get isReady() {
        return sentinel.isReady;
      },
      connect: () => sentinel.connect(),
      send: (_, command) => sentinel.sendCommand(false, [...command]),
      listen: (channel, heard) => sentinel.subscribe(channel, heard),
      destroy: () => sentinel.destroy(),
    };
  }
  const [{ host, port }] = places as [Place];
  const client = createClient({ ...nodes, socket: { ...nodes.socket, host, port } });
  const ear = client.duplicate();
  client.on('error', trouble);
  ear.on('error', () => {});
  return {
    get isReady() {
      return client.isReady;
    },
    connect: () => client.connect(),
    send: (_, command) => client.sendCommand(command),
    async listen(channel, heard) {
      await ear.connect();
      await ear.subscribe(channel, heard);
    },
    destroy() {
      for (const one of [client, ear]) if (one.isOpen) one.destroy();
    },
  };
}

function nodeOptions(settings: Settings): NodeOptions {
  const { username, password, database, tls, timeout } = settings;
  return {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(database === undefined ? {} : { database }),
    name: 'picosocks5',
    commandsQueueMaxLength: MAX_COMMANDS,
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: 'disabled',
    socket: {
      ...(tls === undefined ? {} : { tls: true, ...tls }),
      connectTimeout: timeout,
      noDelay: true,
      keepAlive: true,
      reconnectStrategy: (retries: number) =>
        Math.min(LAST_DELAY, 100 * 2 ** Math.min(retries, 5)) * (0.5 + Math.random() / 2),
    },
  };
}
