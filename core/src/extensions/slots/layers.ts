import type { Duplex } from 'node:stream';
import type { Identity } from '../../auth/identity.js';
import { type Awaitable, withDeadline } from '../../base/awaitable.js';
import { ProtocolError } from '../../protocol/parser.js';
import { ClientLeft } from '../../session/conversation.js';
import type { Arriving, Layer, LayerFormat, LayerOptions } from '../../session/layer.js';
import { Refusal } from '../../session/refusal.js';
import { linger } from '../../transport/linger.js';
import type { Transport, TransportReader } from '../../transport/transport.js';
import { facade, view } from '../views.js';
import { type Loan, lend } from './loan.js';
import { demandMethod, methodOf, type Owner } from './owner.js';
import { identityOf } from './sources.js';
import { guardTransport } from './transport.js';

/** A client that comes, as a layer of an extension is given it. */
export interface ExtensionArriving extends Arriving {
  /** Paused, and not read so far. */
  readonly transport: Transport;
  /** The same connection as a stream of Node's, which allows half-open: for who likes that better. */
  stream(): Duplex;
}

/** What a layer makes of a client. */
export interface ExtensionLayered {
  /** What is behind the layer: the client's own connection, or a transport or stream over it. */
  readonly transport: Transport | Duplex;
  /** Who the client is, if the layer knows: then nobody asks it to log in. */
  readonly identity?: Identity | undefined;
}

/** A layer of an extension. */
export interface ExtensionLayer {
  /** Whether it lets nobody in whom it cannot identify, as package.json has to say as well. */
  readonly identifies?: boolean;
  /**
   * Takes the layer off what a client sends, and puts it on what the client is sent.
   *
   * @param signal aborted when the client has left, or has had its `--handshake-timeout`.
   * @throws {ProtocolError} for what the client does wrong, {@link Refusal} for a reason of its own.
   */
  wrap(arriving: ExtensionArriving, signal: AbortSignal): Awaitable<ExtensionLayered>;
  /** What deserves a warning at the moment, a sentence each: asked when it is opened, and daily. */
  warnings?(): readonly string[];
}

/**
 * Opens layers of an extension, for listen addresses whose scheme is its `id`. One that has nothing
 * to open may be the layer itself: what has no `open` and has `wrap` is.
 */
export interface ExtensionLayerFormat extends Partial<ExtensionLayer> {
  readonly id: string;
  /**
   * @param options of the listener, those that are simple: texts, numbers, yes or no.
   * @param warn told what deserves a warning, in one sentence.
   */
  open?(options: LayerOptions, warn: (message: string) => void): Awaitable<ExtensionLayer>;
}

/** A kind of layer of an extension. Once that is switched off, nobody comes in by it. */
export function layerSlot(id: string, item: object, owner: Owner): LayerFormat {
  const isLayer = methodOf(item, 'open', owner) === undefined && 'wrap' in item;
  const open = isLayer ? () => item : demandMethod(item, 'open', owner);
  return {
    id,
    async open(options, warn) {
      const tell = (message: unknown) => owner.outside(() => warn(owner.words(message)));
      const time = owner.activationTime;
      const late = () => new Error(`"${id}://" was not opened within ${time / 1000} s`);
      try {
        const opening = Promise.resolve(owner.run(() => open(simple(options), tell)));
        return openedSlot(id, await withDeadline(opening, time, late), owner);
      } catch (error) {
        throw owner.mistake(error);
      }
    },
  };
}

/** What is no list and no table: in these there may be passwords. */
function simple(options: LayerOptions): LayerOptions {
  const entries = Object.entries(options).filter(([, value]) => typeof value !== 'object');
  return view(Object.fromEntries(entries));
}

function openedSlot(id: string, layer: unknown, owner: Owner): Layer {
  if (typeof layer !== 'object' || layer === null) throw owner.wrong('open() gave no layer');
  const wrap = demandMethod(layer, 'wrap', owner);
  const warnings = methodOf(layer, 'warnings', owner);
  const identifies = Reflect.get(layer, 'identifies') === true;
  if (identifies !== owner.identifies(id)) {
    const [says, other] = identifies ? ['says', 'does not'] : ['does not say', 'does'];
    throw owner.wrong(
      `its layer "${id}" ${says} that it identifies clients, and package.json ${other}: expected ` +
        `"identifies" at both, or at none`,
    );
  }
  return {
    id,
    identifies,
    wrap: (arriving, cancellation) =>
      new Promise((resolve, reject) => {
        const controller = new AbortController();
        let isDone = false;
        const leave = () => {
          if (isDone) return;
          lent.takeBack();
          reject(new ClientLeft());
          controller.abort();
        };
        // Who waits for a client that has left waits for nothing.
        const lent = lend(arriving.transport, owner, {
          failed(error) {
            owner.failed('reading what a client sent', error);
            arriving.transport.abort();
          },
          gone: leave,
        });
        cancellation.on(leave);
        const give = async () => {
          const { client, identity } = arriving;
          const given = await owner.run(() => {
            const stream = () => lent.stream();
            const asked = facade({
              ...view({ client, identity }),
              transport: lent.transport,
              stream,
            });
            return wrap(asked, controller.signal);
          });
          return owner.outside(() => arrivedAs(given, arriving, lent, identifies, owner));
        };
        const done = (settle: () => void) => {
          isDone = true;
          cancellation.off(leave);
          settle();
        };
        give().then(
          (arrived) => done(() => resolve(arrived)),
          (error) =>
            done(() => {
              lent.takeBack();
              arriving.transport.pause();
              reject(refusalOf(id, error, owner));
            }),
        );
      }),
    ...(warnings && {
      warnings() {
        try {
          const list = warnings();
          return Array.isArray(list) ? list.map((message) => owner.words(message)) : [];
        } catch (error) {
          owner.failed(`warnings of the layer "${id}"`, error);
          return [];
        }
      },
    }),
  };
}

/** @throws if what a layer gives is no client. */
function arrivedAs(
  given: unknown,
  { transport: below, client }: Arriving,
  lent: Loan,
  identifies: boolean,
  owner: Owner,
): Arriving {
  const { transport, identity: told } = (given ?? {}) as Partial<Record<string, unknown>>;
  const identity = identityOf(told, undefined);
  if (identifies && identity?.user === undefined) throw new Error('it identified nobody');
  if (transport !== lent.transport) {
    return {
      transport: new LayeredTransport(guardTransport(transport, owner), below),
      client,
      identity,
    };
  }
  below.pause();
  lent.takeBack();
  return { transport: below, client, identity };
}

/** Why a client does not come in. */
function refusalOf(id: string, error: unknown, owner: Owner): Error {
  if (error instanceof ClientLeft) return error;
  const words = owner.words(error);
  if (error instanceof ProtocolError) return new Refusal('protocol-error', words);
  if (error instanceof Refusal) return new Refusal(error.reason, words, { cause: error.cause });
  owner.failed(`the layer "${id}"`, error);
  return new Refusal('internal-error', `the layer "${id}" failed: ${words}`);
}

/** A transport over a client's connection, which ends with it whatever the one above does. */
class LayeredTransport implements Transport {
  readonly #above: Transport;
  readonly #below: Transport;
  readonly remote;

  constructor(above: Transport, below: Transport) {
    this.#above = above;
    this.#below = below;
    this.remote = below.remote;
  }

  get local() {
    return this.#below.local;
  }

  get ended() {
    return this.#above.ended;
  }

  get closed() {
    return this.#above.closed;
  }

  get unwritten() {
    return this.#above.unwritten;
  }

  readTo(reader: TransportReader): void {
    this.#above.readTo({
      get most() {
        return reader.most;
      },
      onData: (chunk, lasting) => reader.onData(chunk, lasting),
      onEnd: () => reader.onEnd(),
      onDrain: () => reader.onDrain(),
      onClose: (code) => {
        if (code === undefined) void linger(this.#below);
        else this.#below.abort();
        reader.onClose(code);
      },
    });
  }

  pause(): void {
    this.#above.pause();
  }

  resume(): void {
    this.#above.resume();
  }

  putBack(bytes: Uint8Array): void {
    this.#above.putBack(bytes);
  }

  write(bytes: Uint8Array): boolean {
    return this.#above.write(bytes);
  }

  end(): void {
    this.#above.end();
  }

  close(): void {
    this.#below.close();
    this.#above.close();
  }

  abort(): void {
    this.#below.abort();
    this.#above.abort();
  }

  keepAlive(delay: number): void {
    this.#below.keepAlive(delay);
  }

  rest(): void {
    this.#above.rest();
    this.#below.rest();
  }
}

/** A layer that cannot be opened yet, since its extension is not activated: nobody comes in by it. */
export class PendingLayer implements Layer {
  readonly id: string;
  readonly identifies: boolean;

  constructor(id: string, identifies: boolean) {
    this.id = id;
    this.identifies = identifies;
  }

  wrap(): Arriving {
    throw new Refusal('internal-error', `the layer "${this.id}" is not open yet`);
  }

  /** Becomes the layer that was opened in its place. */
  become(layer: Layer): void {
    Object.defineProperties(this, Object.getOwnPropertyDescriptors(layer));
  }
}
