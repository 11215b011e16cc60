import type { Datagrams } from '../../outbound/outbound.js';
import type { Address } from '../../protocol/address.js';
import { octets, view } from '../views.js';
import { lastingMethod, type Owner } from './owner.js';

/**
 * A way for datagrams that an extension has opened, as the server takes it. It is served on when the
 * extension is switched off; once its code throws, it is over.
 *
 * @throws if it is none.
 */
export function guardDatagrams(given: unknown, owner: Owner): Datagrams {
  if (typeof given !== 'object' || given === null) {
    const what = given === null ? 'null' : `a ${typeof given}`;
    throw new Error(`it gave ${what}, not a way for datagrams`);
  }
  const demand = (name: string) => {
    const method = lastingMethod(given, name, owner);
    if (method === undefined) throw new Error(`its way for datagrams has no ${name}()`);
    return method;
  };
  const [start, send, close] = [demand('start'), demand('send'), demand('close')];
  let isOver = false;
  const end = () => {
    if (isOver) return;
    isOver = true;
    try {
      close();
    } catch (error) {
      owner.failed('closing a way for datagrams', error);
    }
  };
  const ask = <T>(question: () => T, otherwise: T): T => {
    if (isOver) return otherwise;
    try {
      return question();
    } catch (error) {
      owner.failed('a way for datagrams', error);
      end();
      return otherwise;
    }
  };
  return {
    get closed() {
      const isClosed = () => owner.runEvenIfOff(() => Reflect.get(given, 'closed') === true);
      return ask(isClosed, true);
    },
    start(receive) {
      const take = (sender: unknown, data: unknown) => {
        const from = senderOf(sender);
        if (!(data instanceof Uint8Array)) throw new TypeError('expected octets as a datagram');
        if (!isOver) owner.outside(() => receive(from, octets(data)));
      };
      ask(() => start(take), undefined);
    },
    send: (destination, data) => ask(() => send(view(destination), octets(data)) !== false, false),
    close: end,
  };
}

/** @throws {TypeError} if it is no address. */
function senderOf(value: unknown): Address {
  const { host, port } = (value ?? {}) as Partial<Record<string, unknown>>;
  const isHost = typeof host === 'string' && host !== '' && host.length <= 255;
  if (isHost && typeof port === 'number' && Number.isInteger(port) && port >= 0 && port <= 65535) {
    return { host, port };
  }
  throw new TypeError('expected the sender of a datagram as { host, port }');
}
