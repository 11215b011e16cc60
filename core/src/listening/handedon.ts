import type { Address } from '../protocol/address.js';
import { type BoundHandle, bindTcp, openDescriptor } from './boundhandle.js';

/** A listening socket that is handed on to the process that takes this one's place. */
export interface HandedOn extends Address {
  /** Its descriptor there. */
  readonly descriptor: number;
}

/** Those that this process was handed and has not asked for yet, by what is asked for. */
const given = new Map<string, number>();
/** TCP sockets that this process has bound, by what was asked for. */
const bound = new Map<string, { readonly address: Address; readonly handle: BoundHandle }>();

const keyOf = ({ host, port }: Address) => `${host} ${port}`;

/** Takes what the process before this one hands on: whoever binds such an address gets its socket. */
export function takeHandedOn(sockets: readonly HandedOn[]): void {
  for (const socket of sockets) given.set(keyOf(socket), socket.descriptor);
}

/** The socket that was handed on for an address; undefined if there is none. */
export function takeGiven(address: Address): BoundHandle | undefined {
  const key = keyOf(address);
  const descriptor = given.get(key);
  given.delete(key);
  return descriptor === undefined ? undefined : openDescriptor(descriptor);
}

/** Takes note of a TCP socket that is bound, to be handed on as long as it is open. */
export function noteBound(address: Address, handle: BoundHandle): void {
  bound.set(keyOf(address), { address, handle });
}

/**
 * Binds a TCP socket without listening, or takes the one that was handed on.
 *
 * @throws the system's error.
 */
export function bindOrTake(address: Address): BoundHandle {
  const handle = takeGiven(address) ?? bindTcp(address);
  noteBound(address, handle);
  return handle;
}

/** The TCP sockets that this process has bound and not closed, with their descriptors. */
export function openSockets(): HandedOn[] {
  return [...bound.values()].flatMap(({ address: { host, port }, handle }) =>
    handle.fd < 0 ? [] : [{ host, port, descriptor: handle.fd }],
  );
}
