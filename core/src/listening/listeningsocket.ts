import { createServer, type Server } from 'node:net';
import { codeOf, systemMessage, UserError, type UserErrorCode } from '../base/errors.js';
import { localAddresses } from '../outbound/interfaces.js';
import type { Resolver } from '../outbound/resolve.js';
import { type Address, formatAddress } from '../protocol/address.js';
import { parseIP } from '../protocol/ip.js';
import { acceptFrom, acceptOptions } from '../transport/accept.js';
import type { Transport } from '../transport/transport.js';
import { type Endpoint, parseEndpoint } from './endpoint.js';

/** Clients that wait to be accepted; the system may allow fewer. */
const BACKLOG = 4096;

/** Clients at most that wait to be served once the server is ready. */
const MAX_WAITING = 4096;

/** What EACCES means on Windows, where no port needs privileges. */
const RESERVED =
  'Windows reserves this port, or another program has it for itself: ' +
  '"netsh interface ipv4 show excludedportrange tcp" lists what is reserved';

/** An IP address to listen at. */
export interface ListenAddress extends Address {
  /** Whether it is one of several that `*` or a name stands for: the system may lack it. */
  readonly optional: boolean;
}

/** Where one listener listens. */
export interface ListenerAddresses {
  /** The listener's name. */
  readonly name: string;
  readonly addresses: readonly ListenAddress[];
}

/** An address that one listener listens at. */
export interface ListeningAddress extends Address {
  /** The listener's name. */
  readonly listener: string;
}

/** Where one listener listens at this moment. */
export interface ListenerState {
  /** The listener's name. */
  readonly name: string;
  readonly addresses: readonly Address[];
}

/** Sockets that another process binds and keeps: the primary process does it for its workers. */
export interface BoundSockets {
  /**
   * A socket that is bound to an address and does not listen yet, as `net.Server.listen()` takes
   * it. Port 0 is another port for each listener.
   *
   * @throws the system's error.
   */
  take(address: ListeningAddress): Promise<object>;
  /** It is not needed here any more. @param address as it was taken. */
  release(address: ListeningAddress): void;
}

/** An address that is not there, though others are. */
export interface MissingAddress extends Address {
  /** The error that says so. */
  readonly error: UserError;
}

/**
 * The IP addresses of some `[ADDRESS][:PORT]`.
 *
 * @throws {UserError} for a name that cannot be resolved.
 */
export async function resolveListenAddresses(
  endpoints: readonly string[],
  resolver: Resolver,
): Promise<ListenAddress[]> {
  const lists = await Promise.all(
    endpoints.map((text) => resolveEndpoint(parseEndpoint(text), resolver)),
  );
  const addresses = lists.flat();
  return addresses.filter(
    (address, i) => i === addresses.findIndex((other) => sameAddress(address, other)),
  );
}

async function resolveEndpoint(
  { host, port }: Endpoint,
  resolver: Resolver,
): Promise<ListenAddress[]> {
  if (host === undefined) {
    return [
      { host: '0.0.0.0', port, optional: true },
      { host: '::', port, optional: true },
    ];
  }
  const found = await resolver.resolve(host).catch((error: unknown) => {
    const facts = { code: 'unresolved', subject: host, cause: error } as const;
    throw new UserError(`cannot listen on "${host}": ${systemMessage(error)}`, facts);
  });
  const optional = found.length > 1;
  return found.map((address) => ({ host: address, port, optional }));
}

export function sameAddress(a: Address, b: Address): boolean {
  return a.host === b.host && a.port === b.port;
}

/** Takes a client's connection. @param listener the name of the listener that it came by. */
export type Accept = (transport: Transport, listener: string) => void;

/** A listening socket: whoever comes before it serves waits. */
export class ListeningSocket {
  readonly #server: Server;
  readonly #accept: Accept;
  /** Who waits; undefined when it serves. */
  #waiting: Transport[] | undefined = [];
  /** Gives its socket back, if it was not bound here. */
  readonly #release: () => void;
  /** What it was asked to listen at: the port may be 0. */
  readonly requested: Address;
  /** Where it listens. */
  readonly address: Address;
  /** The name of the listener that it is one of: of those whom it accepts from now on. */
  listener: string;

  private constructor(
    server: Server,
    requested: Address,
    listener: string,
    accept: Accept,
    release: () => void,
  ) {
    this.#server = server;
    this.#accept = accept;
    this.#release = release;
    this.requested = requested;
    this.listener = listener;
    const bound = server.address();
    const port = typeof bound === 'object' && bound !== null ? bound.port : requested.port;
    this.address = { host: requested.host, port };
  }

  /**
   * Listens at an IP address.
   *
   * @param listener the name of the listener that it is one of.
   * @param accept takes each client's connection, when the socket serves.
   * @param fail told of the system's errors when clients could not be accepted.
   * @param sockets where its socket comes from, if it is not bound here.
   * @returns what is missing if the address is optional, or its whole family is not there.
   * @throws {UserError} if the system does not let it.
   */
  static async open(
    address: ListenAddress,
    listener: string,
    accept: Accept,
    fail: (error: Error) => void,
    sockets?: BoundSockets,
  ): Promise<ListeningSocket | MissingAddress> {
    const server = createServer(acceptOptions);
    const { host, port } = address;
    try {
      await listen(server, { host, port, listener }, sockets);
    } catch (error) {
      const reason = listenError(address, error);
      if (isMissing(address, codeOf(error))) return { host, port, error: reason };
      throw reason;
    }
    server.on('error', fail);
    const release = () => sockets?.release({ host, port, listener });
    const own = new ListeningSocket(server, { host, port }, listener, accept, release);
    acceptFrom(server, (transport) => own.#take(transport), fail);
    return own;
  }

  #take(transport: Transport): void {
    if (this.#waiting === undefined) this.#accept(transport, this.listener);
    else if (this.#waiting.length < MAX_WAITING) this.#waiting.push(transport);
    else transport.abort();
  }

  /** Serves from now on, also who has come before. */
  serve(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const transport of waiting) this.#take(transport);
  }

  /** Stops accepting: connections go on, but nobody who still waits is served. */
  close(): void {
    for (const transport of this.#waiting ?? []) transport.abort();
    this.#waiting = undefined;
    this.#server.close();
    this.#release();
  }
}

/** @throws the system's error. */
async function listen(
  server: Server,
  address: ListeningAddress,
  sockets?: BoundSockets,
): Promise<void> {
  const socket = await sockets?.take(address);
  const { host, port } = address;
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.once('listening', () => {
        server.off('error', reject);
        resolve();
      });
      if (socket !== undefined) server.listen(socket, BACKLOG);
      else {
        const ipv6Only = parseIP(host)?.length === 16;
        server.listen({ host, port, backlog: BACKLOG, ipv6Only });
      }
    });
  } catch (error) {
    sockets?.release(address);
    throw error;
  }
}

/** Whether an address may be done without: it is one of several, or of a family that is not there. */
function isMissing({ host, optional }: ListenAddress, code: string | undefined): boolean {
  if (code === 'EAFNOSUPPORT') return true;
  return code === 'EADDRNOTAVAIL' && (optional || (host.includes(':') && !localAddresses().ipv6));
}

/** What a system's error for a listening address means. */
function meaningOf(code: string | undefined): readonly [code?: UserErrorCode, hint?: string] {
  switch (code) {
    case 'EADDRINUSE':
      return ['address-in-use', 'another program uses this port'];
    case 'EACCES':
      return [
        'port-denied',
        process.platform === 'win32' ? RESERVED : 'ports below 1024 need root',
      ];
    case 'EADDRNOTAVAIL':
      return ['address-missing', 'this machine has no such address'];
    default:
      return [];
  }
}

/** The system's error for a listening address, as a sentence. */
function listenError(address: Address, error: unknown): UserError {
  const subject = formatAddress(address);
  const [code, hint] = meaningOf(codeOf(error));
  const text = `cannot listen on ${subject}: ${systemMessage(error)}`;
  const facts = { code, subject, cause: error };
  return new UserError(hint === undefined ? text : `${text} (${hint})`, facts);
}
