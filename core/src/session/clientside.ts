import type { DatagramEncapsulation, Encapsulation } from '../auth/method.js';
import type { Cancellation } from '../base/cancellation.js';
import type { Address } from '../protocol/address.js';
import { linger } from '../transport/linger.js';
import type { Transport } from '../transport/transport.js';
import { Conversation } from './conversation.js';
import { Encapsulated } from './encapsulation.js';
import { type Arriving, type Layer, unwrap } from './layer.js';

/** A client's connection, from the accepted one inwards: through a layer, and into an encapsulation. */
export class ClientSide {
  readonly #cancellation: Cancellation;
  #transport: Transport;
  /** From when all layers are off until the transport is handed over. */
  #conversation: Conversation | undefined;
  /** What all that the client says is put into, where its method of logging in does that. */
  #encapsulated: Encapsulated | undefined;
  /** Whether a layer is being taken off, or what is inside of an encapsulation. */
  #unwrapping = false;

  /**
   * @param cancellation cancelled once the client has left.
   * @param layered whether {@link unwrap} comes first.
   */
  constructor(transport: Transport, cancellation: Cancellation, layered: boolean) {
    this.#transport = transport;
    this.#cancellation = cancellation;
    if (!layered) this.#converse();
  }

  /** The innermost that there is. */
  get transport(): Transport {
    return this.#transport;
  }

  /** What the client says, until it is handed over. */
  get conversation(): Conversation | undefined {
    return this.#conversation;
  }

  /** Whether it is the client that is waited for. */
  get stalled(): boolean {
    return this.#unwrapping || (this.#conversation?.waiting ?? false);
  }

  /**
   * The form of the client's datagrams; undefined: they go as they are.
   *
   * @throws {Refusal} if there is none.
   */
  get datagrams(): DatagramEncapsulation | undefined {
    return this.#encapsulated?.datagrams;
  }

  /** Takes a layer off: what is behind it is what the client says. */
  async unwrap(layer: Layer, client: Address): Promise<Arriving> {
    const before: Arriving = { transport: this.#transport, client };
    this.#unwrapping = true;
    const arriving = await unwrap(layer, before, this.#cancellation);
    this.#transport = arriving.transport;
    this.#unwrapping = false;
    this.#converse();
    return arriving;
  }

  /** Goes on inside of what the client's method puts all into. */
  async encapsulate(encapsulation: Encapsulation): Promise<Conversation> {
    const below = this.handOver();
    below.pause();
    this.#encapsulated = new Encapsulated(encapsulation, below);
    this.#unwrapping = true;
    this.#transport = await this.#encapsulated.wrap(this.#cancellation);
    this.#unwrapping = false;
    return this.#converse();
  }

  /** Ends the conversation: who gets the transport reads what the client sent ahead first. */
  handOver(): Transport {
    this.#conversation?.release();
    this.#conversation = undefined;
    return this.#transport;
  }

  /** Has the last of it sent, and the connection closed. */
  async finish(): Promise<void> {
    await linger(this.#transport);
    await this.#encapsulated?.finish();
  }

  /** Gives back what is over the transport. */
  dispose(): void {
    this.#encapsulated?.dispose();
  }

  #converse(): Conversation {
    const conversation = new Conversation(this.#transport, () => this.#cancellation.cancel());
    this.#conversation = conversation;
    return conversation;
  }
}
