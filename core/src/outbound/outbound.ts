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

/** A request that is allowed, and for how long somebody waits for it. */
export interface AllowedRequest extends OutboundRequest {
  /** ms; what comes later is not waited for. */
  readonly timeout: number;
  /** Aborted when nobody waits any more: the client has left, or the time is up. */
  readonly signal: AbortSignal;
  /** The same, for who wants no signal: one is made when it is asked for, and costs something. */
  readonly cancellation: CancellationToken;
}

/** A connection that a client asks for, and that is allowed. */
export interface ConnectRequest extends AllowedRequest {
  /**
   * The IP addresses that may be dialled, in order of preference; never empty. undefined if the
   * destination is a name and the outbound resolves names itself.
   */
  readonly addresses: readonly string[] | undefined;
  /**
   * Of what stands before other ways: makes the connection as it would be without it.
   *
   * @returns the connection, paused.
   * @throws what the way says.
   */
  onward?(): Promise<Transport>;
}

/** A server that a URL of `--via` names: what an outbound that knows its scheme goes through. */
export interface UpstreamServer {
  /** What logs and errors call it: the name of its section, or its URL without the login. */
  readonly name: string;
  /** As in the URL, in lower case. */
  readonly scheme: string;
  /** An IP address or a name. */
  readonly host: string;
  /** 0 where its URL says none, which only schemes of extensions allow: then they connect by themselves. */
  readonly port: number;
  /** The login, as octets; the password never in a log, an event or an error. */
  readonly user: Uint8Array | undefined;
  readonly password: Uint8Array | undefined;
  /** How long it may take until it is connected, and has let us in, ms. */
  readonly timeout: number;
  /**
   * Connects to it: through other upstreams where it says so, over TLS where its scheme does.
   *
   * @returns the connection, paused.
   * @throws the system's error, or what another upstream says.
   */
  open(request: AllowedRequest): Promise<Transport>;
  /**
   * An address that it has told of itself, as it is reached from here.
   *
   * @param told undefined, or 0.0.0.0 or ::, for the host that it is.
   * @param control the connection on which it was told.
   */
  resolveTold(told: Address | undefined, control: Transport): Address;
  /**
   * A way for datagrams to an address that it has told, through other upstreams where it says so.
   *
   * @throws the system's error, or what another upstream says.
   */
  link(request: AllowedRequest, relay: Address, control: Transport): Promise<DatagramLink>;
}

/** A way for datagrams to and from one address. */
export interface DatagramLink {
  /** Takes those that come from there, from now on. */
  start(receive: (datagram: Uint8Array) => void): void;
  /** @returns false if it cannot be sent now. */
  send(parts: readonly Uint8Array[]): boolean;
  close(): void;
}

/** A way for datagrams to any destination, as an association of SOCKS 5 is one. */
export interface Datagrams {
  /** Whether it is over: nothing can be sent by it any more. */
  readonly closed: boolean;
  /** Takes the answers, from now on. */
  start(receive: (sender: Address, data: Uint8Array) => void): void;
  /** @returns false if it cannot be sent now. */
  send(destination: Address, data: Uint8Array): boolean;
  close(): void;
}

/** Where somebody else listens for one connection of a peer, as BIND wants it. */
export interface Binding {
  /** Where the peer is to connect. */
  readonly bound: Address;
  /**
   * Waits for the peer.
   *
   * @returns the connection, paused, and where it comes from.
   */
  accept(): Promise<{ readonly transport: Transport; readonly peer: Address }>;
  /** Waits no more. */
  close(): void;
}

/** Opens a way for datagrams. @param upstream as {@link Outbound.connect} has it. */
export type OpenDatagrams = (
  request: AllowedRequest,
  upstream?: UpstreamServer,
) => Promise<Datagrams>;

/** A way out: how connections to destinations are made. */
export interface Outbound {
  readonly id: string;
  /**
   * Schemes of URLs that it knows: it makes the connections that `--via` sends through the servers
   * of such URLs, and no others unless `serves` says so.
   */
  readonly schemes?: readonly string[];
  /**
   * Whether names are resolved by it or behind it. Then nothing is resolved here, and rules judge
   * a name as it is; else each address that may be dialled is judged.
   */
  readonly resolves: boolean;
  /**
   * Whether it stands before all other ways, whatever rules say: it makes each connection that it
   * serves by `request.onward()`, and can do something to it, or refuse it. Then it is no way that
   * rules can lead to. Datagrams and BIND go without it.
   */
  readonly before?: boolean;
  /** Whether it makes a connection; every connection, if it is left out. */
  serves?(request: OutboundRequest): boolean;
  /**
   * @param upstream the server to go through, where it was chosen by the scheme of its URL.
   * @returns a connection: a transport, paused, or a stream that allows half-open.
   * @throws an error whose `code` is the system's (`ECONNREFUSED`, ...): the reply depends on it.
   */
  connect(request: ConnectRequest, upstream?: UpstreamServer): Promise<Transport | Duplex>;
  /**
   * Listens for a peer (BIND). Without it, one that does not resolve leaves that to this server; one
   * that does cannot carry it.
   */
  bind?(request: AllowedRequest, upstream?: UpstreamServer): Promise<Binding>;
  /** Opens a way for datagrams (UDP ASSOCIATE). Without it, as for `bind`. */
  readonly datagrams?: OpenDatagrams | undefined;
}

/** The way out of a request: the last one registered that serves it. @throws if none does. */
export function routeOf(outbounds: Iterable<Outbound>, request: OutboundRequest): Outbound {
  const outbound = [...outbounds].findLast(
    (one) => one.before !== true && (one.serves?.(request) ?? one.schemes === undefined),
  );
  if (outbound === undefined) throw new Error('no outbound serves it');
  return outbound;
}

/** Whether a way out carries a command: by itself, or by leaving it to this server. */
export function carries(outbound: Outbound, command: CommandName): boolean {
  if (command === 'connect' || !outbound.resolves) return true;
  return (command === 'bind' ? outbound.bind : outbound.datagrams) !== undefined;
}

/** A way with another before it, which makes the connections, and is not asked for anything else. */
export function behind(before: Outbound, way: Outbound): Outbound {
  return {
    id: way.id,
    resolves: way.resolves,
    async connect(request) {
      const { destination, command, client, listener, user, group, from } = request;
      const { addresses, timeout, cancellation } = request;
      return before.connect({
        ...{ destination, command, client, listener, user, group, from },
        ...{ addresses, timeout, cancellation },
        get signal() {
          return request.signal;
        },
        onward: async () => toTransport(await way.connect(request)),
      });
    },
  };
}

/** A request that somebody is busy with, and that can be given up by itself. */
export class Attempt implements ConnectRequest {
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

/** How long somebody waits for an outbound. */
export interface Patience {
  /** ms. */
  readonly timeout: number;
  /** Gives up. */
  readonly cancellation: CancellationToken;
}

/**
 * Connects through an outbound, and waits no longer for it than its time, whatever it does.
 *
 * @param addresses see {@link ConnectRequest.addresses}.
 * @throws what the outbound throws; {@link DialError} when the time is up or it is given up.
 */
export function connectThrough(
  outbound: Outbound,
  request: OutboundRequest,
  addresses: readonly string[] | undefined,
  patience: Patience,
): Promise<Transport> {
  const attempt = new Attempt(request, addresses, patience.timeout);
  return inTime(
    attempt,
    patience,
    async () => toTransport(await outbound.connect(attempt)),
    (late) => late.abort(),
  );
}

/** Has an outbound do something else than connect, in the same way. */
export function askThrough<T extends { close(): void }>(
  request: OutboundRequest,
  patience: Patience,
  ask: (request: AllowedRequest) => Promise<T>,
): Promise<T> {
  const attempt = new Attempt(request, undefined, patience.timeout);
  return inTime(
    attempt,
    patience,
    () => ask(attempt),
    (late) => late.close(),
  );
}

function inTime<T>(
  attempt: Attempt,
  { timeout, cancellation }: Patience,
  run: () => Promise<T>,
  discard: (late: T) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    let waiting = true;
    const finish = () => {
      waiting = false;
      clearTimeout(deadline);
      cancellation.off(cancel);
    };
    const giveUp = (code: string) => {
      finish();
      attempt.cancellation.cancel();
      reject(new DialError(code));
    };
    const cancel = () => giveUp('ECANCELED');
    const deadline = setTimeout(() => giveUp('ETIMEDOUT'), timeout);
    if (cancellation.cancelled) {
      cancel();
      return;
    }
    cancellation.on(cancel);
    const settle = async () => {
      try {
        const result = await run();
        if (waiting) resolve(result);
        else discard(result);
      } catch (error) {
        reject(error);
      }
      finish();
    };
    void settle();
  });
}
