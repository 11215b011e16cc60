import type { Socket } from 'node:net';
import { hidesResets } from './handles.js';

/** What Node keeps of a socket and does not tell; looked at with care. */
interface Handle {
  /** Called by Node for what was read, for an end, and for an error. */
  onread?: unknown;
  /** uv_read_start(3). @returns 0, or libuv's error: EALREADY unless reading has stopped. */
  readonly readStart?: () => number;
  [CONFIRMING]?: boolean;
}

type OnRead = (this: Handle, data?: ArrayBuffer) => unknown;

const CONFIRMING = Symbol('confirming');

/** What Node has as `onread` of all sockets. */
let usual: OnRead;

/** Reads once more when an end is told: libuv has stopped reading then, and not before. */
const onread: OnRead = function (data) {
  // What was told before was none: another end is another one to be confirmed.
  if (data !== undefined) this[CONFIRMING] = false;
  else if (this[CONFIRMING] !== true && this.readStart?.() === 0) {
    this[CONFIRMING] = true;
    return undefined;
  }
  return usual.call(this, data);
};

/**
 * Has a TCP socket end only where its peer has ended it, as {@link hidesResets} tells. Other
 * sockets, and those of a Node whose internals are not as known, are left as they are.
 *
 * @param socket of which nothing was read yet.
 */
export function confirmEnd(socket: Socket): void {
  if (!hidesResets) return;
  const handle = (socket as unknown as { _handle?: Handle | null })._handle;
  const isKnown =
    handle?.constructor.name === 'TCP' &&
    typeof handle.onread === 'function' &&
    typeof handle.readStart === 'function';
  if (!isKnown || handle.onread === onread) return;
  usual = handle.onread as OnRead;
  handle.onread = onread;
}
