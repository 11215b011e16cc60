import type { RemoteInfo, Socket } from 'node:dgram';
import { BoundedMap } from '../base/boundedmap.js';
import { monotonic } from '../base/clock.js';
import { codeOf } from '../base/errors.js';
import { Oldest } from '../base/oldest.js';
import type { Datagrams } from '../outbound/outbound.js';
import { type Address, formatAddress } from '../protocol/address.js';
import { type Datagram, encodeDatagramHeader } from '../protocol/datagram.js';
import { Reassembly } from '../protocol/fragments.js';
import { canonicalIP } from '../protocol/ip.js';
import { isFull, openUdpSocket } from '../transport/udpsocket.js';
import type { Throttle, Throttles } from './pacer.js';
import type { Traffic } from './tunnel.js';
import { UdpClient, type UdpClientOptions } from './udpclient.js';

/** How long a decision about a destination holds, ms. */
const ROUTE_TIME = 10_000;
/** How many destinations, and hosts that may answer, an association remembers. */
const MAX_ROUTES = 1024;
/** What may wait for names to be resolved: datagrams. */
const MAX_WAITING = 64;
/** How long a name's address has to answer before the other family's is tried, ms. */
const ANSWER_TIME = 1000;
/** How often the families of a name that does not answer take turns. */
const MAX_TURNS = 4;
/** How many refused destinations are told at once, how soon one more, and the same again, ms. */
const TOLD = 10;
const TELL_INTERVAL = 1000;
const TELL_AGAIN = 60_000;
/** Errors of sending that say that there is no way to an address. */
const noWay: ReadonlySet<string | undefined> = new Set([
  ...['ENETUNREACH', 'EHOSTUNREACH', 'EADDRNOTAVAIL', 'EAFNOSUPPORT', 'ENETDOWN', 'EINVAL'],
  ...['EACCES', 'EPERM', 'EHOSTDOWN'],
]);
/** How far datagrams may be ahead of their rate, ms. */
const MAX_DEBT = 200;

export interface AssociationOptions extends Omit<UdpClientOptions, 'receive' | 'drop'> {
  /**
   * The address that datagrams to an IP address leave by; undefined: the routes choose.
   *
   * @throws the system's error if there is none.
   */
  localFor(address: string): string | undefined;
  /** The addresses of a destination that are allowed, in order of preference; or another way there. */
  route(destination: Address): Promise<readonly string[] | DatagramPath>;
  /** Told, not too often, of a destination to which there is no route, and why. */
  refused(destination: Address, error: unknown): void;
  readonly traffic: Traffic;
  /** The rates to keep to: what comes while it would have to wait is dropped. */
  readonly throttles: Throttles;
}

/** A way by an upstream, and what the destination is there. */
export interface DatagramPath {
  readonly datagrams: Datagrams;
  readonly destination: Address;
}

/** An address that datagrams are sent to, from a socket of its family. */
interface Target {
  readonly address: string;
  readonly socket: Socket;
}

/** Where datagrams to a destination go. */
interface Route {
  readonly destination: Address;
  /** The datagrams that wait until it is known. */
  readonly waiting: Uint8Array[];
  /** Where else they could go: the first address of the other family, and the like. */
  others: string[];
  /** undefined while it is looked for, and if there is none. */
  target: Target | undefined;
  /** The upstream that they go by in the place of a target. */
  path: DatagramPath | undefined;
  /** Since when datagrams have gone there, and nothing has come from there, monotonic ms. */
  since: number;
  /** How often it has gone over to the other family for want of an answer. */
  turns: number;
  /** Whether the system has taken a datagram there. */
  sent: boolean;
  readonly expires: number;
  known: boolean;
  /** Settled once it is known, if it was looked for. */
  settled: Promise<void> | undefined;
}

/**
 * Relays the datagrams of one association (RFC 1928 section 7): from the client, in whose headers
 * stands where they go, to any number of destinations, and the answers of these hosts back. What
 * is malformed, not allowed, from a stranger, or more than fits, is dropped and counted.
 *
 * A name goes to the first of its addresses that there is a way to. While nothing answers from
 * there, a datagram a second later, as a client sends again, goes to the other family's address.
 */
export class Association {
  /** Where the client is to send. */
  readonly address: Address;
  readonly #options: AssociationOptions;
  readonly #client: UdpClient;
  readonly #outgoing = new Map<string, Promise<Socket>>();
  readonly #routes = new BoundedMap<string, Route>(MAX_ROUTES);
  /** The IP addresses that the client has sent to: only these may answer. */
  readonly #contacted = new Set<string>();
  readonly #longestContacted = new Oldest(this.#contacted);
  /** Headers of answers, by their sender. */
  readonly #headers = new Map<string, Uint8Array>();
  readonly #reassembly = new Reassembly();
  #waiting = 0;
  #closed = false;
  /** When refusals were told, by destination. */
  readonly #told = new Map<string, number>();
  /** How many refusals may be told now, and since when that is counted. */
  #tellable = TOLD;
  #counted = monotonic();

  private constructor(options: AssociationOptions, client: UdpClient) {
    this.#options = options;
    this.#client = client;
    this.address = { host: options.host, port: client.port };
  }

  /** @throws the system's error if there is no port for it. */
  static async open(options: AssociationOptions): Promise<Association> {
    let relay: Association | undefined;
    const client = await UdpClient.open({
      ...options,
      receive(datagram) {
        if (relay !== undefined) relay.#fromClient(datagram);
      },
      drop() {
        if (relay !== undefined) relay.#drop();
      },
    });
    relay = new Association(options, client);
    return relay;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#client.close();
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

  #fromClient(datagram: Datagram): void {
    if (datagram.fragment === 0) {
      this.#forward(datagram);
      return;
    }
    const before = this.#reassembly.dropped;
    const whole = this.#reassembly.add(datagram, monotonic());
    this.#drop(this.#reassembly.dropped - before);
    if (whole !== undefined) this.#forward(whole);
  }

  #forward({ address, data }: Datagram): void {
    const route = this.#routeTo(address);
    if (route.others.length > 0) this.#takeTurns(route);
    if (route.target !== undefined || route.path !== undefined) this.#send(route, data);
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
    const isOver = found?.path?.datagrams.closed === true;
    if (found !== undefined && found.expires > now && !isOver) return found;
    const route: Route = {
      destination,
      waiting: [],
      others: [],
      target: undefined,
      path: undefined,
      since: now,
      turns: found?.turns ?? 0,
      sent: false,
      expires: now + ROUTE_TIME,
      known: false,
      settled: undefined,
    };
    this.#routes.set(key, route);
    this.#settle(route, () => this.#findRoute(route, found?.target?.address));
    return route;
  }

  /** Finds out where a route goes, and sends what waits for that. */
  #settle(route: Route, find: () => Promise<void>): void {
    route.known = false;
    route.target = undefined;
    route.settled = find()
      .catch((error: unknown) => this.#tellRefused(route.destination, error))
      .then(() => {
        route.known = true;
        const waiting = route.waiting.splice(0);
        this.#waiting -= waiting.length;
        if (this.#closed) return;
        for (const data of waiting) this.#send(route, data);
      });
  }

  /** @param before the address that was used last: it is used again if it still may be. */
  async #findRoute(route: Route, before: string | undefined): Promise<void> {
    const found = await this.#options.route(route.destination);
    if ('datagrams' in found) {
      route.path = found;
      return;
    }
    const first = before !== undefined && found.includes(before) ? before : found[0];
    const other = found.find((address) => address.includes(':') !== first?.includes(':'));
    route.others = [first, other].filter((address) => address !== undefined);
    await this.#findTarget(route);
  }

  /** Turns to the next address that there is a socket for. @throws the last one's error. */
  async #findTarget(route: Route): Promise<void> {
    for (let address = route.others.shift(); address !== undefined; ) {
      try {
        route.target = { address, socket: await this.#outgoingSocket(address) };
        route.since = monotonic();
        route.sent = false;
        return;
      } catch (error) {
        address = route.others.shift();
        if (address === undefined) throw error;
      }
    }
  }

  /** Goes over to the other family's address while nothing comes from this one's. */
  #takeTurns(route: Route): void {
    const { target, destination } = route;
    const silent = monotonic() - route.since >= ANSWER_TIME && route.turns < MAX_TURNS;
    if (target === undefined || !silent) return;
    if (this.#headers.has(senderKey(target.address, destination.port))) return;
    route.turns++;
    route.others.push(target.address);
    this.#settle(route, () => this.#findTarget(route));
  }

  #tellRefused(destination: Address, error: unknown): void {
    const now = monotonic();
    const key = formatAddress(destination);
    if (now - (this.#told.get(key) ?? Number.NEGATIVE_INFINITY) < TELL_AGAIN) return;
    const more = Math.floor((now - this.#counted) / TELL_INTERVAL);
    this.#counted += more * TELL_INTERVAL;
    this.#tellable = Math.min(this.#tellable + more, TOLD);
    if (this.#tellable === 0 || this.#closed) return;
    this.#tellable--;
    if (this.#told.size >= MAX_ROUTES) this.#told.clear();
    this.#told.set(key, now);
    this.#options.refused(destination, error);
  }

  /** The socket towards an address's family, made when it is needed first. */
  #outgoingSocket(address: string): Promise<Socket> {
    const any = address.includes(':') ? '::' : '0.0.0.0';
    let outgoing = this.#outgoing.get(any);
    if (outgoing === undefined) {
      outgoing = this.#openTowards(address, any);
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

  async #openTowards(address: string, any: string): Promise<Socket> {
    return openUdpSocket(this.#options.localFor(address) ?? any, 0);
  }

  #send(route: Route, data: Uint8Array): void {
    const { target, path } = route;
    const { traffic, throttles } = this.#options;
    const isReady = path !== undefined || (target !== undefined && !isFull(target.socket));
    if (!isReady || route.destination.port === 0 || exceeds(throttles.up, data.length)) {
      this.#drop();
      return;
    }
    traffic.up += data.length;
    if (target !== undefined) this.#transmit(route, target, data);
    else if (path?.datagrams.send(path.destination, data) === false) this.#drop();
  }

  #transmit(route: Route, target: Target, data: Uint8Array): void {
    const { address, socket } = target;
    if (!this.#contacted.has(address)) {
      this.#contacted.add(address);
      if (this.#contacted.size > MAX_ROUTES) {
        this.#contacted.delete(this.#longestContacted.next() as string);
      }
    }
    const first = (error: Error | null) => {
      if (error === null) route.sent = true;
      else void this.#notSent(route, target, data, error);
    };
    socket.send(data, route.destination.port, address, route.sent ? this.#onSent : first);
  }

  /** There may be a way to the name's other address. */
  async #notSent(route: Route, target: Target, data: Uint8Array, error: Error): Promise<void> {
    const isWay = !noWay.has(codeOf(error));
    if (!isWay && route.target === target && route.others.length > 0) {
      this.#settle(route, () => this.#findTarget(route));
    }
    await route.settled;
    if (this.#closed) return;
    const next = route.target;
    if (!isWay && next !== undefined && next !== target) this.#transmit(route, next, data);
    else {
      this.#drop();
      if (!isWay) this.#tellRefused(route.destination, error);
    }
  }

  #fromRemote(message: Buffer, sender: RemoteInfo): void {
    const host = canonicalIP(sender.address);
    if (this.#contacted.has(host)) this.takeAnswer({ host, port: sender.port }, message);
    else this.#drop();
  }

  /** Takes an answer to what the client has sent, for the client. */
  takeAnswer({ host, port }: Address, data: Uint8Array): void {
    const { traffic, throttles } = this.#options;
    if (this.#closed) return;
    if (exceeds(throttles.down, data.length)) {
      this.#drop();
      return;
    }
    const parts = [this.#headerOf(host, port), data];
    if (this.#client.send(parts, this.#onSent)) traffic.down += data.length;
    else this.#drop();
  }

  #headerOf(host: string, port: number): Uint8Array {
    const key = senderKey(host, port);
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

function senderKey(host: string, port: number): string {
  return `${host} ${port}`;
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
