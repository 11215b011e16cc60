import type { Transport, TransportReader } from '../transport/transport.js';
import { Pacer, type Throttle, type Throttles } from './pacer.js';

/** What was moved: up from the client to the remote host, down to the client. */
export interface Traffic {
  /** Bytes of data. */
  up: number;
  down: number;
  /** UDP datagrams that were not relayed. */
  dropped: number;
  /** Ways that stand still at this moment because of their rate. */
  waiting: number;
}

/** How a tunnel ended: both sides finished, or one reset the connection. */
export type TunnelEnd = 'finished' | 'client-reset' | 'remote-reset';

/** One side of a tunnel: what it sends is written to the other. */
class Side implements TransportReader {
  readonly transport: Transport;
  other!: Side;
  /** Whether it has sent its last byte, and the other has taken all. */
  passed = false;
  readonly #tunnel: Tunnel;
  readonly #way: 'up' | 'down';
  readonly #pacer: Pacer | undefined;
  #ended = false;
  /** Whether the other side has not taken all of what was written to it. */
  #untaken = false;

  constructor(transport: Transport, way: 'up' | 'down', tunnel: Tunnel, throttle?: Throttle) {
    this.transport = transport;
    this.#tunnel = tunnel;
    this.#way = way;
    if (throttle === undefined) return;
    const write = (step: Uint8Array) => this.#write(step);
    this.#pacer = new Pacer(throttle, tunnel.traffic, write, () => this.#proceed());
  }

  get most(): number | undefined {
    return this.#pacer?.step;
  }

  onData(chunk: Uint8Array, lasting: boolean): boolean {
    const bytes = lasting ? chunk : Buffer.from(chunk);
    return this.#pacer === undefined ? this.#write(bytes) : this.#pacer.write(bytes);
  }

  onEnd(): void {
    this.#ended = true;
    if (!this.#untaken && !this.#pacer?.waits) this.#pass();
  }

  onDrain(): void {
    this.other.#taken();
  }

  onClose(code: string | undefined): void {
    // What a side has sent in full still goes on, at its rate.
    if (!this.#ended) this.#pacer?.stop();
    this.#tunnel.closed(this, code);
  }

  #write(bytes: Uint8Array): boolean {
    const { transport } = this.other;
    if (transport.closed) return false;
    this.#tunnel.traffic[this.#way] += bytes.length;
    this.#untaken = !transport.write(bytes);
    return !this.#untaken;
  }

  #taken(): void {
    if (!this.#untaken) return;
    this.#untaken = false;
    this.#proceed();
  }

  #proceed(): void {
    if (this.#pacer?.advance() === false) return;
    if (this.#ended) this.#pass();
    else this.transport.resume();
  }

  #pass(): void {
    this.passed = true;
    const { other } = this;
    if (!other.passed) {
      other.transport.end();
      return;
    }
    this.transport.close();
    other.transport.close();
  }
}

class Tunnel {
  readonly traffic: Traffic;
  readonly #client: Side;
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
    const up = new Side(client, 'up', this, throttles?.up);
    const down = new Side(remote, 'down', this, throttles?.down);
    up.other = down;
    down.other = up;
    this.#client = up;
    client.readTo(up);
    remote.readTo(down);
    remote.resume();
    client.resume();
  }

  closed(side: Side, code: string | undefined): void {
    if (code !== undefined && this.#end === 'finished') {
      this.#end = side === this.#client ? 'client-reset' : 'remote-reset';
    }
    // What is cut off must not look whole. One that has finished is closed by itself.
    if (!side.passed || !side.other.passed) side.other.transport.abort();
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
