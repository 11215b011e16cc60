import * as v from 'valibot';

/**
 * What a control interface answers, as far as it is shown: it may be of another version, and what
 * it says is checked before it is believed. `core/docs/control.openapi.json` describes all of it.
 */

/** Longer texts are no texts of such a server. */
const text = v.pipe(v.string(), v.maxLength(4096));
const count = v.pipe(v.number(), v.finite(), v.minValue(0));
const port = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535));
const address = v.object({ host: text, port });
const MAX_LIST = 10_000;
function list<S extends v.GenericSchema>(item: S) {
  return v.pipe(v.array(item), v.maxLength(MAX_LIST));
}

export const statusShape = v.object({
  version: text,
  pid: count,
  state: v.picklist(['serving', 'draining']),
  started: text,
  uptime: count,
  logLevel: v.picklist(['none', 'err', 'warn', 'notice', 'info', 'debug']),
  listeners: list(
    v.object({
      name: text,
      addresses: list(v.object({ host: text, port, scheme: v.exactOptional(text) })),
    }),
  ),
  connections: v.object({ total: count, users: count, up: count, down: count }),
  since: v.object({ up: count, down: count }),
  reload: v.exactOptional(v.object({ ok: v.boolean(), message: v.exactOptional(text) })),
});
export type StatusAnswer = v.InferOutput<typeof statusShape>;

const connection = v.object({
  id: count,
  client: address,
  user: v.exactOptional(text),
  group: v.exactOptional(text),
  method: v.exactOptional(text),
  command: v.exactOptional(v.picklist(['connect', 'bind', 'associate'])),
  destination: v.exactOptional(address),
  up: count,
  down: count,
  since: v.pipe(text, v.isoTimestamp()),
  via: v.exactOptional(text),
});
export type ConnectionAnswer = v.InferOutput<typeof connection>;

export const connectionsShape = v.object({
  connections: list(connection),
  next: v.exactOptional(count),
});

export const sampleShape = v.object({
  uptime: count,
  connections: count,
  up: count,
  down: count,
  closed: count,
  moved: v.exactOptional(list(v.object({ id: count, up: count, down: count }))),
});
export type SampleAnswer = v.InferOutput<typeof sampleShape>;

const limit = v.exactOptional(count);
export const usageShape = v.object({
  users: list(
    v.object({
      name: text,
      connections: count,
      up: count,
      down: count,
      dayBytes: limit,
      monthBytes: limit,
      limits: v.object({
        connections: limit,
        rateUp: limit,
        rateDown: limit,
        perDay: limit,
        perMonth: limit,
      }),
    }),
  ),
});
export type UsageAnswer = v.InferOutput<typeof usageShape>;

export const lockoutsShape = v.object({
  lockouts: list(v.object({ address: text, user: v.exactOptional(text), seconds: count })),
});

export const routingShape = v.object({
  authentication: v.boolean(),
  http: v.boolean(),
  network: list(text),
  request: list(text),
  via: list(text),
  upstreams: list(v.object({ name: text, url: text })),
});
export type RoutingAnswer = v.InferOutput<typeof routingShape>;

const way = v.object({ way: text, by: text });
export const checkShape = v.object({
  allowed: v.boolean(),
  by: v.exactOptional(text),
  via: v.exactOptional(way),
  addresses: list(
    v.object({ address: text, allowed: v.boolean(), by: text, via: v.exactOptional(way) }),
  ),
});

export const extensionsShape = v.object({
  extensions: list(
    v.object({
      name: text,
      title: text,
      version: text,
      origin: v.picklist(['bundled', 'installed', 'folder']),
      state: v.picklist(['inactive', 'starting', 'active', 'off', 'failed', 'disabled']),
      error: v.exactOptional(text),
      commands: list(v.object({ id: text, title: text })),
    }),
  ),
});
export type ExtensionsAnswer = v.InferOutput<typeof extensionsShape>;

export const logLevelShape = v.object({
  level: v.picklist(['none', 'err', 'warn', 'notice', 'info', 'debug']),
  configured: v.picklist(['none', 'err', 'warn', 'notice', 'info', 'debug']),
  until: v.exactOptional(v.pipe(text, v.isoTimestamp())),
});
export type LogLevelAnswer = v.InferOutput<typeof logLevelShape>;

export const reloadShape = v.object({ warnings: list(text) });
export const resultShape = v.object({ result: v.unknown() });
export const doneShape = v.object({});
export const errorShape = v.object({ error: v.object({ message: text }) });
