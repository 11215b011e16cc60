import type { Transport, TransportReader } from '../transport/transport.js';

/** What was moved: up from the client to the remote host, down to the client. */
export interface Traffic {
  /** Bytes of data. */
  up: number;
  down: number;
  /** UDP datagrams that were not relayed. */
  dropped: number;
}

/** How a tunnel ended: both sides finished, or one reset the connection. */
export type TunnelEnd = 'finished' | 'client-reset' | 'remote-reset';

/** How long a flow has to wait after some bytes to keep to its rate, ms; 0: not at all. */
export type Throttle = (bytes: number) => number;

/** The rates of both ways; undefined: as fast as it goes. */
export interface Throttles {
  readonly up: Throttle | undefined;
  readonly down: Throttle | undefined;
}

/** One side of a tunnel: what it sends is written to the other. */
class Side implements TransportReader {
  readonly transport: Transport;
  readonly #way: 'up' | 'down';
  readonly #tunnel: Tunnel;
  readonly #throttle: Throttle | undefined;
  other!: Side;
  /** Whether this side has sent its last byte. */
  ended = false;
  /** Whether the other side has not taken all of what this one has sent. */
  untaken = false;
  #pause: NodeJS.Timeout | undefined;

  constructor(transport: Transport, way: 'up' | 'down', tunnel: Tunnel, throttle?: Throttle) {
    this.transport = transport;
    this.#way = way;
    this.#tunnel = tunnel;
    this.#throttle = throttle;
  }

  onData(chunk: Uint8Array, lasting: boolean): boolean {
    const { length } = chunk;
    this.#tunnel.traffic[this.#way] += length;
    this.untaken = !this.other.transport.write(lasting ? chunk : Buffer.from(chunk));
    const wait = this.#throttle?.(length) ?? 0;
    if (wait > 0) this.#waitFor(wait);
    return !this.untaken && wait <= 0;
  }

  onEnd(): void {
    this.ended = true;
    if (this.other.ended) this.#tunnel.finish();
    else this.other.transport.end();
  }

  onDrain(): void {
    const { other } = this;
    other.untaken = false;
    if (other.ended) this.#tunnel.finish();
    else other.#goOn();
  }

  onClose(code: string | undefined): void {
    clearTimeout(this.#pause);
    this.#tunnel.closed(this, code);
  }

  #waitFor(ms: number): void {
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      this.#goOn();
    }, ms);
  }

  #goOn(): void {
    if (!this.untaken && this.#pause === undefined) this.transport.resume();
  }
}

class Tunnel {
  readonly traffic: Traffic;
  readonly #client: Side;
  readonly #remote: Side;
  readonly #resolve: (end: TunnelEnd) => void;
  #end: TunnelEnd = 'finished';
  #open = 2;

  constructor(
    client: Transport,
    remote: Transport,
    traffic: Traffic,
    throttles: Throttles | undefined,
    resolve: (end: TunnelEnd) => void,
  ) {
    this.traffic = traffic;
    this.#resolve = resolve;
    this.#client = new Side(client, 'up', this, throttles?.up);
    this.#remote = new Side(remote, 'down', this, throttles?.down);
    this.#client.other = this.#remote;
    this.#remote.other = this.#client;
    client.readTo(this.#client);
    remote.readTo(this.#remote);
    remote.resume();
    client.resume();
  }

  /** Closes both sides once both have finished and taken all. */
  finish(): void {
    const [client, remote] = [this.#client, this.#remote];
    if (!client.ended || !remote.ended || client.untaken || remote.untaken) return;
    client.transport.close();
    remote.transport.close();
  }

  closed(side: Side, code: string | undefined): void {
    if (code !== undefined && this.#end === 'finished') {
      this.#end = side === this.#client ? 'client-reset' : 'remote-reset';
    }
    // Nothing, if it is closed already; else what it had is cut off, and must not look whole.
    side.other.transport.abort();
    this.#open--;
    if (this.#open === 0) this.#resolve(this.#end);
  }
}

/**
 * Moves bytes both ways until both sides have finished or one is closed. A side that finishes
 * leaves the other free to go on sending; one that fails, or is closed by somebody else, resets
 * the other. A side that does not read stops the other: what waits for it is one read, 384 KiB at
 * most and less if many do.
 *
 * @param traffic counts on while bytes move.
 * @param throttles the rates to keep to.
 */
export function tunnel(
  client: Transport,
  remote: Transport,
  traffic: Traffic,
  throttles?: Throttles,
): Promise<TunnelEnd> {
  return new Promise((resolve) => {
    new Tunnel(client, remote, traffic, throttles, resolve);
  });
}
