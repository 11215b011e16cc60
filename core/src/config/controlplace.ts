import { isLoopback } from '../access/network.js';
import { UserError } from '../base/errors.js';
import { parseSocketPath, socketPath } from '../listening/unixsocket.js';
import type { Address } from '../protocol/address.js';
import { parseIP } from '../protocol/ip.js';

/** Where a server can be controlled: a UNIX socket, a TCP port of loopback, or one with TLS. */
export type ControlPlace =
  | { readonly path: string; readonly address?: undefined }
  | { readonly path?: undefined; readonly address: Address; readonly tls: boolean };

const EXPECTED = 'unix:PATH, 127.0.0.1:PORT or tls:ADDRESS:PORT';

/**
 * Reads `unix:PATH`, `ADDRESS:PORT`, where ADDRESS is one of loopback, or `tls:ADDRESS:PORT`.
 *
 * @param names whether ADDRESS may be a name as well, as whoever connects to it may use one.
 * @throws {UserError} if it is something else.
 */
export function parseControlPlace(text: string, names = false): ControlPlace {
  const path = socketPath(parseSocketPath(text) ?? '');
  if (path !== undefined) return { path };
  const tls = text.startsWith('tls:');
  const [, four, six, port = ''] =
    /^(?:tls:)?(?:([^:[\]]+)|\[([^[\]]+)\]):(\d{1,5})$/.exec(text) ?? [];
  const host = four === 'localhost' ? '127.0.0.1' : (four ?? six ?? '');
  const ip = parseIP(host);
  const isNamed = tls && names && four !== undefined && /^[\w.-]{1,255}$/.test(host);
  if ((ip === undefined && !isNamed) || Number(port) > 65535 || Number(port) === 0) {
    throw new UserError(`expected ${EXPECTED}, not "${text}"`);
  }
  if (!tls && ip !== undefined && !isLoopback(ip)) {
    throw new UserError(
      `"${text}" is not on loopback, and without TLS the control interface is not for the ` +
        `network; expected ${EXPECTED}`,
    );
  }
  return { address: { host, port: Number(port) }, tls };
}
