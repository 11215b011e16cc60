import { type ConnectionInfo, formatAddress, monotonic } from 'picosocks5';
import {
  type Endpoint,
  type ExtensionsState,
  HISTORY,
  type LinkState,
  partsOfDestination,
  proxyUrl,
  type RemoteRouting,
  type ServerStatus,
  type TrafficSample,
  type User,
  type UserActivity,
} from '../ipc/contract.js';
import { text } from '../words/words.js';
import type {
  ConnectionAnswer,
  ExtensionsAnswer,
  RoutingAnswer,
  SampleAnswer,
  StatusAnswer,
  UsageAnswer,
} from './shapes.js';

/** What is known of a server: what it has answered last. */
export interface Known {
  readonly status: StatusAnswer | undefined;
  readonly routing: RoutingAnswer | undefined;
}

const EVERYWHERE: ReadonlySet<string> = new Set(['0.0.0.0', '::']);
const isLoopback = (host: string) => /^127\.|^::1$/.test(host);

/** How the server is, as the window shows one. */
export function statusOf(
  link: LinkState,
  problem: string | undefined,
  { status, routing }: Known,
  { name, host }: { readonly name: string; readonly host: string },
): ServerStatus {
  const addresses = (status?.listeners ?? [])
    .flatMap((listener) => listener.addresses)
    .filter((address) => address.port > 0);
  const endpoints = addresses.map((address): Endpoint => {
    const isOfAll = EVERYWHERE.has(address.host);
    const isOwn = isLoopback(address.host);
    const place = isOwn ? text('servers.onlyThere', { name }) : name;
    const facts = { names: [], selfSigned: false, file: '', expires: 0 };
    const tls = address.scheme === undefined ? {} : { certificate: facts };
    return { host: isOfAll ? host : address.host, port: address.port, place, ...tls };
  });
  const authentication = routing?.authentication ?? false;
  const reached = endpoints.find((endpoint) => !isLoopback(endpoint.host));
  const reload = status?.reload;
  const isUp = link === 'connected';
  const state = status?.state === 'draining' ? 'stopping' : 'running';
  const states = {
    off: 'stopped',
    connecting: 'starting',
    waiting: 'error',
    failed: 'error',
  } as const;
  return {
    state: isUp ? state : states[link],
    problem: problem ?? (reload?.ok === false ? reload.message : undefined),
    freePort: undefined,
    listening: isUp ? addresses.map((address) => formatAddress(address)) : [],
    endpoints: isUp ? endpoints : [],
    url: isUp && reached !== undefined ? proxyUrl(reached, authentication) : undefined,
    authentication,
    http: routing?.http ?? false,
    exposed: [],
    lanFault: undefined,
    pending: [],
    since: status === undefined ? undefined : monotonic() - status.uptime * 1000,
  };
}

/** @param live those that are connected. */
export function usersOf({ users }: UsageAnswer): User[] {
  return users.map(({ name, limits }) => ({
    ...{ name, group: '', disabled: false, limits, password: 'set' as const },
  }));
}

/** @param seen when users were connected last, ms since 1970. */
export function activityOf(
  { users }: UsageAnswer,
  seen: ReadonlyMap<string, number>,
): UserActivity[] {
  return users.map(({ name, connections, up, down, dayBytes = 0, monthBytes = 0 }) => ({
    ...{ name, connections, up, down, dayBytes, monthBytes },
    lastSeen: connections > 0 ? Date.now() : seen.get(name),
  }));
}

export function routingOf(answer: RoutingAnswer | undefined): RemoteRouting {
  const { network = [], request = [], via = [], upstreams = [] } = answer ?? {};
  return {
    network,
    request,
    via,
    upstreams: upstreams.map(({ name, url }) => ({ name, place: url.replace(/\/\/.*@/, '//') })),
  };
}

export function extensionsOf({ extensions }: ExtensionsAnswer): ExtensionsState {
  return {
    extensions: extensions.map(({ name, title, version, origin, state, error }) => ({
      ...{ name, displayName: title, publisher: '', version, description: '', origin, state },
      place: '',
      enabled: state !== 'disabled',
      isReplaced: false,
      error,
      contributes: [],
    })),
    commands: extensions.flatMap(({ name, commands }) =>
      commands.map(({ id, title }) => ({ id, title, extension: name, tray: false })),
    ),
    views: [],
    settings: [],
    safeMode: false,
    problem: undefined,
  };
}

export const NO_EXTENSIONS = extensionsOf({ extensions: [] });

/** A connection that the server has, as its own events would have told. */
export function connectionOf(answer: ConnectionAnswer): ConnectionInfo {
  const { since, ...rest } = answer;
  return { dropped: 0, ...EMPTY, ...rest, since: Date.parse(since) };
}

const EMPTY = {
  user: undefined,
  group: undefined,
  method: undefined,
  command: undefined,
  destination: undefined,
} as const;

/** The traffic of a server elsewhere, second by second, as its samples tell. */
export class RemoteTraffic {
  readonly history: TrafficSample[] = [];
  #before: { readonly up: number; readonly down: number; readonly uptime: number } | undefined;

  /** @returns what is told of that second. */
  take({ uptime, connections, up, down, closed }: SampleAnswer): TrafficSample {
    const before = this.#before;
    this.#before = { up, down, uptime };
    const isSame = before !== undefined && uptime > before.uptime;
    const elapsed = isSame ? (uptime - before.uptime) / 1000 : 1;
    const rate = (now: number, then: number) => (isSame ? Math.max(0, now - then) / elapsed : 0);
    const sample: TrafficSample = {
      time: Date.now(),
      instant: monotonic(),
      connections,
      rateUp: rate(up, before?.up ?? 0),
      rateDown: rate(down, before?.down ?? 0),
      totalUp: up,
      totalDown: down,
      totalConnections: closed + connections,
    };
    this.history.push(sample);
    if (this.history.length > HISTORY) this.history.shift();
    return sample;
  }
}

/** The host of a `HOST:PORT` that has a port; the text itself otherwise. */
export function hostOf(place: string): string {
  return partsOfDestination(place)?.host ?? place;
}
