import type { RemoteInfo, Socket } from 'node:dgram';
import { monotonic } from '../base/clock.js';
import { type Datagram, parseDatagram } from '../protocol/datagram.js';
import { canonicalIP } from '../protocol/ip.js';
import { listenInRange, type PortRange } from '../transport/ports.js';
import { isFull, openUdpSocket } from '../transport/udpsocket.js';

/** A client whose port has been silent for this long may have another, ms. */
const SILENCE = 5000;
/** IANA's dynamic ports (RFC 6335 section 6), among which one is picked if any will do. */
const DYNAMIC_PORTS: PortRange = [49152, 65535];

/** What datagrams are put into; undefined in place of one that is not right. */
export interface DatagramForm {
  unwrap(octets: Uint8Array): Uint8Array | undefined;
  wrap(datagram: Uint8Array): Uint8Array | undefined;
}

export interface UdpClientOptions {
  /** The client's IP address: datagrams of others are dropped. */
  readonly client: string;
  /** The client's port, if it has named one; else its first datagram tells it. A NAT changes both. */
  readonly clientPort: number | undefined;
  /** Where the client is to send, an IP address. */
  readonly host: string;
  readonly ports: PortRange;
  /** What datagrams are put into on their way, besides the header of RFC 1928. */
  readonly encapsulation?: DatagramForm | undefined;
  /** Takes the client's datagrams. */
  receive(datagram: Datagram): void;
  /** Told of a datagram that is none of the client's, or malformed. */
  drop(): void;
}

/**
 * An association's socket towards its client. Once the client has sent its first datagram, the
 * system itself keeps those away who are not the client. When its port has been silent for five
 * seconds, another port of its address may take over: a NAT on the way gives a client that was idle
 * a new one, and whoever has named a port may have another to the outside.
 */
export class UdpClient {
  readonly port: number;
  readonly #options: UdpClientOptions;
  readonly #socket: Socket;
  #clientPort: number | undefined;
  /** When the client's port was heard of last, monotonic ms; one that was named, at first. */
  #heard = monotonic();
  #connected = false;
  #silence: NodeJS.Timeout | undefined;
  #closed = false;

  private constructor(options: UdpClientOptions, socket: Socket) {
    this.#options = options;
    this.#socket = socket;
    this.#clientPort = options.clientPort;
    this.port = socket.address().port;
    socket.on('message', (message, sender) => this.#receive(message, sender));
  }

  /**
   * The port is always asked for by its number: Linux takes one that it picked itself away from a
   * socket that is connected no more.
   *
   * @throws the system's error if there is no port for it.
   */
  static async open(options: UdpClientOptions): Promise<UdpClient> {
    const range = options.ports[0] === 0 ? DYNAMIC_PORTS : options.ports;
    const socket = await listenInRange(range, (port) => openUdpSocket(options.host, port));
    return new UdpClient(options, socket);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#silence);
    this.#socket.close();
  }

  /** @returns false if it cannot be sent now. */
  send(parts: Uint8Array[], callback: (error: Error | null) => void): boolean {
    if (this.#clientPort === undefined || isFull(this.#socket)) return false;
    const { encapsulation, client } = this.#options;
    const octets = encapsulation === undefined ? parts : encapsulation.wrap(Buffer.concat(parts));
    if (octets === undefined) return false;
    if (this.#connected) this.#socket.send(octets, callback);
    else this.#socket.send(octets, this.#clientPort, client, callback);
    return true;
  }

  #receive(message: Buffer, sender: RemoteInfo): void {
    const now = monotonic();
    const moved = sender.port !== (this.#clientPort ?? sender.port);
    const stranger = canonicalIP(sender.address) !== this.#options.client;
    if (stranger || (moved && now - this.#heard < SILENCE)) {
      this.#options.drop();
      return;
    }
    const datagram = this.#parse(message);
    if (datagram === undefined) {
      this.#options.drop();
      return;
    }
    this.#heard = now;
    if (moved || !this.#connected) this.#connect(sender.port);
    this.#options.receive(datagram);
  }

  /** @returns undefined if it is none of the client's, whatever address it comes from. */
  #parse(message: Buffer): Datagram | undefined {
    const { encapsulation } = this.#options;
    try {
      const octets = encapsulation === undefined ? message : encapsulation.unwrap(message);
      return octets && parseDatagram(octets);
    } catch {
      return undefined;
    }
  }

  /** Has the system take this port's datagrams only, and keep the way to it. */
  #connect(port: number): void {
    this.#clientPort = port;
    this.#disconnect();
    this.#socket.connect(port, this.#options.client, (error?: Error) => {
      this.#connected = error === undefined;
      if (this.#connected && !this.#closed) this.#waitForSilence();
    });
  }

  /** A connected socket hears nothing of other ports: it is one until the client is silent. */
  #waitForSilence(): void {
    clearTimeout(this.#silence);
    const rest = this.#heard + SILENCE - monotonic();
    if (rest <= 0) this.#disconnect();
    else this.#silence = setTimeout(() => this.#waitForSilence(), rest).unref();
  }

  #disconnect(): void {
    if (!this.#connected || this.#closed) return;
    this.#connected = false;
    this.#socket.disconnect();
  }
}
