import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { monotonic } from '../clock.js';
import { type Address, formatAddress } from '../protocol/address.js';
import { type Datagram, encodeDatagramHeader, parseDatagram } from '../protocol/datagram.js';
import { Reassembly } from '../protocol/fragments.js';
import { canonicalIP } from '../protocol/ip.js';
import { type FamilyAddresses, ofFamily } from './external.js';
import type { Throttle, Throttles } from './pacer.js';
import { listenInRange, type PortRange } from './ports.js';
import type { Traffic } from './relay.js';

/** How long a decision about a destination holds, ms. */
const ROUTE_TIME = 10_000;
/** How many destinations, and hosts that may answer, an association remembers. */
const MAX_ROUTES = 1024;
/** What may wait for names to be resolved: datagrams. */
const MAX_WAITING = 64;
/** What may wait for a socket to take it, bytes. */
const MAX_QUEUE = 256 * 1024;
const BUFFER_SIZE = 1024 * 1024;
/** How far datagrams may be ahead of their rate, ms. */
const MAX_DEBT = 200;

export interface UdpRelayOptions {
  /** The client's IP address: datagrams of others are dropped. */
  readonly client: string;
  /** The client's port, if it has named one; else its first datagram tells it. */
  readonly clientPort: number | undefined;
  /** Where the client is to send, an IP address. */
  readonly host: string;
  readonly ports: PortRange;
  /** The addresses that destinations see, where they are set. */
  readonly external: FamilyAddresses;
  /** The addresses of a destination that are allowed, in order of preference. */
  route(destination: Address): Promise<readonly string[]>;
  readonly traffic: Traffic;
  /** The rates to keep to: what comes while it would have to wait is dropped. */
  readonly throttles: Throttles;
}

/** Where datagrams to a destination go. */
interface Route {
  /** The datagrams that wait until it is known. */
  readonly waiting: Uint8Array[];
  /** undefined while it is looked for, and if there is none. */
  target: { readonly address: string; readonly socket: Socket } | undefined;
  readonly expires: number;
  known: boolean;
}

/**
 * Relays the datagrams of one association (RFC 1928 section 7): from the client, in whose headers
 * stands where they go, to any number of destinations, and the answers of these hosts back. What
 * is malformed, not allowed, from a stranger, or more than fits, is dropped and counted; once the
 * client has sent its first datagram, the system itself keeps those away who are not the client.
 */
export class UdpRelay {
  /** Where the client is to send. */
  readonly address: Address;
  readonly #options: UdpRelayOptions;
  readonly #socket: Socket;
  readonly #outgoing = new Map<string, Promise<Socket>>();
  readonly #routes = new Map<string, Route>();
  /** The IP addresses that the client has sent to: only these may answer. */
  readonly #contacted = new Set<string>();
  /** Headers of answers, by their sender. */
  readonly #headers = new Map<string, Uint8Array>();
  readonly #reassembly = new Reassembly();
  #clientPort: number | undefined;
  #connected = false;
  #waiting = 0;
  #closed = false;

  private constructor(options: UdpRelayOptions, socket: Socket) {
    this.#options = options;
    this.#socket = socket;
    this.#clientPort = options.clientPort;
    this.address = { host: options.host, port: socket.address().port };
    socket.on('message', (message, sender) => this.#fromClient(message, sender));
  }

  /** @throws the system's error if there is no port for it. */
  static async open(options: UdpRelayOptions): Promise<UdpRelay> {
    const socket = await listenInRange(options.ports, (port) => openSocket(options.host, port));
    return new UdpRelay(options, socket);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.close();
    for (const outgoing of this.#outgoing.values()) {
      outgoing.then(
        (socket) => socket.close(),
        () => {},
      );
    }
  }

  #drop(datagrams = 1): void {
    this.#options.traffic.dropped += datagrams;
  }

  #fromClient(message: Buffer, sender: RemoteInfo): void {
    const { client } = this.#options;
    const port = this.#clientPort ?? sender.port;
    if (canonicalIP(sender.address) !== client || sender.port !== port) {
      this.#drop();
      return;
    }
    let datagram: Datagram | undefined;
    try {
      datagram = parseDatagram(message);
    } catch {
      this.#drop();
      return;
    }
    if (!this.#connected) this.#connect(port);
    if (datagram.fragment !== 0) {
      const before = this.#reassembly.dropped;
      datagram = this.#reassembly.add(datagram, monotonic());
      this.#drop(this.#reassembly.dropped - before);
    }
    if (datagram !== undefined) this.#forward(datagram);
  }

  /** Has the system take this client's datagrams only, and keep the way to it. */
  #connect(port: number): void {
    this.#clientPort = port;
    this.#socket.connect(port, this.#options.client, (error?: Error) => {
      this.#connected = error === undefined;
    });
  }

  #forward({ address, data }: Datagram): void {
    const route = this.#routeTo(address);
    if (route.target !== undefined) this.#send(route.target, address.port, data);
    else if (route.known || this.#waiting >= MAX_WAITING) this.#drop();
    else {
      this.#waiting++;
      route.waiting.push(data);
    }
  }

  #routeTo(destination: Address): Route {
    const key = formatAddress(destination);
    const now = monotonic();
    const found = this.#routes.get(key);
    if (found !== undefined && found.expires > now) return found;
    const route: Route = {
      waiting: [],
      target: undefined,
      expires: now + ROUTE_TIME,
      known: false,
    };
    this.#routes.delete(key);
    this.#routes.set(key, route);
    if (this.#routes.size > MAX_ROUTES) {
      this.#routes.delete(this.#routes.keys().next().value as string);
    }
    void this.#findRoute(route, destination);
    return route;
  }

  async #findRoute(route: Route, destination: Address): Promise<void> {
    try {
      const [address] = await this.#options.route(destination);
      if (address !== undefined) {
        route.target = { address, socket: await this.#outgoingSocket(address) };
      }
    } catch {
      // Not allowed, or the name does not resolve: there is no route.
    }
    route.known = true;
    const waiting = route.waiting.splice(0);
    this.#waiting -= waiting.length;
    if (this.#closed) return;
    for (const data of waiting) {
      if (route.target === undefined) this.#drop();
      else this.#send(route.target, destination.port, data);
    }
  }

  /** The socket towards an address's family, made when it is needed first. */
  #outgoingSocket(address: string): Promise<Socket> {
    const any = address.includes(':') ? '::' : '0.0.0.0';
    let outgoing = this.#outgoing.get(any);
    if (outgoing === undefined) {
      outgoing = openSocket(ofFamily(this.#options.external, address) ?? any, 0);
      this.#outgoing.set(any, outgoing);
      outgoing.then(
        (socket) => {
          socket.on('message', (message, sender) => this.#fromRemote(message, sender));
          if (this.#closed) socket.close();
        },
        () => this.#outgoing.delete(any),
      );
    }
    return outgoing;
  }

  #send({ address, socket }: NonNullable<Route['target']>, port: number, data: Uint8Array): void {
    const { traffic, throttles } = this.#options;
    const full = socket.getSendQueueSize() > MAX_QUEUE;
    if (port === 0 || full || exceeds(throttles.up, data.length)) {
      this.#drop();
      return;
    }
    if (!this.#contacted.has(address)) {
      this.#contacted.add(address);
      if (this.#contacted.size > MAX_ROUTES) {
        this.#contacted.delete(this.#contacted.values().next().value as string);
      }
    }
    traffic.up += data.length;
    socket.send(data, port, address, this.#onSent);
  }

  #fromRemote(message: Buffer, sender: RemoteInfo): void {
    const host = canonicalIP(sender.address);
    const { traffic, throttles } = this.#options;
    const full = this.#socket.getSendQueueSize() > MAX_QUEUE;
    const stranger = !this.#contacted.has(host);
    if (!this.#connected || full || stranger || exceeds(throttles.down, message.length)) {
      this.#drop();
      return;
    }
    traffic.down += message.length;
    this.#socket.send([this.#headerOf(host, sender.port), message], this.#onSent);
  }

  #headerOf(host: string, port: number): Uint8Array {
    const key = `${host} ${port}`;
    let header = this.#headers.get(key);
    if (header === undefined) {
      header = encodeDatagramHeader({ host, port });
      if (this.#headers.size >= MAX_ROUTES) this.#headers.clear();
      this.#headers.set(key, header);
    }
    return header;
  }

  readonly #onSent = (error: Error | null): void => {
    if (error !== null) this.#drop();
  };
}

/**
 * Whether a datagram comes too early for its rate: one that waits is worth nothing. What is dropped
 * is not accounted for, and one that is larger than the rate passes in its turn.
 */
function exceeds(throttle: Throttle | undefined, bytes: number): boolean {
  if (throttle === undefined) return false;
  if (throttle.take(0) > MAX_DEBT) return true;
  throttle.take(bytes);
  return false;
}

/** @throws the system's error. */
async function openSocket(host: string, port: number): Promise<Socket> {
  const ipv6 = host.includes(':');
  const socket = createSocket({
    type: ipv6 ? 'udp6' : 'udp4',
    ipv6Only: ipv6,
    recvBufferSize: BUFFER_SIZE,
    sendBufferSize: BUFFER_SIZE,
    // Only IP addresses are sent to: there is nothing to look up.
    lookup: (address, _options, callback) => callback(null, address, ipv6 ? 6 : 4),
  });
  try {
    const listening = once(socket, 'listening');
    socket.bind({ address: host, port, exclusive: true });
    await listening;
  } catch (error) {
    socket.close();
    throw error;
  }
  socket.on('error', () => {});
  return socket;
}
