import type { ServerEvent } from 'picosocks5';

type Fields = Readonly<Record<string, unknown>>;

/** A longer text is none of a server's. */
const MAX_TEXT = 4096;

/** Which fields of an event are read, and what each has to be; one with a `?` may be left out. */
const SHAPES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  listening: { address: 'address', scheme: 'text?', listener: 'text?' },
  stopped: { address: 'address', scheme: 'text?', listener: 'text?' },
  reloaded: {},
  warning: { message: 'text' },
  error: { message: 'text' },
  info: { message: 'text' },
  debug: { message: 'text' },
  connection: { id: 'id', client: 'address' },
  authenticated: {
    ...{ id: 'id', client: 'address', method: 'text', user: 'text?', group: 'text?' },
  },
  'authentication-failed': {
    ...{ id: 'id', client: 'address', method: 'text', user: 'text?', detail: 'text' },
  },
  request: { id: 'id', client: 'address', command: 'text', destination: 'address' },
  established: { id: 'id', client: 'address', bound: 'address', remote: 'address?', via: 'text?' },
  rejected: {
    ...{ id: 'id', client: 'address', reason: 'text', detail: 'text', user: 'text?' },
    ...{ command: 'text?', destination: 'address?', diagnosis: 'diagnosis?' },
  },
  closed: {
    ...{ id: 'id', client: 'address', reason: 'text', duration: 'count', up: 'count' },
    ...{ down: 'count', user: 'text?', command: 'text?', destination: 'address?', via: 'text?' },
  },
};

const isText = (value: unknown) => typeof value === 'string' && value.length <= MAX_TEXT;
const isCount = (value: unknown) => typeof value === 'number' && value >= 0;

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const KINDS: Readonly<Record<string, (value: unknown) => boolean>> = {
  text: isText,
  count: isCount,
  id: (value) => Number.isSafeInteger(value) && (value as number) > 0,
  address: (value) => isFields(value) && isText(value['host']) && isCount(value['port']),
  diagnosis: (value) => isFields(value) && isText(value['code']),
};

/**
 * The event that a line of a server's stream tells; undefined if it is none that is known here, or
 * not as such events are.
 */
export function eventOf(line: unknown): ServerEvent | undefined {
  if (!isFields(line)) return undefined;
  const { type, time: written, since } = line;
  const shape = typeof type === 'string' && Object.hasOwn(SHAPES, type) ? SHAPES[type] : undefined;
  const time = typeof written === 'string' ? Date.parse(written) : Number.NaN;
  if (shape === undefined || !Number.isFinite(time)) return undefined;
  for (const [name, kind] of Object.entries(shape)) {
    const value = line[name];
    const isOptional = kind.endsWith('?');
    if (value === undefined && isOptional) continue;
    if (!KINDS[isOptional ? kind.slice(0, -1) : kind]?.(value)) return undefined;
  }
  const begun = typeof since === 'string' ? Date.parse(since) : time;
  return {
    ...line,
    time,
    ...(type === 'closed' ? { since: begun } : {}),
  } as unknown as ServerEvent;
}

/** How many events were lost on the way, if a line tells that. */
export function lostIn(line: unknown): number {
  if (!isFields(line) || line['type'] !== 'lost') return 0;
  return isCount(line['count']) ? (line['count'] as number) : 1;
}
