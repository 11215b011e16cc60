import type { Duplex } from 'node:stream';
import { Cancellation, type CancellationToken } from '../base/cancellation.js';
import type { Address } from '../protocol/address.js';
import type { CommandName } from '../protocol/socks5.js';
import { toTransport } from '../transport/sockettransport.js';
import type { Transport } from '../transport/transport.js';
import { DialError } from './dial.js';
import type { LocalAddressOf } from './from.js';

/** A connection that a client asks for: what the way out is chosen by. */
export interface OutboundRequest {
  /** DST.ADDR and DST.PORT as the client named them. */
  readonly destination: Address;
  readonly command: CommandName;
  /** Where the client comes from. */
  readonly client: Address;
  /** The name of the listener that it came by. */
  readonly listener: string;
  /** undefined for an anonymous client. */
  readonly user: string | undefined;
  readonly group: string | undefined;
  /** Chooses the local address that its connections leave by; the routes do, if it is left out. */
  readonly from?: LocalAddressOf | undefined;
}

/** A connection that a client asks for, and that is allowed. */
export interface ConnectRequest extends OutboundRequest {
  /**
   * The IP addresses that may be dialled, in order of preference; never empty. undefined if the
   * destination is a name and the outbound resolves names itself.
   */
  readonly addresses: readonly string[] | undefined;
  /** ms; what comes later is not waited for. */
  readonly timeout: number;
  /** Aborted when nobody waits any more: the client has left, or the time is up. */
  readonly signal: AbortSignal;
  /** The same, for who wants no signal: one is made when it is asked for, and costs something. */
  readonly cancellation: CancellationToken;
}

/** A way out: how connections to destinations are made. */
export interface Outbound {
  readonly id: string;
  /**
   * Whether names are resolved by it or behind it. Then nothing is resolved here, and rules judge
   * a name as it is; else each address that may be dialled is judged.
   */
  readonly resolves: boolean;
  /** Whether it makes a connection; every connection, if it is left out. */
  serves?(request: OutboundRequest): boolean;
  /**
   * @returns a connection: a transport, paused, or a stream that allows half-open.
   * @throws an error whose `code` is the system's (`ECONNREFUSED`, ...): the reply depends on it.
   */
  connect(request: ConnectRequest): Promise<Transport | Duplex>;
}

/** The way out of a request: the last one registered that serves it. @throws if none does. */
export function routeOf(outbounds: Iterable<Outbound>, request: OutboundRequest): Outbound {
  const outbound = [...outbounds].findLast((one) => one.serves?.(request) ?? true);
  if (outbound === undefined) throw new Error('no outbound serves it');
  return outbound;
}

/** A connection that is being made. */
class Connecting implements ConnectRequest {
  readonly destination: Address;
  readonly command: CommandName;
  readonly client: Address;
  readonly listener: string;
  readonly user: string | undefined;
  readonly group: string | undefined;
  readonly from: LocalAddressOf | undefined;
  readonly addresses: readonly string[] | undefined;
  readonly timeout: number;
  readonly cancellation = new Cancellation();
  #signal: AbortSignal | undefined;

  constructor(
    { destination, command, client, listener, user, group, from }: OutboundRequest,
    addresses: readonly string[] | undefined,
    timeout: number,
  ) {
    this.destination = destination;
    this.command = command;
    this.client = client;
    this.listener = listener;
    this.user = user;
    this.group = group;
    this.from = from;
    this.addresses = addresses;
    this.timeout = timeout;
  }

  get signal(): AbortSignal {
    this.#signal ??= this.cancellation.toSignal();
    return this.#signal;
  }
}

/**
 * Connects through an outbound, and waits no longer for it than `timeout`, whatever it does.
 *
 * @param addresses see {@link ConnectRequest.addresses}.
 * @param timeout ms.
 * @param cancellation gives up.
 * @throws what the outbound throws; {@link DialError} when the time is up or it is given up.
 */
export function connectThrough(
  outbound: Outbound,
  request: OutboundRequest,
  addresses: readonly string[] | undefined,
  timeout: number,
  cancellation: Cancellation,
): Promise<Transport> {
  return new Promise((resolve, reject) => {
    const connecting = new Connecting(request, addresses, timeout);
    let waiting = true;
    const finish = () => {
      waiting = false;
      clearTimeout(deadline);
      cancellation.off(cancel);
    };
    const giveUp = (code: string) => {
      finish();
      connecting.cancellation.cancel();
      reject(new DialError(code));
    };
    const cancel = () => giveUp('ECANCELED');
    const deadline = setTimeout(() => giveUp('ETIMEDOUT'), timeout);
    if (cancellation.cancelled) {
      cancel();
      return;
    }
    cancellation.on(cancel);
    const run = async () => {
      try {
        const transport = toTransport(await outbound.connect(connecting));
        if (waiting) resolve(transport);
        else transport.abort();
      } catch (error) {
        reject(error);
      }
      finish();
    };
    void run();
  });
}
