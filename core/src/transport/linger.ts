import type { Transport } from './transport.js';

/** How long a peer has to read what was written last before its connection is closed, ms. */
const LINGER = 2000;

/**
 * Throws away what a peer sends, until it finishes or leaves.
 *
 * @param transport nobody else's from now on.
 */
export function untilEnd(transport: Transport): Promise<void> {
  return new Promise((resolve) => {
    transport.readTo({
      onData: () => true,
      onEnd: resolve,
      onDrain() {},
      onClose: () => resolve(),
    });
    transport.resume();
  });
}

/**
 * Waits for a peer to send more, which is put back, and pauses the transport then.
 *
 * @param transport nobody else's meanwhile.
 * @param limit how long it is waited for, ms; 0: as long as it takes.
 * @returns false if the peer finishes or leaves, or the time is up.
 */
export function untilMore(transport: Transport, limit: number): Promise<boolean> {
  if (transport.closed) return Promise.resolve(false);
  return new Promise((resolve) => {
    const settle = (isThere: boolean) => {
      clearTimeout(timer);
      transport.pause();
      resolve(isThere);
    };
    const timer = limit > 0 ? setTimeout(() => settle(false), limit) : undefined;
    transport.readTo({
      onData: (chunk) => {
        transport.putBack(Buffer.from(chunk));
        settle(true);
        return false;
      },
      onEnd: () => settle(false),
      onDrain() {},
      onClose: () => settle(false),
    });
    transport.resume();
  });
}

/**
 * Closes a connection in peace: what was written arrives, what still comes is lost. A reset would
 * take the last words from a peer that has sent what nobody read (RFC 9112 section 9.6 tells why).
 */
export function linger(transport: Transport): Promise<void> {
  if (transport.closed) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(() => transport.close(), LINGER);
    transport.readTo({
      onData: () => true,
      onEnd() {},
      onDrain() {},
      onClose: () => {
        clearTimeout(timer);
        resolve();
      },
    });
    transport.end();
    transport.resume();
  });
}
