import { getSystemErrorMap, getSystemErrorName } from 'node:util';

/** A TCP connection or a listening socket as Node's core has it: `tcp_wrap` and `stream_base`. */
export interface TcpHandle {
  onread: (this: TcpHandle) => Uint8Array | undefined;
  /** Called for each connection that a listening handle has accepted. */
  onconnection?: (this: unknown, error: number, handle?: TcpHandle) => void;
  readonly writeQueueSize: number;
  /** Reads into a buffer until `onread` returns another; whoever calls it has to keep that. */
  useUserBuffer(buffer: Uint8Array): void;
  readStart(): number;
  readStop(): number;
  writeBuffer(request: WriteRequest, bytes: Uint8Array): number;
  shutdown(request: ShutdownRequest): number;
  bind(address: string, port: number): number;
  bind6(address: string, port: number, flags: number): number;
  connect(request: ConnectRequest, address: string, port: number): number;
  connect6(request: ConnectRequest, address: string, port: number): number;
  getsockname(to: Partial<SocketName>): number;
  getpeername(to: Partial<SocketName>): number;
  setNoDelay(on: boolean): number;
  /** @param delay how long a connection may rest before it is probed, seconds. */
  setKeepAlive(on: boolean, delay: number): number;
  /** @param done called when it is closed. */
  close(done?: () => void): void;
  reset(done?: () => void): number;
}

export interface SocketName {
  readonly address: string;
  readonly port: number;
}

export interface WriteRequest {
  oncomplete: (this: this, status: number) => void;
}

export interface ShutdownRequest {
  oncomplete: (this: this, status: number) => void;
}

export interface ConnectRequest {
  oncomplete: (this: this, status: number) => void;
}

/** What this program knows of Node's internals. */
export interface TcpBinding {
  /** Makes a handle for an outgoing connection. */
  createHandle(): TcpHandle;
  readonly WriteWrap: new () => WriteRequest;
  readonly ShutdownWrap: new () => ShutdownRequest;
  readonly ConnectWrap: new () => ConnectRequest;
  /** Bytes of the read that `onread` tells, or the negative system error, `UV_EOF` among them. */
  lastRead(): number;
  /** Whether the write of before goes on after the call. */
  wasAsync(): boolean;
}

const [major = 0, minor = 0] = (process.versions['uv'] ?? '').split('.').map(Number);

/**
 * Whether this libuv, before 1.52, takes a reset for an end if data came right before it: after a
 * read that did not fill the buffer it believes POLLHUP without the read(2) that would fail
 * ("Short-circuit iff POLLHUP" in its src/unix/stream.c). It has stopped reading then: an end that
 * is one is told again when it is started once more.
 */
export const hidesResets = major === 1 && minor < 52;

/** The end of a stream (uv_errno_t). */
export const UV_EOF = -4095;

/** What `readStart()` says of a handle that is being read (uv_read_start(3)). */
export const UV_EALREADY =
  [...getSystemErrorMap()].find(([, [name]]) => name === 'EALREADY')?.[0] ?? Number.NaN;

/** The name of a libuv error, such as `ECONNRESET`. */
export function errorName(status: number): string {
  return status === UV_EOF ? 'EOF' : getSystemErrorName(status);
}

interface TcpWrap {
  readonly TCP: new (type: number) => TcpHandle;
  readonly TCPConnectWrap: new () => ConnectRequest;
  readonly constants: { readonly SOCKET: number };
}

interface StreamWrap {
  readonly WriteWrap: new () => WriteRequest;
  readonly ShutdownWrap: new () => ShutdownRequest;
  readonly streamBaseState: Int32Array;
  readonly kReadBytesOrError: number;
  readonly kLastWriteWasAsync: number;
}

const methods = [
  ...['useUserBuffer', 'readStart', 'readStop', 'writeBuffer', 'shutdown', 'bind', 'bind6'],
  ...['connect', 'connect6', 'getsockname', 'getpeername', 'setNoDelay', 'setKeepAlive'],
  ...['close', 'reset'],
];

function open(): TcpBinding | undefined {
  const { binding } = process as unknown as { readonly binding?: (name: string) => unknown };
  if (binding === undefined) return undefined;
  const { TCP, TCPConnectWrap, constants } = binding.call(process, 'tcp_wrap') as TcpWrap;
  const stream = binding.call(process, 'stream_wrap') as StreamWrap;
  const { WriteWrap, ShutdownWrap, streamBaseState: state } = stream;
  const { kReadBytesOrError: read, kLastWriteWasAsync: async } = stream;
  const { SOCKET } = constants;
  const handle = new TCP(SOCKET);
  const known = methods.every((name) => typeof Reflect.get(handle, name) === 'function');
  handle.close();
  const places = [SOCKET, read, async, state[read], state[async]];
  if (!known || !places.every(Number.isInteger)) return undefined;
  new WriteWrap();
  new ShutdownWrap();
  new TCPConnectWrap();
  return {
    createHandle: () => new TCP(SOCKET),
    WriteWrap,
    ShutdownWrap,
    ConnectWrap: TCPConnectWrap,
    lastRead: () => state[read] as number,
    wasAsync: () => state[async] !== 0,
  };
}

function detect(): TcpBinding | undefined {
  if (process.env['PICOSOCKS5_TRANSPORT'] === 'socket') return undefined;
  try {
    return open();
  } catch {
    return undefined;
  }
}

/**
 * Node's TCP handles, where its internals are as they were on Node 20 to 26 and in Electron 41;
 * undefined elsewhere, and if the environment variable `PICOSOCKS5_TRANSPORT` is `socket`.
 *
 * Much of a connection's price, and most of its memory, is the streams machinery of net.Socket, which
 * a relay has no use for.
 */
export const tcp: TcpBinding | undefined = detect();

/** Whether something that Node accepted is a handle that is as known. */
export function isTcpHandle(handle: unknown): handle is TcpHandle {
  if (typeof handle !== 'object' || handle === null) return false;
  return methods.every((name) => typeof Reflect.get(handle, name) === 'function');
}
