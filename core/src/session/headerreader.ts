import { messageOf } from '../base/errors.js';
import type { Startup } from '../limits/startups.js';
import type { CloseReason } from '../log/events.js';
import type { Address } from '../protocol/address.js';
import { parseProxyHeader } from '../protocol/proxyheader.js';
import type { Transport, TransportReader } from '../transport/transport.js';

/** What came of waiting for a PROXY header. */
export type Introduction =
  /** The client's address, as the balancer tells it; undefined if the connection is its own. */
  | { readonly kind: 'told'; readonly client: Address | undefined }
  /** The balancer said nothing of its own: it only looked whether somebody is here. */
  | { readonly kind: 'left' }
  /** What came is no header, or none came in time. */
  | { readonly kind: 'refused'; readonly reason: CloseReason; readonly detail: string };

/** Why one is wanted. */
const WHY = '; proxy-protocol names this address';

const nothing: Uint8Array = new Uint8Array();

/**
 * Reads the PROXY header that a balancer's connection begins with, and hands on whatever follows.
 */
export class HeaderReader implements TransportReader, Startup {
  readonly stalled = true;
  readonly #transport: Transport;
  readonly #balancer: Address;
  readonly #onDone: (introduction: Introduction) => void;
  readonly #deadline: NodeJS.Timeout;
  #bytes = nothing;
  /** Whether there was a header that names nobody else: then it matters whether anything follows. */
  #isOwn = false;
  #done = false;

  /**
   * @param transport of which nothing was read; what is no part of the header is put back.
   * @param balancer where it comes from.
   * @param time how long the header may take, ms.
   * @param onDone called once, but not within this call.
   */
  constructor(
    transport: Transport,
    balancer: Address,
    time: number,
    onDone: (introduction: Introduction) => void,
  ) {
    this.#transport = transport;
    this.#balancer = balancer;
    this.#onDone = onDone;
    this.#deadline = setTimeout(() => this.#onLate(time), time);
    transport.readTo(this);
    transport.resume();
  }

  /** As {@link Startup} says; it is told at once. */
  giveWay(): void {
    const detail = 'gave way to others before its PROXY header came';
    this.#finish(refused('too-many-connections', detail), (tell) => tell());
  }

  /** Gives up: the server stops. */
  end(): void {
    this.#finish({ kind: 'left' }, (tell) => tell());
  }

  onData(chunk: Uint8Array): boolean {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    // A password may follow the header: who wipes what is put back wipes the only copy.
    chunk.fill(0);
    if (!this.#done) this.#read();
    return !this.#done;
  }

  onEnd(): void {
    const isAlone = this.#isOwn || this.#bytes.length === 0;
    const cut = refused('client-left', 'it left before its PROXY header was whole');
    this.#finish(isAlone ? { kind: 'left' } : cut);
  }

  onDrain(): void {}

  onClose(): void {
    this.onEnd();
  }

  #read(): void {
    let client: Address | undefined;
    try {
      if (!this.#isOwn) {
        const header = parseProxyHeader(this.#bytes);
        if (header === undefined) return;
        ({ client } = header.value);
        this.#isOwn = client === undefined || this.#isBalancer(client);
        this.#bytes = this.#bytes.subarray(header.length);
      }
    } catch (error) {
      this.#bytes.fill(0);
      this.#finish(refused('protocol-error', `${messageOf(error)}${WHY}`));
      return;
    }
    if (this.#isOwn) client = undefined;
    if (!this.#isOwn || this.#bytes.length > 0) this.#finish({ kind: 'told', client });
  }

  /** Whether it is the balancer itself, as HAProxy tells of its checks in version 1. */
  #isBalancer({ host, port }: Address): boolean {
    return host === this.#balancer.host && port === this.#balancer.port;
  }

  #onLate(time: number): void {
    const late = refused('handshake-timeout', `no PROXY header within ${time / 1000} s${WHY}`);
    this.#finish(this.#isOwn ? { kind: 'left' } : late, (tell) => tell());
  }

  /** @param when whoever has the transport next resumes it, which is not to happen within a call of it. */
  #finish(introduction: Introduction, when: (tell: () => void) => void = queueMicrotask): void {
    if (this.#done) return;
    this.#done = true;
    clearTimeout(this.#deadline);
    when(() => {
      if (introduction.kind === 'told') this.#transport.putBack(this.#bytes);
      this.#bytes = nothing;
      this.#onDone(introduction);
    });
  }
}

function refused(reason: CloseReason, detail: string): Introduction {
  return { kind: 'refused', reason, detail };
}
