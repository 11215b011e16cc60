import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import type { ConnectionInfo } from 'picosocks5';
import { watchProxySockets } from '../support/proxysockets.js';
import { startServer } from '../support/server.js';
import { serve } from '../support/sockets.js';
import { address } from '../support/socks.js';
import { wine } from '../support/wine.js';

const CHUNK = 64 * 1024;
const CHUNKS = 1600;
const SIZE = CHUNK * CHUNKS;
/** What the proxy itself may hold of one flow. */
const HELD = 400 * 1024;

/** 100 MiB, no two blocks the same. */
function* data(seed: Buffer): Generator<Buffer> {
  for (let i = 0; i < CHUNKS; i++) {
    const chunk = Buffer.from(seed);
    chunk.writeUInt32BE(i, i % 1000);
    yield chunk;
  }
}

function hashOf(chunks: Iterable<Buffer>): string {
  const hash = createHash('sha1');
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest('hex');
}

/** A client and the remote host, connected through a proxy; nobody reads. */
async function start(t: TestContext) {
  let accept: (socket: Socket) => void;
  const accepted = new Promise<Socket>((resolve) => {
    accept = resolve;
  });
  const destination = await serve(t, (socket) => accept(socket));
  const { server, port } = await startServer(t);
  const held = watchProxySockets(t, port, destination);
  const client = connect({ port, host: '127.0.0.1' });
  t.after(() => client.destroy());
  client.on('error', () => {});
  client.write(Buffer.of(5, 1, 0, 5, 1, 0, ...address('127.0.0.1', destination)));
  const remote = await accepted;
  for (let answer = 0; answer < 12; ) {
    const [chunk] = await once(client, 'data');
    answer += chunk.length;
  }
  client.pause();
  return { server, held, client, remote };
}

/** Waits until a flow stands still. @returns what it has moved. */
async function stall(moved: () => number): Promise<number> {
  for (let before = -1; ; await setTimeout(200)) {
    const now = moved();
    if (now === before && now > 0) return now;
    before = now;
  }
}

const ways: [name: string, way: 'up' | 'down'][] = [
  ['the remote host', 'up'],
  ['the client', 'down'],
];
for (const [name, way] of ways) {
  test(`slow: ${name} does not read: the other waits, and then all arrives`, {
    skip: wine('links'),
  }, async (t) => {
    const { server, held, client, remote } = await start(t);
    const [sender, reader] = way === 'up' ? [client, remote] : [remote, client];
    const seed = randomBytes(CHUNK);
    Readable.from(data(seed)).pipe(sender);

    const moved = await stall(() => (server.connections()[0] as ConnectionInfo)[way]);
    assert.ok(moved < SIZE / 2, `${moved} bytes were taken from the sender`);
    const waiting = held();
    assert.ok(waiting > 0, 'the flow stands still for want of a reader');
    assert.ok(waiting < HELD, `the proxy holds ${waiting} bytes`);

    const hash = createHash('sha1');
    let most = 0;
    let received = 0;
    reader.on('data', (chunk: Buffer) => {
      hash.update(chunk);
      received += chunk.length;
      most = Math.max(most, held());
    });
    await once(reader.resume(), 'end');
    assert.equal(received, SIZE);
    assert.equal(hash.digest('hex'), hashOf(data(seed)));
    assert.ok(most < HELD, `the proxy held ${most} bytes`);
  });
}
