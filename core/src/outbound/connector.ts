import type { Duplex } from 'node:stream';
import { Cancellation } from '../base/cancellation.js';
import type { Address } from '../protocol/address.js';
import { toTransport } from '../transport/sockettransport.js';
import type { Transport } from '../transport/transport.js';
import { DialError, dial } from './dial.js';

/** A connection that a client asks for and that is allowed. */
export interface ConnectTarget {
  /** DST.ADDR and DST.PORT as the client named them. */
  readonly destination: Address;
  /** The IP addresses that may be dialled, in order of preference; never empty. */
  readonly addresses: readonly string[];
  /** undefined for an anonymous client. */
  readonly user: string | undefined;
  /** ms; what comes later is not waited for. */
  readonly timeout: number;
  /** Gives up: the client has left. */
  readonly signal: AbortSignal;
}

/** How outgoing connections are made. */
export interface Connector {
  readonly id: string;
  /** Whether it makes a connection; every connection, if it is left out. */
  serves?(target: Omit<ConnectTarget, 'timeout' | 'signal'>): boolean;
  /**
   * @returns a connection: a transport, paused, or a stream that allows half-open.
   * @throws an error whose `code` is the system's (`ECONNREFUSED`, ...): the reply depends on it.
   */
  connect(target: ConnectTarget): Promise<Transport | Duplex>;
}

/** Connects straight to the destination. */
export const direct: Connector = {
  id: 'direct',
  connect: ({ addresses, destination, timeout, signal }) =>
    dial(addresses, destination.port, { timeout, cancellation: Cancellation.of(signal) }),
};

/**
 * Connects through a connector, and waits no longer for it than the target says, whatever it does.
 *
 * @throws what the connector throws; {@link DialError} when the time is up or the client has left.
 */
export function connectThrough(
  connector: Connector,
  target: Omit<ConnectTarget, 'signal'>,
  cancellation: Cancellation,
): Promise<Transport> {
  const { timeout } = target;
  if (connector === direct) {
    return dial(target.addresses, target.destination.port, { timeout, cancellation });
  }
  return new Promise((resolve, reject) => {
    let waiting = true;
    const finish = () => {
      waiting = false;
      clearTimeout(deadline);
      cancellation.off(cancel);
    };
    const giveUp = (code: string) => {
      finish();
      reject(new DialError(code));
    };
    const cancel = () => giveUp('ECANCELED');
    const connecting = connector.connect({ ...target, signal: cancellation.toSignal() });
    const deadline = setTimeout(() => giveUp('ETIMEDOUT'), timeout);
    cancellation.on(cancel);
    connecting.then(
      (stream) => {
        const transport = toTransport(stream);
        if (!waiting) transport.abort();
        else resolve(transport);
        finish();
      },
      (error) => {
        finish();
        reject(error);
      },
    );
  });
}
