import type { DatagramEncapsulation } from 'picosocks5';
import type { SecurityContext } from './context.js';
import { endOfFrame, HEADER, MessageType, writeHeader } from './frames.js';
import { DUPLICATE_TOKEN, OLD_TOKEN, type Unwrapped } from './library.js';

/**
 * UDP datagrams, each with its header in a frame of RFC 1961 section 5. One that came before is
 * dropped; some may be lost on their way, or overtake others.
 */
export function sealedDatagrams(
  context: SecurityContext,
  isConfidential: boolean,
): DatagramEncapsulation {
  const most = context.limit(isConfidential);
  return {
    unwrap(octets) {
      if (context.busy || context.disposed) return undefined;
      let opened: Unwrapped;
      try {
        const end = endOfFrame(octets, MessageType.data);
        if (end !== octets.length) return undefined;
        opened = context.unwrapNow(octets.subarray(HEADER));
      } catch {
        // Anybody may send what is none of the client's.
        return undefined;
      }
      const isAgain = (opened.status & (DUPLICATE_TOKEN | OLD_TOKEN)) !== 0;
      const isBare = isConfidential && !opened.isConfidential;
      return isAgain || isBare ? undefined : opened.octets;
    },
    wrap(datagram) {
      if (context.busy || context.disposed || datagram.length > most) return undefined;
      return writeHeader(context.wrapNow(isConfidential, datagram), MessageType.data);
    },
  };
}
