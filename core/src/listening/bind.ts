import type { Address } from '../protocol/address.js';
import type { BoundHandle } from './boundhandle.js';
import { bindOrTake } from './handedon.js';
import { inheritedAddress, parseDescriptor, takeInherited } from './inherited.js';
import { bindSocket, type SocketAccess, socketPath } from './unixsocket.js';

/** Whether something stands for an address that has no port: a UNIX socket, or a descriptor. */
export function hasNoPort({ host }: Address): boolean {
  return socketPath(host) !== undefined || parseDescriptor(host) !== undefined;
}

/**
 * Where a socket listens that is asked for by an address: one that was inherited, where it is bound.
 *
 * @throws {UserError} if there is no such socket to be inherited.
 */
export function whereIs({ host, port }: Address): Address {
  const descriptor = parseDescriptor(host);
  return descriptor === undefined ? { host, port } : inheritedAddress(descriptor);
}

/**
 * Binds a socket without listening, or takes one that is bound.
 *
 * @param access who may open it, if it is a UNIX socket; only its owner, if left out.
 * @throws the system's error, or {UserError} for what was not inherited.
 */
export async function bind(
  { host, port }: Address,
  access: SocketAccess = { mode: 0o600, uid: undefined, gid: undefined },
): Promise<BoundHandle> {
  const path = socketPath(host);
  if (path !== undefined) return bindSocket(path, access);
  const descriptor = parseDescriptor(host);
  return descriptor === undefined ? bindOrTake({ host, port }) : takeInherited(descriptor);
}
