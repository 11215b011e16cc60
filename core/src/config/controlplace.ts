import { isLoopback } from '../access/network.js';
import { UserError } from '../base/errors.js';
import { parseSocketPath, socketPath } from '../listening/unixsocket.js';
import type { Address } from '../protocol/address.js';
import { parseIP } from '../protocol/ip.js';

/** Where a server can be controlled: a UNIX socket, or a TCP port of loopback. */
export type ControlPlace =
  | { readonly path: string; readonly address?: undefined }
  | { readonly path?: undefined; readonly address: Address };

/**
 * Reads `unix:PATH` or `ADDRESS:PORT`, where ADDRESS is one of loopback.
 *
 * @throws {UserError} if it is something else.
 */
export function parseControlPlace(text: string): ControlPlace {
  const path = socketPath(parseSocketPath(text) ?? '');
  if (path !== undefined) return { path };
  const [, four, six, port = ''] = /^(?:([^:[\]]+)|\[([^[\]]+)\]):(\d{1,5})$/.exec(text) ?? [];
  const host = four === 'localhost' ? '127.0.0.1' : (four ?? six ?? '');
  const ip = parseIP(host);
  if (ip === undefined || Number(port) > 65535 || Number(port) === 0) {
    throw new UserError(`expected unix:PATH or 127.0.0.1:PORT, not "${text}"`);
  }
  if (!isLoopback(ip)) {
    throw new UserError(
      `"${text}" is not on loopback, and the control interface is not for the network; ` +
        'expected unix:PATH or 127.0.0.1:PORT',
    );
  }
  return { address: { host, port: Number(port) } };
}
