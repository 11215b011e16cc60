/** What a socket that carries little reads into: all of them share it. */
const SMALL = 64 * 1024;
/** What a flow that fills that reads into, by itself: from the first size to the second. */
const FIRST = 96 * 1024;
const LARGEST = 384 * 1024;
/** All flows together grow beyond the small buffer up to this. */
const BUDGET = 128 * 1024 * 1024;
/** Of what flows have given back, this much is kept for the next. */
const MAX_FREE = 16 * 1024 * 1024;

/**
 * The buffer that all sockets share which carry little. What is read into it has to be used up, or
 * copied, before control returns to the event loop: the next socket reads into it, too.
 */
export const sharedBuffer: Buffer<ArrayBuffer> = Buffer.allocUnsafeSlow(SMALL);

const free = new Map<number, Buffer<ArrayBuffer>[]>();
let freeBytes = 0;
let usedBytes = 0;

/**
 * A buffer for one flow, larger than the one it has filled.
 *
 * @returns the same one if it is large enough, or if all flows together hold too much.
 */
export function growBuffer(buffer: Buffer<ArrayBuffer>): Buffer<ArrayBuffer> {
  const size = buffer === sharedBuffer ? FIRST : buffer.length * 2;
  const growth = buffer === sharedBuffer ? size : size - buffer.length;
  if (size > LARGEST || usedBytes + growth > BUDGET) return buffer;
  releaseBuffer(buffer);
  usedBytes += size;
  const reused = free.get(size)?.pop();
  if (reused === undefined) return Buffer.allocUnsafeSlow(size);
  freeBytes -= size;
  return reused;
}

/**
 * Gives a flow's buffer back.
 *
 * @param inUse whether a write still reads from it: then nobody else may have it.
 */
export function releaseBuffer(buffer: Buffer<ArrayBuffer>, inUse = false): void {
  if (buffer === sharedBuffer) return;
  const size = buffer.length;
  usedBytes -= size;
  if (inUse || freeBytes + size > MAX_FREE) return;
  const list = free.get(size);
  if (list === undefined) free.set(size, [buffer]);
  else list.push(buffer);
  freeBytes += size;
}

/** Bytes of the buffers that flows have to themselves at the moment. */
export function bytesInUse(): number {
  return usedBytes;
}
