import type { Socket } from 'node:net';
import { inletOf } from './inlet.js';
import { reset } from './reset.js';

/** What was moved: up from the client to the remote host, down to the client. */
export interface Traffic {
  /** Bytes of data. */
  up: number;
  down: number;
  /** UDP datagrams that were not relayed. */
  dropped: number;
}

/** How a relay ended: both sides finished, or one reset the connection. */
export type RelayEnd = 'finished' | 'client-reset' | 'remote-reset';

/** How long a flow has to wait after some bytes to keep to its rate, ms; 0: not at all. */
export type Throttle = (bytes: number) => number;

/** The rates of both ways; undefined: as fast as it goes. */
export interface Throttles {
  readonly up: Throttle | undefined;
  readonly down: Throttle | undefined;
}

/**
 * Moves one way: reads no more while the sink has not taken all that was read.
 *
 * @returns to be called when the source is closed.
 */
function pump(
  source: Socket,
  sink: Socket,
  throttle: Throttle | undefined,
  count: (bytes: number) => void,
): () => void {
  const inlet = inletOf(source);
  let unwritten = false;
  let ended = false;
  let pause: NodeJS.Timeout | undefined;
  const resume = () => {
    if (!unwritten && pause === undefined) inlet.resume();
  };
  const onWritten = () => {
    if (!unwritten || sink.writableLength > 0) return;
    unwritten = false;
    if (ended) sink.end();
    else resume();
  };
  const waitFor = (ms: number) => {
    pause = setTimeout(() => {
      pause = undefined;
      resume();
    }, ms);
  };
  inlet.readTo((chunk, kept) => {
    count(chunk.length);
    sink.write(kept ? chunk : Buffer.from(chunk), onWritten);
    unwritten = sink.writableLength > 0;
    const wait = throttle?.(chunk.length) ?? 0;
    if (wait > 0) waitFor(wait);
    return !unwritten && pause === undefined;
  });
  // What is written comes first: a connection that is being shut down cannot be reset.
  const onEnd = () => {
    ended = true;
    if (!unwritten) sink.end();
  };
  if (source.readableEnded) onEnd();
  else source.on('end', onEnd);
  inlet.resume();
  return () => {
    clearTimeout(pause);
    inlet.release(sink.writableLength > 0);
  };
}

/**
 * Moves bytes both ways until both sides have finished or one resets. A side that finishes leaves
 * the other free to go on sending; a reset of one side resets the other. A side that does not read
 * stops the other: what waits for it is one read, 384 KiB at most and less if many do.
 *
 * @param client whose inlet nobody else reads any more.
 * @param early what was already read of the client's data.
 * @param traffic counts on while bytes move.
 * @param throttles the rates to keep to.
 */
export function relay(
  client: Socket,
  remote: Socket,
  early: Uint8Array,
  traffic: Traffic,
  throttles?: Throttles,
): Promise<RelayEnd> {
  return new Promise((resolve) => {
    let open = 2;
    let end: RelayEnd = 'finished';
    const watch = (socket: Socket, other: Socket, failed: RelayEnd, stop: () => void) => {
      socket.on('error', () => {
        if (end === 'finished') end = failed;
        reset(other);
      });
      socket.on('close', () => {
        stop();
        open--;
        if (open === 0) resolve(end);
        else if (!socket.readableEnded || !socket.writableFinished) other.destroy();
      });
    };

    if (early.length > 0) {
      traffic.up += early.length;
      remote.write(early);
    }
    const stopUp = pump(client, remote, throttles?.up, (bytes) => {
      traffic.up += bytes;
    });
    const stopDown = pump(remote, client, throttles?.down, (bytes) => {
      traffic.down += bytes;
    });
    watch(client, remote, 'client-reset', stopUp);
    watch(remote, client, 'remote-reset', stopDown);
  });
}
