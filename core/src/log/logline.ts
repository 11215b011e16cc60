import type { LogFormat, LogLevel } from '../config/settings.js';
import { formatAddress, formatEndpoint } from '../protocol/address.js';
import type { ServerEvent } from './events.js';

/** How a service is: what SIGUSR1 asks for. */
export interface Status {
  readonly type: 'status';
  /** ms since 1970. */
  readonly time: number;
  /** Since it started, s. */
  readonly uptime: number;
  readonly workers: number | undefined;
  /** Connections at this moment. */
  readonly connections: number;
  /** Those of them that have made no request yet. */
  readonly handshakes: number;
  readonly connect: number;
  readonly bind: number;
  readonly associate: number;
  /** Different users of them. */
  readonly users: number;
  /** Bytes that these connections have moved so far, from and to clients. */
  readonly up: number;
  readonly down: number;
  /** Memory of the process that logs, bytes. */
  readonly memory: number;
}

/** What has a line in the log. */
export type LogEntry = ServerEvent | Status;

/** The levels from the most severe on, and their priorities (syslog(3)). */
export const PRIORITIES: Readonly<Record<Exclude<LogLevel, 'none'>, number>> = {
  err: 3,
  warn: 4,
  notice: 5,
  info: 6,
  debug: 7,
};

/** The second that was written last, s since 1970, and how. */
let lastSecond = Number.NaN;
let lastText = '';

/**
 * A time in RFC 3339's form, with milliseconds. Of each second the text is made once: a busy log
 * has thousands of lines in it.
 *
 * @param time ms since 1970.
 */
export function timeStamp(time: number): string {
  const second = Math.floor(time / 1000);
  if (second !== lastSecond) {
    lastSecond = second;
    lastText = new Date(second * 1000).toISOString().slice(0, -'000Z'.length);
  }
  return `${lastText}${String(Math.floor(time) - second * 1000).padStart(3, '0')}Z`;
}

/** How much an event matters. */
export function levelOf(type: LogEntry['type']): Exclude<LogLevel, 'none'> {
  switch (type) {
    case 'error':
      return 'err';
    case 'warning':
      return 'warn';
    case 'authentication-failed':
    case 'rejected':
    case 'listening':
    case 'stopped':
    case 'reloaded':
    case 'status':
      return 'notice';
    case 'closed':
    case 'info':
      return 'info';
    case 'debug':
    case 'connection':
    case 'authenticated':
    case 'request':
    case 'established':
      return 'debug';
  }
}

/**
 * A value as it may stand in a line: whatever could be taken for something else (spaces, quotes,
 * control characters, anything beyond ASCII) is quoted and escaped as in JSON.
 *
 * @param limit characters at most; a longer value is cut, and dots behind its last quote say so:
 *   no client can put them there.
 */
export function logValue(value: string, limit = Number.POSITIVE_INFINITY): string {
  if (value.length <= limit && /^[\w.:@/*[\]+,%~-]+$/.test(value)) return value;
  const json = visibleJson(value);
  return json.length <= limit ? json : `${visibleJson(cut(value, limit - 5))}...`;
}

/** JSON of visible ASCII only: no terminal and no other program takes it for more than it is. */
function visibleJson(value: unknown): string {
  return JSON.stringify(value).replace(/[^\x20-\x7e]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** The start of a text that has so many characters at most when it is escaped. */
function cut(text: string, limit: number): string {
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    length += visibleJson(text.charAt(i)).length - 2;
    if (length > limit) return text.slice(0, i);
  }
  return text;
}

type Field = readonly [name: string, value: string | number | undefined];

/** The dialect, where it is not one that a SOCKS server's clients are expected to speak. */
function dialectToTell(dialect: string | undefined): string | undefined {
  return dialect?.startsWith('socks') ? undefined : dialect;
}

function fieldsOf(event: LogEntry): readonly Field[] {
  switch (event.type) {
    case 'listening':
      return [
        ['address', formatEndpoint({ ...event.address, scheme: event.scheme })],
        ['before', event.before],
      ];
    case 'stopped':
      return [['address', formatEndpoint({ ...event.address, scheme: event.scheme })]];
    case 'reloaded':
    case 'warning':
    case 'error':
    case 'info':
    case 'debug':
      return [];
    case 'connection':
      return [['client', formatAddress(event.client)]];
    case 'authenticated':
      return [
        ['client', formatAddress(event.client)],
        ['user', event.user ?? '-'],
        ['group', event.group],
        ['method', event.method],
      ];
    case 'authentication-failed':
      return [
        ['client', formatAddress(event.client)],
        ['user', event.user ?? '-'],
        ['method', event.method],
        ['detail', event.detail],
        ['lockout', event.lockout && 'begins'],
      ];
    case 'request':
      return [
        ['client', formatAddress(event.client)],
        ['command', event.command],
        ['destination', formatAddress(event.destination)],
      ];
    case 'established':
      return [
        ['client', formatAddress(event.client)],
        ['bound', formatAddress(event.bound)],
        ['remote', event.remote && formatAddress(event.remote)],
        ['via', event.via],
      ];
    case 'rejected':
      return [
        ['client', formatAddress(event.client)],
        ['user', event.user ?? '-'],
        ['dialect', dialectToTell(event.dialect)],
        ['command', event.command],
        ['destination', event.destination && formatAddress(event.destination)],
        ['reason', event.reason],
        ['detail', event.detail],
      ];
    case 'closed':
      return [
        ['client', formatAddress(event.client)],
        ['user', event.user ?? '-'],
        ['dialect', dialectToTell(event.dialect)],
        ['command', event.command ?? '-'],
        ['destination', event.destination === undefined ? '-' : formatAddress(event.destination)],
        ['via', event.via],
        ['up', event.up],
        ['down', event.down],
        ['dropped', event.dropped || undefined],
        ['duration', (event.duration / 1000).toFixed(3)],
        ['reason', event.reason],
      ];
    case 'status':
      return [
        ['uptime', Math.round(event.uptime)],
        ['workers', event.workers],
        ['connections', event.connections],
        ['handshakes', event.handshakes],
        ['connect', event.connect],
        ['bind', event.bind],
        ['associate', event.associate],
        ['users', event.users],
        ['up', event.up],
        ['down', event.down],
        ['memory', event.memory],
      ];
  }
}

/**
 * An event as people read it, without its time: `closed #7 client=... reason=finished`.
 *
 * @param limit characters of one value at most, as {@link logValue} cuts it.
 */
export function logText(event: LogEntry, limit = Number.POSITIVE_INFINITY): string {
  if ('message' in event) {
    const text = event.message.replace(/[^\x20-\x7e]/g, '?');
    return text.length <= limit ? text : `${text.slice(0, limit - CUT.length)}${CUT}`;
  }
  let text = 'id' in event ? `${event.type} #${event.id}` : event.type;
  for (const [name, value] of fieldsOf(event)) {
    if (value !== undefined) {
      text += ` ${name}=${typeof value === 'number' ? value : logValue(value, limit)}`;
    }
  }
  if ('balancer' in event && event.balancer !== undefined) {
    text += ` balancer=${logValue(formatAddress(event.balancer), limit)}`;
  }
  if ('listener' in event && event.listener !== undefined) {
    text += ` listener=${logValue(event.listener, limit)}`;
  }
  return text;
}

function jsonOf(event: LogEntry): Readonly<Record<string, unknown>> {
  const { time, ...rest } = event;
  const entry = { time: timeStamp(time), level: levelOf(event.type), ...rest };
  if (event.type !== 'closed') return entry;
  return { ...entry, since: timeStamp(event.since), duration: Math.round(event.duration) };
}

function picked(
  entry: Readonly<Record<string, unknown>>,
  fields: readonly string[],
): Readonly<Record<string, unknown>> {
  if (fields.length === 0) return entry;
  return Object.fromEntries(fields.map((field) => [field, entry[field]]));
}

/**
 * An event as a machine reads it: one JSON object, its time in RFC 3339 form.
 *
 * @param limit characters of one text in it at most; if any is cut, `cut` is true.
 * @param fields those that it has, in this order, as far as there is something in them; all, if
 *   there are none.
 */
export function logJson(
  event: LogEntry,
  limit = Number.POSITIVE_INFINITY,
  fields: readonly string[] = [],
): string {
  const entry = picked(jsonOf(event), fields);
  if (limit === Number.POSITIVE_INFINITY) return visibleJson(entry);
  let isCut = false;
  const short = JSON.parse(
    JSON.stringify(entry, (_, value: unknown) => {
      if (typeof value !== 'string') return value;
      const start = cut(value, limit);
      isCut ||= start !== value;
      return start;
    }),
  );
  return visibleJson(isCut ? { ...short, cut: true } : short);
}

/** What stands where the rest of a message is left out. */
const CUT = ' ... (cut)';

/** Characters of a value, tried one after the other, in a line that has to be short. */
const VALUE_LIMITS = [600, 240, 120, 60, 30];

/**
 * An event as one line of bounded length, which loses parts of its longest values rather than
 * fields.
 *
 * @param max characters, and thus bytes, at most; 600 or more.
 */
export function shortLine(
  event: LogEntry,
  format: LogFormat,
  max: number,
  fields: readonly string[] = [],
): string {
  const line = (event: LogEntry, limit?: number) =>
    format === 'json' ? logJson(event, limit, fields) : logText(event, limit);
  let text = line(event);
  for (const limit of VALUE_LIMITS) {
    if (text.length <= max) return text;
    text = line(event, limit);
  }
  return text.length <= max ? text : `${text.slice(0, max - CUT.length)}${CUT}`;
}
