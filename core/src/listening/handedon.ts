import { closeSync } from 'node:fs';
import { type Disposable, toDisposable } from '../base/disposable.js';
import type { Address } from '../protocol/address.js';
import { type BoundHandle, bindTcp, openDescriptor } from './boundhandle.js';

/** A listening socket that is handed on to the process that takes this one's place. */
export interface HandedOn extends Address {
  /** Its descriptor there. */
  readonly descriptor: number;
}

interface Bound {
  readonly address: Address;
  readonly handle: BoundHandle;
}

/** Those that this process was handed and has not asked for yet, in the order of their binding. */
let given: readonly HandedOn[] = [];
/** Handles that were given to this process: the one before still accepts from them. */
const taken = new WeakSet<object>();
/** Sockets that this process has bound or was given, by what was asked for. */
let bound: readonly Bound[] = [];
let isHandedOn = false;
const onLeaving = new Set<() => void>();

/** Takes what the process before this one hands on: whoever binds such an address gets its socket. */
export function takeHandedOn(sockets: readonly HandedOn[]): void {
  given = sockets;
}

/**
 * The socket that was handed on for an address, which is handed on again if it comes to that.
 *
 * @param address as it was asked for: a UNIX socket's is `unix:PATH`, a descriptor's `fd@NUMBER`.
 * @returns undefined if there is none.
 */
export function takeGiven(address: Address): BoundHandle | undefined {
  const found = given.find(({ host, port }) => host === address.host && port === address.port);
  if (found === undefined) return undefined;
  given = given.filter((one) => one !== found);
  const handle = openDescriptor(found.descriptor);
  markGiven(handle);
  noteBound(address, handle);
  return handle;
}

/** Says of a socket that it was handed on: another process may accept from it at this moment. */
export function markGiven(handle: object): void {
  taken.add(handle);
}

/** Whether a socket was handed on, so that nobody has to listen before this process serves. */
export function wasGiven(handle: object): boolean {
  return taken.has(handle);
}

/**
 * Closes what was handed on and nobody has asked for: clients would wait there for ever.
 *
 * @returns their addresses.
 */
export function closeUnclaimed(): readonly Address[] {
  const unclaimed = given;
  given = [];
  for (const { descriptor } of unclaimed) closeSync(descriptor);
  return unclaimed;
}

/** Takes note of a socket that is bound, to be handed on as long as it is open. */
export function noteBound(address: Address, handle: BoundHandle): void {
  bound = [...bound.filter((one) => one.handle.fd >= 0), { address, handle }];
}

/**
 * Binds a TCP socket without listening, or takes the one that was handed on.
 *
 * @throws the system's error.
 */
export function bindOrTake(address: Address): BoundHandle {
  const before = takeGiven(address);
  if (before !== undefined) return before;
  const handle = bindTcp(address);
  noteBound(address, handle);
  return handle;
}

/** The sockets that this process has bound or was given and has not closed, with their descriptors. */
export function openSockets(): HandedOn[] {
  return bound.flatMap(({ address: { host, port }, handle }) =>
    handle.fd < 0 ? [] : [{ host, port, descriptor: handle.fd }],
  );
}

/**
 * From now on the sockets' names in the file system are another process's, which has the sockets as
 * well.
 */
export function leaveNames(): void {
  isHandedOn = true;
  for (const leave of [...onLeaving]) leave();
}

/** Calls back when {@link leaveNames} is called. */
export function onLeft(leave: () => void): Disposable {
  onLeaving.add(leave);
  return toDisposable(() => onLeaving.delete(leave));
}

/** Whether {@link leaveNames} was called: closing a socket removes its file otherwise. */
export function hasLeftNames(): boolean {
  return isHandedOn;
}
