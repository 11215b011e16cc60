import type { Socket } from 'node:net';
import { inletOf } from './inlet.js';
import { Pacer, type Throttle, type Throttles } from './pacer.js';
import { reset } from './reset.js';

/** What was moved: up from the client to the remote host, down to the client. */
export interface Traffic {
  /** Bytes of data. */
  up: number;
  down: number;
  /** UDP datagrams that were not relayed. */
  dropped: number;
  /** Ways that stand still at this moment because of their rate. */
  waiting: number;
}

/** How a relay ended: both sides finished, or one reset the connection. */
export type RelayEnd = 'finished' | 'client-reset' | 'remote-reset';

const nothing = new Uint8Array();

/**
 * Moves one way: reads no more while the sink has not taken all that was read.
 *
 * @param early what was already read.
 * @returns to be called when the source is closed.
 */
function pump(
  source: Socket,
  sink: Socket,
  early: Uint8Array,
  throttle: Throttle | undefined,
  traffic: Traffic,
  way: 'up' | 'down',
): () => void {
  const inlet = inletOf(source);
  let unwritten = false;
  let ended = false;
  const write = (chunk: Buffer) => {
    if (sink.destroyed) return false;
    traffic[way] += chunk.length;
    sink.write(chunk, onWritten);
    unwritten = sink.writableLength > 0;
    return !unwritten;
  };
  const proceed = () => {
    if (pacer?.advance() === false) return;
    if (ended) sink.end();
    else inlet.resume();
  };
  const onWritten = () => {
    if (!unwritten || sink.writableLength > 0) return;
    unwritten = false;
    proceed();
  };
  const pacer = throttle && new Pacer(throttle, traffic, write, proceed);
  const take = (chunk: Buffer, kept: boolean) => {
    const own = kept ? chunk : Buffer.from(chunk);
    return pacer === undefined ? write(own) : pacer.write(own);
  };
  inlet.readTo(take, throttle);
  const goesOn = early.length === 0 || take(Buffer.from(early), true);
  // What is written comes first: a connection that is being shut down cannot be reset.
  const onEnd = () => {
    ended = true;
    if (!unwritten && !pacer?.waits) sink.end();
  };
  if (source.readableEnded) onEnd();
  else source.on('end', onEnd);
  if (goesOn) inlet.resume();
  else inlet.pause();
  return () => {
    // What the source has sent in full still goes on, at its rate.
    if (!source.readableEnded) pacer?.stop();
    inlet.release(sink.writableLength > 0);
  };
}

/**
 * Moves bytes both ways until both sides have finished or one resets. A side that finishes leaves
 * the other free to go on sending; a reset of one side resets the other, and so does one that is
 * destroyed before it has finished. A side that does not read stops the other: what waits for it is one read, 384 KiB at most and less if many do.
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
        else if (!socket.readableEnded || !socket.writableFinished) reset(other);
      });
    };

    const stopUp = pump(client, remote, early, throttles?.up, traffic, 'up');
    const stopDown = pump(remote, client, nothing, throttles?.down, traffic, 'down');
    watch(client, remote, 'client-reset', stopUp);
    watch(remote, client, 'remote-reset', stopDown);
  });
}
