import type { Identity } from '../auth/identity.js';
import type { Awaitable } from '../base/awaitable.js';
import type { Cancellation, CancellationToken } from '../base/cancellation.js';
import type { Address } from '../protocol/address.js';
import type { Transport } from '../transport/transport.js';
import { unlessLeft } from './conversation.js';

/** A client that comes: its bytes, where it comes from, and who it is, where a layer says so. */
export interface Arriving {
  readonly transport: Transport;
  readonly client: Address;
  /** Then nobody asks it to log in. */
  readonly identity?: Identity | undefined;
}

/** What is between a client and what it speaks, such as TLS. */
export interface Layer {
  readonly id: string;
  /** Whether it lets nobody in whom it cannot identify: then no users are needed. */
  readonly identifies?: boolean;
  /**
   * Takes the layer off what a client sends, and puts it on what the client is sent.
   *
   * @param arriving as the connection was accepted, or as the layer before it has left it.
   * @param cancellation cancelled when the client has left, or has had its time.
   * @throws {Refusal} if it cannot be done: the transport is then as the client is to see it last.
   */
  wrap(arriving: Arriving, cancellation: CancellationToken): Awaitable<Arriving>;
  /** What deserves a warning at the moment, a sentence each: asked when it is opened, and daily. */
  warnings?(): readonly string[];
}

/** What a layer may know of the options of its listener, by their keys. */
export type LayerOptions = Readonly<Record<string, unknown>>;

/** Opens layers of one kind: what stands before `://` of an address to listen at. */
export interface LayerFormat {
  readonly id: string;
  /**
   * Reads what the layer needs, anew each time that options are read.
   *
   * @param warn told what deserves a warning, in one sentence.
   * @throws {UserError} if it cannot be used.
   */
  open(options: LayerOptions, warn: (message: string) => void): Awaitable<Layer>;
}

/**
 * Takes a layer off, as long as the client waits for it.
 *
 * @throws {Refusal} if it cannot be done, {@link ClientLeft} once it is cancelled.
 */
export async function unwrap(
  layer: Layer,
  arriving: Arriving,
  cancellation: Cancellation,
): Promise<Arriving> {
  const wrapping = (async () => layer.wrap(arriving, cancellation))();
  try {
    return await unlessLeft(wrapping, cancellation);
  } catch (error) {
    // What still comes of it nobody waits for.
    wrapping.then(({ transport }) => transport.close()).catch(() => {});
    throw error;
  }
}
