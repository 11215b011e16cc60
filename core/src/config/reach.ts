import { isLoopback } from '../access/network.js';
import { UserError } from '../base/errors.js';
import { whereIs } from '../listening/bind.js';
import { ownerOf, parseMode, type SocketAccess, socketPath } from '../listening/unixsocket.js';
import type { Address } from '../protocol/address.js';
import { parseIP } from '../protocol/ip.js';
import type { CheckedOptions } from './settings.js';

/**
 * The first address at which others than this machine's programs reach a server.
 *
 * @returns where it is, even if it was inherited; undefined if there is none.
 */
export function addressBeyond(addresses: readonly Address[]): Address | undefined {
  return addresses.map(whereIs).find(({ host }) => {
    return socketPath(host) === undefined && !isLoopback(parseIP(host) ?? new Uint8Array());
  });
}

/**
 * Who may open UNIX sockets, as options say.
 *
 * @throws {UserError} if there is no such user or group.
 */
export function socketAccessOf({ unixMode, unixOwner }: CheckedOptions): SocketAccess {
  const nobodyElse = { uid: undefined, gid: undefined };
  try {
    const owner = unixOwner === undefined ? nobodyElse : ownerOf(unixOwner);
    return { mode: parseMode(unixMode), ...owner };
  } catch (error) {
    throw UserError.at('unix-owner', error, { code: 'invalid-option', option: 'unixOwner' });
  }
}
