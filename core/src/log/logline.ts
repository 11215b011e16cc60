import type { LogLevel } from '../config/settings.js';
import type { ServerEvent } from '../events.js';
import { formatAddress } from '../protocol/address.js';

/** The levels from the most severe on, and their priorities (syslog(3)). */
export const PRIORITIES: Readonly<Record<Exclude<LogLevel, 'none'>, number>> = {
  err: 3,
  warn: 4,
  notice: 5,
  info: 6,
  debug: 7,
};

/** How much an event matters. */
export function levelOf(type: ServerEvent['type']): Exclude<LogLevel, 'none'> {
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
      return 'notice';
    case 'closed':
      return 'info';
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
 */
export function logValue(value: string): string {
  if (/^[\w.:@/*[\]+,%~-]+$/.test(value)) return value;
  return visibleJson(value);
}

/** JSON of visible ASCII only: no terminal and no other program takes it for more than it is. */
function visibleJson(value: unknown): string {
  return JSON.stringify(value).replace(/[^\x20-\x7e]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

type Field = readonly [name: string, value: string | number | undefined];

function fieldsOf(event: ServerEvent): readonly Field[] {
  switch (event.type) {
    case 'listening':
    case 'stopped':
      return [['address', formatAddress(event.address)]];
    case 'reloaded':
    case 'warning':
    case 'error':
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
      ];
    case 'rejected':
      return [
        ['client', formatAddress(event.client)],
        ['user', event.user ?? '-'],
        ['command', event.command],
        ['destination', event.destination && formatAddress(event.destination)],
        ['reason', event.reason],
        ['detail', event.detail],
      ];
    case 'closed':
      return [
        ['client', formatAddress(event.client)],
        ['user', event.user ?? '-'],
        ['command', event.command ?? '-'],
        ['destination', event.destination === undefined ? '-' : formatAddress(event.destination)],
        ['up', event.up],
        ['down', event.down],
        ['dropped', event.dropped || undefined],
        ['duration', (event.duration / 1000).toFixed(3)],
        ['reason', event.reason],
      ];
  }
}

/** An event as people read it, without its time: `closed #7 client=... reason=finished`. */
export function logText(event: ServerEvent): string {
  if ('message' in event) return event.message.replace(/[^\x20-\x7e]/g, '?');
  let text = 'id' in event ? `${event.type} #${event.id}` : event.type;
  for (const [name, value] of fieldsOf(event)) {
    if (value !== undefined) {
      text += ` ${name}=${typeof value === 'number' ? value : logValue(value)}`;
    }
  }
  return text;
}

/** An event as a machine reads it: one JSON object, its time in RFC 3339 form. */
export function logJson(event: ServerEvent): string {
  const { time, ...rest } = event;
  return visibleJson({ time: new Date(time).toISOString(), level: levelOf(event.type), ...rest });
}
