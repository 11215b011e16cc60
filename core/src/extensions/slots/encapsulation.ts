import type { Duplex } from 'node:stream';
import type { DatagramEncapsulation, Encapsulation } from '../../auth/method.js';
import type { Transport } from '../../transport/transport.js';
import { facade } from '../views.js';
import { lend } from './loan.js';
import { demandMethod, lastingMethod, type Owner, thenTake } from './owner.js';
import { bytesOf } from './sources.js';
import { type GuardedTransport, guardTransport } from './transport.js';

/**
 * What a method of an extension puts all into that follows. What its code throws ends the connection,
 * of a datagram drops this one; connections that it has are served on when it is switched off.
 *
 * @throws if it is none.
 */
export function guardEncapsulation(given: unknown, owner: Owner): Encapsulation | undefined {
  if (given === undefined || given === null) return undefined;
  if (typeof given !== 'object') throw new Error(`it gave a ${typeof given}, not an encapsulation`);
  const wrap = demandMethod(given, 'wrap', owner);
  const dispose = lastingMethod(given, 'dispose', owner);
  const datagrams: unknown = Reflect.get(given, 'datagrams');
  return {
    wrap: (transport) => wrapOver(transport, wrap, owner),
    ...(datagrams !== undefined && { datagrams: guardDatagrams(datagrams, owner) }),
    ...(dispose && {
      dispose() {
        try {
          dispose();
        } catch (error) {
          owner.failed('giving back what a connection was put into', error);
        }
      },
    }),
  };
}

async function wrapOver(
  transport: Transport,
  wrap: (transport: Transport) => unknown,
  owner: Owner,
): Promise<Transport> {
  let inside: GuardedTransport | undefined;
  const { transport: lent } = lend(transport, owner, {
    failed(error) {
      transport.abort();
      if (inside === undefined) owner.failed('a connection that it was lent', error);
      else inside.fail(error);
    },
  });
  inside = await thenTake(wrap(lent), owner, (made) => guardTransport(made, owner));
  return inside;
}

function guardDatagrams(given: unknown, owner: Owner): DatagramEncapsulation {
  if (typeof given !== 'object' || given === null) {
    throw new Error(`it gave a ${given === null ? 'null' : typeof given}, not a form of datagrams`);
  }
  const way = (name: 'wrap' | 'unwrap') => {
    const put = lastingMethod(given, name, owner);
    if (put === undefined) throw owner.wrong(`its datagrams have no ${name}()`);
    return (octets: Uint8Array): Uint8Array | undefined => {
      try {
        const made = put(octets);
        return made === undefined || made === null ? undefined : bytesOf(made);
      } catch (error) {
        owner.failed('a datagram', error);
        return undefined;
      }
    };
  };
  return { wrap: way('wrap'), unwrap: way('unwrap') };
}

/** What an extension may have of what a method puts all into. */
export function encapsulationView(
  encapsulation: Encapsulation | undefined,
  owner: Owner,
): Encapsulation | undefined {
  if (encapsulation === undefined) return undefined;
  const { datagrams } = encapsulation;
  return facade<Encapsulation>({
    wrap: (transport: Transport): Promise<Transport | Duplex> =>
      owner.outside(async () => encapsulation.wrap(transport)),
    ...(datagrams && { datagrams }),
    dispose: () => owner.outside(() => encapsulation.dispose?.()),
  });
}
