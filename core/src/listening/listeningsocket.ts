import { createServer, type Server } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import { codeOf, systemMessage, UserError, type UserErrorCode } from '../base/errors.js';
import { localAddresses } from '../outbound/interfaces.js';
import type { Resolver } from '../outbound/resolve.js';
import { type Address, formatAddress, formatEndpoint } from '../protocol/address.js';
import { parseIP } from '../protocol/ip.js';
import { acceptFrom, acceptOptions } from '../transport/accept.js';
import type { Transport } from '../transport/transport.js';
import { bind, hasNoPort, whereIs } from './bind.js';
import { type BoundHandle, isUnixHandle, listenOn } from './boundhandle.js';
import { type Endpoint, parseListenEndpoint } from './endpoint.js';
import { noteBound, takeGiven, wasGiven } from './handedon.js';
import { type SocketAccess, setAccess, socketPath } from './unixsocket.js';

/** Clients that wait to be accepted; the system may allow fewer. */
const BACKLOG = 4096;

/** Clients at most that wait to be served once the server is ready. */
const MAX_WAITING = 4096;

/** What EACCES means on Windows, where no port needs privileges. */
const RESERVED =
  'Windows reserves this port, or another program has it for itself: ' +
  '"netsh interface ipv4 show excludedportrange tcp" lists what is reserved';

/** An IP address to listen at, or what stands for an address without a port. */
export interface ListenAddress extends Address {
  /** Whether it is one of several that `*` or a name stands for: the system may lack it. */
  readonly optional: boolean;
  /** Who may open it, if it is a UNIX socket. */
  readonly access?: SocketAccess;
  /** The layer that clients have to speak; left out where there is none. */
  readonly scheme?: string | undefined;
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
  /** Whose it is, if it is not for clients of SOCKS: then no listener has it as well. */
  readonly owner?: string;
  /** Who may open it, if it is a UNIX socket. */
  readonly access?: SocketAccess;
  /** The layer that clients have to speak; left out where there is none. */
  readonly scheme?: string | undefined;
}

/** Where one listener listens at this moment. */
export interface ListenerState {
  /** The listener's name. */
  readonly name: string;
  readonly addresses: readonly ServedAddress[];
}

/** Where clients come, and what they have to speak there before all else. */
export interface ServedAddress extends Address {
  /** The layer, such as `tls`; left out where there is none. */
  readonly scheme?: string | undefined;
}

/** Sockets that another process binds and keeps: the primary process does it for its workers. */
export interface BoundSockets {
  /**
   * A socket that is bound to an address and does not listen yet, as `net.Server.listen()` takes
   * it. Port 0 is another port for each listener, and for each scheme.
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
 * The IP addresses of some `[SCHEME://][ADDRESS][:PORT]`; UNIX sockets and descriptors as they are.
 *
 * @param access says who may open UNIX sockets; asked if there is any.
 * @throws {UserError} for a name that cannot be resolved, an address with two schemes, and what
 *   `access` throws.
 */
export async function resolveListenAddresses(
  endpoints: readonly string[],
  resolver: Resolver,
  access?: () => SocketAccess,
): Promise<ListenAddress[]> {
  const lists = await Promise.all(
    endpoints.map((text) => resolveEndpoint(parseListenEndpoint(text), resolver, access)),
  );
  const addresses = lists.flat();
  return addresses.filter((address, i) => {
    const first = addresses.find((other) => sameAddress(address, other)) as ListenAddress;
    if (first.scheme === address.scheme) return first === addresses[i];
    throw new UserError(
      `${formatAddress(address)} cannot be both ${formatEndpoint(first)} and ` +
        `${formatEndpoint(address)}: they need ports of their own`,
    );
  });
}

async function resolveEndpoint(
  { scheme, host, port }: Endpoint,
  resolver: Resolver,
  access?: () => SocketAccess,
): Promise<ListenAddress[]> {
  const spoken = scheme === undefined ? {} : { scheme };
  if (host === undefined) {
    return [
      { host: '0.0.0.0', port, optional: true, ...spoken },
      { host: '::', port, optional: true, ...spoken },
    ];
  }
  if (hasNoPort({ host, port })) {
    const own = socketPath(host) === undefined || access === undefined ? {} : { access: access() };
    return [{ host, port, optional: false, ...own, ...spoken }];
  }
  const found = await resolver.resolve(host).catch((error: unknown) => {
    const facts = { code: 'unresolved', subject: host, cause: error } as const;
    throw new UserError(`cannot listen on "${host}": ${systemMessage(error)}`, facts);
  });
  const optional = found.length > 1;
  return found.map((address) => ({ host: address, port, optional, ...spoken }));
}

/** Whether one socket serves both. Of port 0, the system's choice, there is one for each scheme. */
export function sameAddress(a: ServedAddress, b: ServedAddress): boolean {
  const isOwn = a.port === 0 && !hasNoPort(a);
  return a.host === b.host && a.port === b.port && (!isOwn || a.scheme === b.scheme);
}

/**
 * Takes a client's connection.
 *
 * @param listener the name of the listener that it came by.
 * @param scheme the layer that it has to speak, if there is one.
 */
export type Accept = (transport: Transport, listener: string, scheme: string | undefined) => void;

/** A listening socket: whoever comes before it serves waits. */
export class ListeningSocket {
  readonly #server: Server;
  readonly #accept: Accept;
  /** Told of the system's errors when clients could not be accepted. */
  readonly #fail: (error: Error) => void;
  /** A socket that was handed on, until this one serves. */
  #given: BoundHandle | undefined;
  /** Who waits; undefined when it serves. */
  #waiting: Transport[] | undefined = [];
  /** Gives its socket back, if it was not bound here. */
  readonly #release: () => void;
  /** What it was asked to listen at: the port may be 0. */
  requested: Omit<ListeningAddress, 'listener'>;
  /** Where it listens. */
  readonly address: Address;
  /** The name of the listener that it is one of: of those whom it accepts from now on. */
  listener: string;
  /** The layer that they have to speak. */
  scheme: string | undefined;

  private constructor(
    server: Server,
    requested: Omit<ListeningAddress, 'listener'>,
    listener: string,
    accept: Accept,
    fail: (error: Error) => void,
    release: () => void,
    given: BoundHandle | undefined,
  ) {
    this.#server = server;
    this.#fail = fail;
    this.#accept = accept;
    this.#release = release;
    this.requested = requested;
    this.listener = listener;
    this.scheme = requested.scheme;
    const { host, port } = whereIs(requested);
    this.#given = given;
    const name: { port?: number } = {};
    const bound = given === undefined ? server.address() : undefined;
    if (given !== undefined && !isUnixHandle(given)) given.getsockname(name);
    const any = typeof bound === 'object' && bound !== null ? bound.port : name.port;
    this.address = { host, port: port === 0 ? (any ?? 0) : port };
  }

  /**
   * Listens at an address.
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
    const { host, port, access, scheme } = address;
    const requested = {
      ...{ host, port },
      ...(access === undefined ? {} : { access }),
      ...(scheme === undefined ? {} : { scheme }),
    };
    let given: BoundHandle | undefined;
    try {
      given = await listen(server, { ...requested, listener }, sockets);
    } catch (error) {
      const reason = listenError(address, error);
      if (isMissing(address, codeOf(error))) return { host, port, error: reason };
      throw reason;
    }
    server.on('error', fail);
    const release = () => sockets?.release({ ...requested, listener });
    const own = new ListeningSocket(server, requested, listener, accept, fail, release, given);
    if (given === undefined) own.#begin();
    return own;
  }

  #begin(): void {
    const isUnix = socketPath(this.address.host) !== undefined;
    acceptFrom(this.#server, (transport) => this.#take(transport), this.#fail, isUnix);
  }

  #take(transport: Transport): void {
    if (this.#waiting === undefined) this.#accept(transport, this.listener, this.scheme);
    else if (this.#waiting.length < MAX_WAITING) this.#waiting.push(transport);
    else transport.abort();
  }

  /** Serves from now on, also who has come before. */
  serve(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    if (this.#given !== undefined) {
      listenOn(this.#server, this.#given, BACKLOG);
      this.#given = undefined;
      this.#begin();
    }
    for (const transport of waiting) this.#take(transport);
  }

  /**
   * Lets those open it who may from now on, if it is a UNIX socket of its own.
   *
   * @throws {UserError} if the system does not let it.
   */
  setAccess(access: SocketAccess | undefined): void {
    const { access: before } = this.requested;
    const path = socketPath(this.requested.host);
    if (path === undefined || access === undefined || isDeepStrictEqual(access, before)) return;
    try {
      setAccess(path, access);
    } catch (error) {
      throw listenError(this.requested, error);
    }
    this.requested = { ...this.requested, access };
  }

  /** Stops accepting: connections go on, but nobody who still waits is served. */
  close(): void {
    for (const transport of this.#waiting ?? []) transport.abort();
    this.#waiting = undefined;
    if (this.#given === undefined) this.#server.close();
    else this.#given.close();
    this.#release();
  }
}

/**
 * Listens, unless the socket was handed on: at that the process before this one listens already, and
 * whom this one accepted before it serves would be lost if it never does.
 *
 * @returns the socket if it was handed on.
 * @throws the system's error.
 */
async function listen(
  server: Server,
  address: ListeningAddress,
  sockets?: BoundSockets,
): Promise<BoundHandle | undefined> {
  const { host, port } = address;
  let socket: object | undefined;
  if (sockets !== undefined) socket = await sockets.take(address);
  else if (hasNoPort(address)) socket = await bind(address, address.access);
  else socket = takeGiven({ host, port });
  if (socket !== undefined && wasGiven(socket)) return socket as BoundHandle;
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.once('listening', () => {
        server.off('error', reject);
        const { _handle: handle } = server as unknown as { readonly _handle: BoundHandle };
        if (sockets === undefined && !hasNoPort(address)) noteBound({ host, port }, handle);
        resolve();
      });
      if (socket !== undefined) listenOn(server, socket, BACKLOG);
      else {
        const ipv6Only = parseIP(host)?.length === 16;
        server.listen({ host, port, backlog: BACKLOG, ipv6Only });
      }
    });
  } catch (error) {
    sockets?.release(address);
    throw error;
  }
  return undefined;
}

/** Whether an address may be done without: it is one of several, or of a family that is not there. */
function isMissing({ host, optional }: ListenAddress, code: string | undefined): boolean {
  if (code === 'EAFNOSUPPORT') return true;
  return code === 'EADDRNOTAVAIL' && (optional || (host.includes(':') && !localAddresses().ipv6));
}

type Meaning = readonly [code?: UserErrorCode | undefined, hint?: string];

/** What a system's error for a listening address means. */
function meaningOf(code: string | undefined): Meaning {
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

/** What it means for a UNIX socket. */
function meaningOfPath(code: string | undefined): Meaning {
  switch (code) {
    case 'EADDRINUSE':
      return ['address-in-use', 'another program answers there'];
    case 'ENOTSOCK':
      return [undefined, 'what has this path is no socket, and is left alone'];
    case 'EACCES':
      return [undefined, 'its folder has to be one that this user may write'];
    case 'EPERM':
      return [undefined, 'only root gives a socket to another user'];
    default:
      return [];
  }
}

/** The system's error for a listening address, as a sentence. */
function listenError(address: Address, error: unknown): UserError {
  if (error instanceof UserError) return error;
  const subject = formatAddress(address);
  const isPath = socketPath(address.host) !== undefined;
  const [code, hint] = (isPath ? meaningOfPath : meaningOf)(codeOf(error));
  const text = `cannot listen on ${subject}: ${systemMessage(error)}`;
  const facts = { code, subject, cause: error };
  return new UserError(hint === undefined ? text : `${text} (${hint})`, facts);
}
