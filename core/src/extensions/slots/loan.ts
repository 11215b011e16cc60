import type { Duplex } from 'node:stream';
import type { Address } from '../../protocol/address.js';
import { nowhere, type Transport, type TransportReader } from '../../transport/transport.js';
import { TransportStream } from '../../transport/transportstream.js';
import { facade, view } from '../views.js';
import type { Owner } from './owner.js';

/** A connection of the server's that an extension puts something over. */
export interface Loan {
  /** It, as the extension has it: read in the extension's name, and written in the server's. */
  readonly transport: Transport;
  /** The same as a stream of Node's, from the first time on its reader. */
  stream(): Duplex;
  /** Takes it back: nothing that the extension still has of it leads to the client. */
  takeBack(): void;
}

/** What a lender is told. */
export interface Lender {
  /** The extension's code has thrown while it read: it is told nothing more. */
  failed(error: unknown): void;
  /** The connection was closed while it was lent. */
  gone?(): void;
}

/** Lends a connection to an extension. */
export function lend(inner: Transport, owner: Owner, lender: Lender): Loan {
  let isLent = true;
  let stream: TransportStream | undefined;
  const act = (action: () => void) => {
    if (isLent) owner.outside(action);
  };
  const remote: Address = view(inner.remote);
  const transport = facade<Transport>({
    remote,
    get local(): Address {
      return isLent ? view(inner.local) : nowhere;
    },
    get ended(): boolean {
      return !isLent || inner.ended;
    },
    get closed(): boolean {
      return !isLent || inner.closed;
    },
    get unwritten(): number {
      return isLent ? inner.unwritten : 0;
    },
    readTo: (reader) =>
      act(() => inner.readTo(readerOf(reader, { owner, lender, isLent: () => isLent }))),
    pause: () => act(() => inner.pause()),
    resume: () => act(() => inner.resume()),
    putBack: (bytes) => act(() => inner.putBack(bytes)),
    write(bytes) {
      if (!(bytes instanceof Uint8Array)) throw new TypeError('expected octets to write');
      return isLent ? owner.outside(() => inner.write(bytes)) : true;
    },
    end: () => act(() => inner.end()),
    close: () => act(() => inner.close()),
    abort: () => act(() => inner.abort()),
    keepAlive: (delay) => act(() => inner.keepAlive(delay)),
    rest: () => act(() => inner.rest()),
  });
  return {
    transport,
    stream() {
      if (stream === undefined) {
        stream = new TransportStream(transport);
        // What cannot be written any more ends it; nobody has to listen for that.
        stream.on('error', () => {});
      }
      return stream;
    },
    takeBack() {
      isLent = false;
    },
  };
}

interface Reading {
  readonly owner: Owner;
  readonly lender: Lender;
  isLent(): boolean;
}

function readerOf(reader: TransportReader, { owner, lender, isLent }: Reading): TransportReader {
  let over = false;
  const tell = <T>(code: () => T, otherwise: T): T => {
    if (over || !isLent()) return otherwise;
    try {
      return owner.runEvenIfOff(code);
    } catch (error) {
      over = true;
      lender.failed(error);
      return otherwise;
    }
  };
  return {
    get most() {
      return reader.most;
    },
    onData: (chunk, lasting) => tell(() => reader.onData(chunk, lasting) !== false, false),
    onEnd: () => tell(() => reader.onEnd(), undefined),
    onDrain: () => tell(() => reader.onDrain(), undefined),
    onClose(code) {
      tell(() => reader.onClose(code), undefined);
      lender.gone?.();
    },
  };
}
