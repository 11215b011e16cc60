import type { Socket } from 'node:net';

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

function pump(source: Socket, sink: Socket, count: (bytes: number) => void): void {
  source.on('data', (chunk: Buffer) => {
    count(chunk.length);
    if (!sink.write(chunk)) source.pause();
  });
  sink.on('drain', () => source.resume());
  if (source.readableEnded) sink.end();
  else source.once('end', () => sink.end());
}

/**
 * Moves bytes both ways until both sides have finished or one resets. A side that finishes leaves
 * the other free to go on sending; a reset of one side resets the other. A side that does not read
 * stops the other: what waits for it stays below some 200 KiB.
 *
 * @param client without listeners for its data; its reading may have begun.
 * @param early what was already read of the client's data.
 * @param traffic counts on while bytes move.
 */
export function relay(
  client: Socket,
  remote: Socket,
  early: Uint8Array,
  traffic: Traffic,
): Promise<RelayEnd> {
  return new Promise((resolve) => {
    let open = 2;
    let end: RelayEnd = 'finished';
    const watch = (socket: Socket, other: Socket, reset: RelayEnd) => {
      socket.on('error', () => {
        if (end === 'finished') end = reset;
        if (!other.destroyed) other.resetAndDestroy();
      });
      socket.once('close', () => {
        open--;
        if (open === 0) resolve(end);
        else if (!socket.readableEnded || !socket.writableFinished) other.destroy();
      });
    };
    watch(client, remote, 'client-reset');
    watch(remote, client, 'remote-reset');

    if (early.length > 0) {
      traffic.up += early.length;
      remote.write(early);
    }
    pump(client, remote, (bytes) => {
      traffic.up += bytes;
    });
    pump(remote, client, (bytes) => {
      traffic.down += bytes;
    });
    client.resume();
    remote.resume();
  });
}
