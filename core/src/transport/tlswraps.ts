import type { SecureContext } from 'node:tls';
import type { ShutdownRequest, TcpHandle, WriteRequest } from './handles.js';
import { tcp } from './handles.js';

/** TLS on a TCP handle as Node's core has it: `tls_wrap` and `stream_base`. */
export interface TlsWrap {
  onread: (this: TlsWrap) => Uint8Array | undefined;
  /** Called when a handshake begins, and when one is done. */
  onhandshakestart: (this: TlsWrap) => void;
  onhandshakedone: (this: TlsWrap) => void;
  /** Called for what goes wrong in TLS, in a handshake or later. */
  onerror: (this: TlsWrap, error: Error) => void;
  /** Reads into a buffer until `onread` returns another; whoever calls it has to keep that. */
  useUserBuffer(buffer: Uint8Array): void;
  readStart(): number;
  readStop(): number;
  /** One at a time: another before the request is over ends the process. */
  writeBuffer(request: WriteRequest, bytes: Uint8Array): number;
  shutdown(request: ShutdownRequest): number;
  /** Takes what was read already. */
  receive(bytes: Uint8Array): void;
  setVerifyMode(requestCertificate: boolean, rejectUnauthorized: boolean): void;
  /** What is wrong with the certificate of the peer, if anything. */
  verifyError(): (Error & { readonly code?: string }) | null | undefined;
  getPeerCertificate(): { readonly subject?: object } | undefined;
  /** Gives back what OpenSSL has allocated, once the handle is closed. */
  destroySSL(): void;
}

interface Binding {
  readonly TLSWrap: { readonly prototype: object };
  wrap(handle: TcpHandle, context: object, isServer: boolean, hasActiveWrite: boolean): TlsWrap;
}

const methods = [
  ...['useUserBuffer', 'readStart', 'readStop', 'writeBuffer', 'shutdown', 'receive'],
  ...['setVerifyMode', 'verifyError', 'getPeerCertificate', 'destroySSL'],
];

function detect(): Binding | undefined {
  if (tcp === undefined) return undefined;
  try {
    const { binding } = process as unknown as { binding(name: string): unknown };
    const found = binding.call(process, 'tls_wrap') as Partial<Binding>;
    const prototype = found.TLSWrap?.prototype ?? {};
    const known = methods.every((name) => typeof Reflect.get(prototype, name) === 'function');
    return known && typeof found.wrap === 'function' ? (found as Binding) : undefined;
  } catch {
    return undefined;
  }
}

const binding = detect();

/** Whether Node's internals are as they were on Node 20 to 26 and in Electron 41. */
export const hasTlsWraps = binding !== undefined;

/** Puts a server's side of TLS on a handle, on which nothing is being written. */
export function wrapServer(handle: TcpHandle, { context }: SecureContext): TlsWrap {
  return (binding as Binding).wrap(handle, context as object, true, false);
}
