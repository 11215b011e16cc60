import { connect as connectSocket } from 'node:net';
import { codeOf } from '../base/errors.js';
import type { Address } from '../protocol/address.js';
import { type ConnectRequest, errorName, type TcpHandle, tcp } from './handles.js';
import { HandleTransport } from './handletransport.js';
import { SocketTransport } from './sockettransport.js';
import type { Transport } from './transport.js';

/** An attempt to connect that can be given up. */
export interface Attempt {
  /** Gives up; after the outcome it does nothing. */
  cancel(): void;
}

/** What comes of an attempt: a transport, or why there is none, as the system says it. */
export interface Outcome {
  connected(transport: Transport): void;
  /** @param code such as `ECONNREFUSED`. */
  failed(code: string): void;
}

/**
 * Connects to an IP address.
 *
 * @param outcome told later what comes of it, once, unless it is cancelled.
 * @param local the IP address to leave by; the system's choice if left out.
 */
export function connect(to: Address, outcome: Outcome, local?: string): Attempt {
  return tcp === undefined
    ? connectBySocket(to, outcome, local)
    : new HandleAttempt(to, outcome, local);
}

type OwnConnect = ConnectRequest & { attempt: HandleAttempt };

function onConnected(this: ConnectRequest, status: number): void {
  (this as OwnConnect).attempt.settle(status);
}

class HandleAttempt implements Attempt {
  readonly #handle: TcpHandle;
  readonly #to: Address;
  #outcome: Outcome | undefined;

  constructor(to: Address, outcome: Outcome, local: string | undefined) {
    if (tcp === undefined) throw new Error('there are no TCP handles');
    this.#to = to;
    this.#outcome = outcome;
    this.#handle = tcp.createHandle();
    const request = new tcp.ConnectWrap() as OwnConnect;
    request.attempt = this;
    request.oncomplete = onConnected;
    const status = this.#begin(request, local);
    if (status !== 0) process.nextTick(() => this.settle(status));
  }

  #begin(request: ConnectRequest, local: string | undefined): number {
    const handle = this.#handle;
    const { host, port } = this.#to;
    const isV6 = host.includes(':');
    if (local !== undefined) {
      const status = isV6 ? handle.bind6(local, 0, 0) : handle.bind(local, 0);
      if (status !== 0) return status;
    }
    return isV6 ? handle.connect6(request, host, port) : handle.connect(request, host, port);
  }

  /** @internal */
  settle(status: number): void {
    const outcome = this.#outcome;
    if (outcome === undefined) return;
    this.#outcome = undefined;
    if (status === 0) {
      this.#handle.setNoDelay(true);
      outcome.connected(new HandleTransport(this.#handle, this.#to));
    } else {
      this.#handle.close();
      outcome.failed(errorName(status));
    }
  }

  cancel(): void {
    if (this.#outcome === undefined) return;
    this.#outcome = undefined;
    this.#handle.close();
  }
}

function connectBySocket(to: Address, outcome: Outcome, local: string | undefined): Attempt {
  const { host, port } = to;
  const socket = connectSocket({
    ...{ host, port, allowHalfOpen: true, noDelay: true },
    ...(local === undefined ? {} : { localAddress: local }),
  });
  let waiting = true;
  const settle = (tell: () => void) => {
    if (!waiting) return;
    waiting = false;
    tell();
  };
  socket.on('error', (error) => settle(() => outcome.failed(codeOf(error) ?? 'EIO')));
  socket.on('connect', () => settle(() => outcome.connected(new SocketTransport(socket, to))));
  return { cancel: () => settle(() => socket.destroy()) };
}
