import type { ServerResponse } from 'node:http';
import { monotonic } from '../base/clock.js';
import { didYouMean } from '../base/guess.js';
import { version } from '../base/version.js';
import type { LogLevel } from '../config/settings.js';
import type { Address } from '../protocol/address.js';
import { type ConnectionFilter, joinPages } from '../server/connectionquery.js';
import { checkOf, connectionOf, lockoutOf, routingOf, sharedStateOf, usageOf } from './answers.js';
import type { ControlParts } from './control.js';
import { LEVELS } from './feed.js';
import type { Fields, ValuesOf } from './fields.js';
import { type Answer, type Asked, Failure, type Route, type Stream } from './http.js';
import { Samples } from './samples.js';

/** How long the level of the log may be another one, and is if nobody says how long, s. */
const LONGEST_LEVEL = 86_400;
const USUAL_LEVEL = 600;
/** Connections on one page at most, and if nobody says how many. */
const LONGEST_PAGE = 10_000;
const USUAL_PAGE = 100;
/** How often a stream without events has a line, so that it is seen when its reader is gone, ms. */
const PULSE = 15_000;

const id = { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER } as const;
const text = { type: 'string' } as const;
const level = { type: 'string', enum: LEVELS } as const;

const filter = {
  id,
  user: text,
  client: text,
  listener: text,
  command: { type: 'string', enum: ['connect', 'bind', 'associate'] },
  destination: text,
} as const satisfies Fields;

const wanted = {
  user: text,
  command: { ...filter.command, required: true },
  destination: { type: 'string', required: true },
} as const satisfies Fields;

const page = {
  ...filter,
  after: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
  limit: { type: 'integer', minimum: 1, maximum: LONGEST_PAGE },
} as const satisfies Fields;

/** All that can be asked and told, as `docs/control.openapi.json` describes it. */
export function routesOf(parts: ControlParts): readonly Route[] {
  const { service, feed, levels, reloader } = parts;
  const samples = new Samples({
    connections: () => service.connections(),
    get counters() {
      return feed.counters;
    },
    get started() {
      return feed.started;
    },
  });
  return [
    {
      method: 'GET',
      path: '/healthz',
      isOpen: true,
      answer() {
        const isDraining = parts.isDraining();
        return {
          status: isDraining ? 503 : 200,
          body: { status: isDraining ? 'draining' : 'ok' },
        };
      },
    },
    {
      method: 'GET',
      path: '/v1/status',
      async answer() {
        const connections = await service.connections();
        const counted = (command: string | undefined) =>
          connections.filter((one) => one.command === command).length;
        const sum = (key: 'up' | 'down') => connections.reduce((all, one) => all + one[key], 0);
        const users = new Set(connections.flatMap(({ user }) => user ?? []));
        const uptime = (monotonic() - feed.started) / 1000;
        // No worker may serve at this moment.
        const shared = await service.askOne('shared-state', null).catch(() => null);
        return {
          body: {
            version,
            pid: process.pid,
            state: parts.isDraining() ? 'draining' : 'serving',
            started: new Date(parts.started).toISOString(),
            uptime: Math.round(uptime),
            workers: service.workers ?? 0,
            memory: process.memoryUsage.rss(),
            logLevel: levels.level,
            listeners: listenersOf(parts),
            connections: {
              total: connections.length,
              handshakes: counted(undefined),
              connect: counted('connect'),
              bind: counted('bind'),
              associate: counted('associate'),
              users: users.size,
              up: sum('up'),
              down: sum('down'),
            },
            since: feed.counters,
            ...(reloader.last === undefined ? {} : { reload: reloader.last }),
            ...(shared === null ? {} : { sharedState: sharedStateOf(shared) }),
          },
        };
      },
    },
    {
      method: 'GET',
      path: '/v1/listeners',
      answer: () => ({ body: { listeners: listenersOf(parts) } }),
    },
    {
      method: 'GET',
      path: '/v1/connections',
      query: page,
      async answer({ query }) {
        const wanted = query as ValuesOf<typeof page>;
        const { limit = USUAL_PAGE } = wanted;
        const pages = await service.ask('find', { ...wanted, limit });
        const { total, matching, connections, more } = joinPages(pages, limit);
        const last = connections.at(-1);
        return {
          body: {
            total,
            matching,
            connections: connections.map(connectionOf),
            ...(more && last !== undefined ? { next: last.id } : {}),
          },
        };
      },
    },
    {
      method: 'POST',
      path: '/v1/disconnect',
      body: filter,
      async answer({ body }) {
        if (Object.keys(body).length === 0) {
          throw new Failure(400, 'wrong-parameter', 'expected id, user, client or another filter');
        }
        const ended = await service.ask('end', body as ConnectionFilter);
        return { body: { disconnected: ended.reduce((sum, one) => sum + one, 0) } };
      },
    },
    {
      method: 'POST',
      path: '/v1/reload',
      body: { dryRun: { type: 'boolean' } },
      async answer({ body }) {
        const isDry = body['dryRun'] === true;
        const outcome = isDry ? await reloader.preview() : await reloader.reload();
        return { body: { reloaded: !isDry, ...outcome } };
      },
    },
    {
      method: 'POST',
      path: '/v1/replace',
      body: {},
      answer: async () => ({ body: { pid: await parts.replace() } }),
    },
    {
      method: 'GET',
      path: '/v1/usage',
      query: { days: { type: 'integer', minimum: 0, maximum: 400 } },
      async answer({ query }) {
        const { days = 1 } = query as { days?: number };
        const { usage } = parts;
        if (days > 0) await usage?.sample(() => service.connections());
        const connections = await service.connections();
        const now = usageOf(connections, service.usage(), reloader.settings);
        return { body: { ...now, ...(usage === undefined ? {} : { days: usage.last(days) }) } };
      },
    },
    {
      method: 'GET',
      path: '/v1/lockouts',
      async answer() {
        const lists = await service.ask('lockouts', null);
        const longest = new Map<string, (typeof lists)[number][number]>();
        for (const one of lists.flat()) {
          const key = `${one.address} ${one.user ?? ''}`;
          if (one.left > (longest.get(key)?.left ?? 0)) longest.set(key, one);
        }
        return { body: { lockouts: [...longest.values()].map(lockoutOf) } };
      },
    },
    {
      method: 'POST',
      path: '/v1/lockouts/lift',
      body: { user: text, address: text, all: { type: 'boolean' } },
      async answer({ body }) {
        const { all = false, ...whom } = body as { all?: boolean; user?: string; address?: string };
        if (all === Object.keys(whom).length > 0) {
          throw new Failure(400, 'wrong-parameter', 'expected user, address or both; or all: true');
        }
        return { body: { lifted: await service.lift(whom) } };
      },
    },
    {
      method: 'GET',
      path: '/v1/events',
      query: {
        level,
        history: { type: 'integer', minimum: 0, maximum: 1000 },
        follow: { type: 'boolean' },
      },
      answer: (asked) => events(parts, asked),
    },
    {
      method: 'GET',
      path: '/v1/samples',
      query: { connections: { type: 'boolean' } },
      answer: ({ query }) => ({
        body: undefined,
        stream: (response) => {
          const reader = samples.read(response, query['connections'] === true);
          response.on('drain', () => reader.drained());
          response.once('close', () => samples.leave(reader));
        },
      }),
    },
    {
      method: 'GET',
      path: '/v1/routing',
      answer: () => ({ body: routingOf(reloader.settings) }),
    },
    {
      method: 'GET',
      path: '/v1/check',
      query: wanted,
      async answer({ query }) {
        const { user, command, destination: named } = query as ValuesOf<typeof wanted>;
        const destination = destinationOf(named);
        return { body: checkOf(await service.askOne('check', { user, command, destination })) };
      },
    },
    {
      method: 'GET',
      path: '/v1/extensions',
      answer: async () => ({ body: { extensions: await service.askOne('extensions', null) } }),
    },
    {
      method: 'POST',
      path: '/v1/commands/{id}',
      body: { args: { type: 'array' } },
      async answer({ id, body }) {
        const extensions = await service.askOne('extensions', null);
        const known = extensions.flatMap(({ commands }) => commands.map((one) => one.id));
        if (!known.includes(id)) {
          const hint = didYouMean(id, known);
          throw new Failure(404, 'not-found', `there is no command ${JSON.stringify(id)}${hint}`);
        }
        const args = (body['args'] ?? []) as readonly string[];
        const result = await service.askOne('run', { id, args });
        return { body: { result: result ?? null } };
      },
    },
    {
      method: 'GET',
      path: '/v1/log-level',
      answer: () => ({ body: logLevelOf(parts) }),
    },
    {
      method: 'PUT',
      path: '/v1/log-level',
      body: {
        level: { type: 'string', enum: [...LEVELS, 'none', 'configured'], required: true },
        seconds: { type: 'integer', minimum: 1, maximum: LONGEST_LEVEL },
      },
      answer({ body }) {
        const { level: wanted, seconds = USUAL_LEVEL } = body as {
          level: LogLevel | 'configured';
          seconds?: number;
        };
        if (wanted === 'configured') levels.reset();
        else levels.setFor(wanted, seconds);
        return { body: logLevelOf(parts) };
      },
    },
  ];
}

/** @throws {Failure} unless it is `HOST:PORT`. */
function destinationOf(text: string): Address {
  const [, four, six, port = ''] = /^(?:([^:[\]]+)|\[([^[\]]+)\]):(\d{1,5})$/.exec(text) ?? [];
  const host = four ?? six;
  if (host !== undefined && Number(port) <= 65_535) return { host, port: Number(port) };
  throw new Failure(400, 'wrong-parameter', 'destination: expected HOST:PORT');
}

function listenersOf({ service }: ControlParts) {
  return service.listeners.map(({ name, addresses }) => ({
    name,
    addresses: addresses.map(({ host, port, scheme }) => ({
      host,
      port,
      ...(scheme === undefined ? {} : { scheme }),
    })),
  }));
}

function logLevelOf({ levels: { level, configured, until } }: ControlParts) {
  return {
    level,
    configured,
    ...(until === undefined ? {} : { until: new Date(until).toISOString() }),
  };
}

/** Lines of JSON: events that have been, and those that come. */
function events({ feed }: ControlParts, { query }: Asked): Answer {
  const {
    level: least = 'info',
    history = 0,
    follow = true,
  } = query as { level?: LogLevel; history?: number; follow?: boolean };
  const stream: Stream = (response: ServerResponse) => {
    // Nothing that happens meanwhile is left out or comes twice: all of it is in one turn.
    const past = feed.last(history, least);
    if (past.length > 0) response.write(`${past.join('\n')}\n`);
    if (!follow) {
      response.end();
      return;
    }
    const reader = feed.read(least, response);
    const pulse = setInterval(() => response.write('\n'), PULSE).unref();
    response.on('drain', () => reader.drained());
    response.once('close', () => {
      clearInterval(pulse);
      feed.leave(reader);
    });
  };
  return { body: undefined, stream };
}
