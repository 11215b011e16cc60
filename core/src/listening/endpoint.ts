import { readFileSync } from 'node:fs';
import { UserError } from '../base/errors.js';
import { hidePasswords } from '../outbound/upstream/url.js';
import { canonicalIP, parseIP } from '../protocol/ip.js';
import { parseDescriptor } from './inherited.js';
import { parseSocketPath } from './unixsocket.js';

/** The port of SOCKS (IANA's service `socks`). */
export const DEFAULT_PORT = 1080;

/** Where to listen, as it was written. */
export interface Endpoint {
  /** The layer that clients have to speak, such as `tls`; left out where there is none. */
  readonly scheme?: string;
  /**
   * An IP address or a host name; undefined: all addresses. Without a port, `unix:` and a whole path,
   * or `fd@` and a descriptor.
   */
  readonly host: string | undefined;
  readonly port: number;
}

const servicesFile =
  process.platform === 'win32'
    ? `${process.env['SystemRoot'] ?? 'C:\\Windows'}\\System32\\drivers\\etc\\services`
    : '/etc/services';

/** The TCP port of a service name (services(5)). */
function servicePort(name: string): number | undefined {
  let text: string;
  try {
    text = readFileSync(servicesFile, 'utf8');
  } catch {
    text = '';
  }
  for (const line of text.split('\n')) {
    const [service, port, ...aliases] = line.replace(/#.*/, '').trim().split(/\s+/);
    const match = /^(\d+)\/tcp$/.exec(port ?? '');
    if (match !== null && (service === name || aliases.includes(name))) return Number(match[1]);
  }
  return name === 'socks' ? DEFAULT_PORT : undefined;
}

function parsePort(text: string, whole: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : servicePort(text);
  if (port === undefined || port > 65535) {
    throw new UserError(
      `"${whole}": "${text}" is not a port; expected a number from 0 to 65535 or a service name`,
    );
  }
  return port;
}

/**
 * Reads `[SCHEME://][ADDRESS][:PORT]`. The scheme names the layer that clients have to speak, such
 * as `tls`. The address is an IP address (IPv6 in brackets), a host name, or `*` or nothing for all
 * addresses; the port is a number or a service name, 1080 if it is left out.
 *
 * @throws {UserError} if it is malformed.
 */
export function parseEndpoint(text: string): Endpoint {
  if (/:\/\/.*@/s.test(text)) {
    throw new UserError(
      `"${hidePasswords(text)}" is no address to listen at, where nobody logs in; connections go ` +
        'through a proxy with --via',
    );
  }
  const [scheme, place] = splitScheme(text);
  const match = /^(?:\[([^\]]+)\]|([^\s:/[\]]*))(?::([^:\]]*))?$/.exec(place);
  if (match === null || text === '') {
    const hint =
      parseIP(place) !== undefined ? `; an IPv6 address stands in brackets: [${place}]` : '';
    throw new UserError(`"${text}" is not [ADDRESS][:PORT]${hint}`);
  }
  const [, v6, name, port] = match;
  if (v6 !== undefined && parseIP(v6) === undefined) {
    throw new UserError(`"${text}": "${v6}" is not an IPv6 address`);
  }
  const host = v6 ?? name ?? '';
  if (/^\d+$/.test(host)) {
    throw new UserError(`"${text}" is not [ADDRESS][:PORT]; a port alone is written :${host}`);
  }
  return {
    ...(scheme === undefined ? {} : { scheme }),
    host: host === '' || host === '*' ? undefined : canonicalIP(host),
    port: port === undefined || port === '' ? DEFAULT_PORT : parsePort(port, text),
  };
}

/**
 * Reads where to listen: `[ADDRESS][:PORT]`, `unix:PATH`, or `fd@NUMBER`, a descriptor that the
 * process was started with; perhaps behind `SCHEME://`, as {@link parseEndpoint} has it.
 *
 * @throws {UserError} if it is malformed.
 */
export function parseListenEndpoint(text: string): Endpoint {
  const [scheme, place] = splitScheme(text);
  const isDescriptor = parseDescriptor(place) !== undefined;
  const host = isDescriptor ? place : parseSocketPath(place);
  if (host === undefined) return parseEndpoint(text);
  return scheme === undefined ? { host, port: 0 } : { scheme, host, port: 0 };
}

/** Takes what stands before `://` off, if it is a scheme. */
function splitScheme(text: string): readonly [scheme: string | undefined, place: string] {
  const [, scheme, place = ''] = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(.*)$/s.exec(text) ?? [];
  return [scheme, place];
}
