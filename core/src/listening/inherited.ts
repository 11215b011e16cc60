import { fstatSync, readFileSync } from 'node:fs';
import { UserError } from '../base/errors.js';
import type { Address } from '../protocol/address.js';
import { canonicalIP } from '../protocol/ip.js';
import { type BoundHandle, isUnixHandle, openDescriptor } from './boundhandle.js';
import { noteBound, takeGiven } from './handedon.js';

/** What stands before the number of a descriptor, as HAProxy has it. */
const PREFIX = 'fd@';

/** A listening socket that this process was started with. */
interface Inherited {
  /** Undefined in a worker, whose primary process has it. */
  readonly handle: BoundHandle | undefined;
  readonly address: Address;
}

/** Those of this process that were asked for, by their descriptors. */
const known = new Map<number, Inherited>();

/**
 * Reads `fd@NUMBER`, a listening socket that the process was started with.
 *
 * @returns its descriptor; undefined if it is something else.
 * @throws {UserError} if it is malformed.
 */
export function parseDescriptor(text: string): number | undefined {
  if (!text.startsWith(PREFIX)) return undefined;
  const number = text.slice(PREFIX.length);
  if (!/^\d{1,7}$/.test(number)) {
    throw new UserError(`"${text}": expected fd@NUMBER, the descriptor of a listening socket`);
  }
  return Number(number);
}

/**
 * Where an inherited socket listens.
 *
 * @throws {UserError} if it is no stream socket that is bound.
 */
export function inheritedAddress(descriptor: number): Address {
  return inherited(descriptor).address;
}

/** Takes it, to listen on it. Whoever closes it closes the descriptor for good. */
export function takeInherited(descriptor: number): BoundHandle {
  const { handle } = inherited(descriptor);
  if (handle === undefined || handle.fd < 0) throw notASocket(descriptor);
  return handle;
}

/** The addresses of all that were asked for, for a worker; by their descriptors. */
export function inheritedAddresses(): Readonly<Record<string, Address>> {
  return Object.fromEntries([...known].map(([descriptor, { address }]) => [descriptor, address]));
}

/** Takes what the primary process says of its own, which are not this process's. */
export function learnInherited(addresses: Readonly<Record<string, Address>>): void {
  for (const [descriptor, address] of Object.entries(addresses)) {
    known.set(Number(descriptor), { handle: undefined, address });
  }
}

function inherited(descriptor: number): Inherited {
  const before = known.get(descriptor);
  if (before !== undefined) return before;
  const name = { host: `${PREFIX}${descriptor}`, port: 0 };
  const given = takeGiven(name);
  let handle: BoundHandle;
  try {
    handle = given ?? openDescriptor(descriptor);
  } catch {
    throw notASocket(descriptor);
  }
  const address = addressOf(handle);
  if (address === undefined) throw notASocket(descriptor);
  if (given === undefined) noteBound(name, handle);
  const found = { handle, address };
  known.set(descriptor, found);
  return found;
}

function notASocket(descriptor: number): UserError {
  return new UserError(
    `${PREFIX}${descriptor}: the descriptor is no stream socket that is bound; expected one as ` +
      'ListenStream= of systemd.socket(5) makes it, with Accept=no',
  );
}

function addressOf(handle: BoundHandle): Address | undefined {
  if (isUnixHandle(handle)) return { host: `unix:${pathOf(handle.fd)}`, port: 0 };
  const name: { address?: string; port?: number } = {};
  if (handle.getsockname(name) !== 0 || name.address === undefined) return undefined;
  return name.port ? { host: canonicalIP(name.address), port: name.port } : undefined;
}

/** The path that a UNIX socket is bound to (proc(5), /proc/net/unix); empty where nobody tells it. */
function pathOf(fd: number): string {
  try {
    const inode = String(fstatSync(fd).ino);
    for (const line of readFileSync('/proc/net/unix', 'utf8').split('\n')) {
      const match = /^\S+: \S+ \S+ \S+ \S+ \S+ +(\d+)(?: (.*))?$/.exec(line);
      if (match?.[1] === inode) return match[2] ?? '';
    }
  } catch {
    // Only Linux tells.
  }
  return '';
}
