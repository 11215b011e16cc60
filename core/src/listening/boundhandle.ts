import net from 'node:net';
import { getSystemErrorMap } from 'node:util';
import type { Address } from '../protocol/address.js';

/** A socket of Node's core that is bound and does not listen yet: of TCP, or a UNIX socket. */
export interface BoundHandle {
  /** The descriptor; negative once it is closed. */
  readonly fd: number;
  /** Not there if {@link isUnixHandle}. @returns 0, or libuv's error. */
  getsockname(result: { address?: string; port?: number }): number;
  close(): void;
}

/** Whether a handle is a UNIX socket's. */
export function isUnixHandle(handle: object): boolean {
  return !('getsockname' in handle);
}

type CreateHandle = (
  address: string | null,
  port: number | null,
  family: 4 | 6 | -1 | null,
  fd: number,
  flags: number,
) => BoundHandle | number;

/** uv.h */
const UV_TCP_IPV6ONLY = 1;

/** An error of the system by its number, negative as libuv has it. */
export function systemError(errno: number): Error {
  const [code = 'UNKNOWN', message = 'unknown error'] = getSystemErrorMap().get(errno) ?? [];
  return Object.assign(new Error(message), { code, errno });
}

/** Node has no other way to a socket that is bound than the function that its module cluster uses. */
function create(...args: Parameters<CreateHandle>): BoundHandle {
  const { _createServerHandle } = net as unknown as { _createServerHandle: CreateHandle };
  const handle = _createServerHandle(...args);
  if (typeof handle === 'number') throw systemError(handle);
  return handle;
}

/**
 * Binds a TCP socket without listening.
 *
 * @throws the system's error.
 */
export function bindTcp({ host, port }: Address): BoundHandle {
  const isIPv6 = net.isIPv6(host.replace(/%.*$/, ''));
  const handle = create(host, port, isIPv6 ? 6 : 4, -1, isIPv6 ? UV_TCP_IPV6ONLY : 0);
  // libuv keeps EADDRINUSE for later; by then the socket would be another process's.
  const errno = handle.getsockname({});
  if (errno === 0) return handle;
  handle.close();
  throw systemError(errno);
}

/**
 * Binds a UNIX socket without listening: nobody can connect to it yet. The file is removed when the
 * handle is closed.
 *
 * @throws the system's error.
 */
export function bindPath(path: string): BoundHandle {
  return create(path, -1, -1, -1, 0);
}

/**
 * Takes a descriptor that is bound already.
 *
 * @throws the system's error: `EINVAL` if it is no stream socket.
 */
export function openDescriptor(fd: number): BoundHandle {
  return create(null, null, null, fd, 0);
}

interface Listening {
  _handle: BoundHandle | null;
  /** What `listen()` comes to once there is a handle (lib/net.js). */
  _listen2(address: null, port: number, family: number, backlog: number): void;
}

/**
 * Has a server listen on a socket that is bound. Of UNIX sockets its `listen()` would take the
 * descriptor only, and close that twice.
 *
 * @param server tells `listening` or `error`.
 */
export function listenOn(server: net.Server, handle: object, backlog: number): void {
  if (!isUnixHandle(handle)) {
    server.listen(handle, backlog);
    return;
  }
  const internals = server as unknown as Listening;
  internals._handle = handle as BoundHandle;
  internals._listen2(null, -1, -1, backlog);
}
