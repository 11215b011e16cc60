import type { Authenticated, DatagramEncapsulation, Encapsulation } from '../auth/method.js';
import type { Cancellation } from '../base/cancellation.js';
import type { Disposable } from '../base/disposable.js';
import { Reply } from '../protocol/socks5.js';
import { linger } from '../transport/linger.js';
import { OverTransport } from '../transport/overtransport.js';
import { toTransport } from '../transport/sockettransport.js';
import type { Transport } from '../transport/transport.js';
import { unlessLeft } from './conversation.js';
import { Refusal } from './refusal.js';

/** What all that a client sends and is sent is put into, once its method has let it in. */
export class Encapsulated implements Disposable {
  readonly #encapsulation: Encapsulation;
  /** The client's connection. */
  readonly #below: Transport;

  /** @param below paused, and nobody else's from now on. */
  constructor(encapsulation: Encapsulation, below: Transport) {
    this.#encapsulation = encapsulation;
    this.#below = below;
  }

  /**
   * Puts it over the client's connection.
   *
   * @returns what is inside.
   * @throws what the encapsulation throws; {@link ClientLeft} once it is cancelled.
   */
  async wrap(cancellation: Cancellation): Promise<Transport> {
    const below = this.#below;
    const wrapping = (async () => toTransport(await this.#encapsulation.wrap(below)))();
    try {
      return new OverTransport(await unlessLeft(wrapping, cancellation), below);
    } catch (error) {
      // What still comes of it nobody waits for.
      wrapping.then((inside) => inside.close()).catch(() => {});
      throw error;
    }
  }

  /**
   * The form of the client's datagrams.
   *
   * @throws {Refusal} if there is none.
   */
  get datagrams(): DatagramEncapsulation {
    const { datagrams } = this.#encapsulation;
    if (datagrams !== undefined) return datagrams;
    const detail = 'the way in which the client has logged in has no form for datagrams';
    throw new Refusal('unsupported', detail, { reply: Reply.commandNotSupported });
  }

  /** Has the last of it sent, and the connection closed. */
  async finish(): Promise<void> {
    await linger(this.#below);
  }

  dispose(): void {
    this.#encapsulation.dispose?.();
  }
}

/** Gives back what still comes of a login that nobody waits for. */
export function forget(identifying: Promise<Authenticated>): void {
  identifying.then(({ encapsulation }) => encapsulation?.dispose?.()).catch(() => {});
}
