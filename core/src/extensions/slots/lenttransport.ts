import type { Address } from '../../protocol/address.js';
import type { Transport, TransportReader } from '../../transport/transport.js';
import { facade, view } from '../views.js';
import type { Owner } from './owner.js';

/**
 * A connection of the server's, as an extension has it that puts something over it: it is read in the
 * extension's name, and written in the server's.
 *
 * @param failed told what the extension's code has thrown while it read: it is told nothing more.
 */
export function lendTransport(
  transport: Transport,
  owner: Owner,
  failed: (error: unknown) => void,
): Transport {
  const outside = <T>(code: () => T): T => owner.outside(code);
  return facade<Transport>({
    get local(): Address {
      return view(transport.local);
    },
    get remote(): Address {
      return view(transport.remote);
    },
    get ended(): boolean {
      return transport.ended;
    },
    get closed(): boolean {
      return transport.closed;
    },
    get unwritten(): number {
      return transport.unwritten;
    },
    readTo: (reader) => outside(() => transport.readTo(readerOf(reader, owner, failed))),
    pause: () => outside(() => transport.pause()),
    resume: () => outside(() => transport.resume()),
    putBack: (bytes) => outside(() => transport.putBack(bytes)),
    write: (bytes) => outside(() => transport.write(bytes)),
    end: () => outside(() => transport.end()),
    close: () => outside(() => transport.close()),
    abort: () => outside(() => transport.abort()),
    keepAlive: (delay) => outside(() => transport.keepAlive(delay)),
    rest: () => outside(() => transport.rest()),
  });
}

function readerOf(
  reader: TransportReader,
  owner: Owner,
  failed: (error: unknown) => void,
): TransportReader {
  let over = false;
  const tell = <T>(code: () => T, otherwise: T): T => {
    if (over) return otherwise;
    try {
      return owner.runEvenIfOff(code);
    } catch (error) {
      over = true;
      failed(error);
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
    onClose: (code) => tell(() => reader.onClose(code), undefined),
  };
}
