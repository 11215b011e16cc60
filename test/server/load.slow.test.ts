import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { confirmEnd } from '#core/transport/eof.js';
import { Command } from '../support/command.js';
import { echoServer } from '../support/sockets.js';
import { address, assertEcho, connected } from '../support/socks.js';

const CONNECTIONS = 2000;
const SIZE = 1024 * 1024;
const CHUNK = 64 * 1024;
/**
 * How much of a connection may be on its way. With all of it, in four sockets each, Linux runs out of
 * memory for TCP: it drops what comes, and the next attempt may be minutes away.
 */
const WINDOW = 128 * 1024;

/** Random enough that no two places of a connection's data are alike. */
const POOL = Buffer.alloc(SIZE + CONNECTIONS);
for (let i = 0; i < POOL.length; i += 32) {
  createHash('sha256').update(String(i)).digest().copy(POOL, i);
}

/** The data of one connection, different from that of any other. */
function dataOf(id: number): Buffer {
  return POOL.subarray(id, id + SIZE);
}

/** Reads a number of bytes, which are few and arrive alone. */
async function readAnswer(socket: Socket, count: number): Promise<Buffer> {
  let answer: Buffer = Buffer.alloc(0);
  while (answer.length < count) {
    const [chunk] = await once(socket, 'data');
    answer = Buffer.concat([answer, chunk]);
  }
  return answer;
}

async function open(proxy: number, destination: number): Promise<Socket> {
  const socket = connect({ port: proxy, host: '127.0.0.1', allowHalfOpen: true });
  socket.once('connect', () => confirmEnd(socket));
  socket.write(Buffer.of(5, 1, 0, 5, 1, 0, ...address('127.0.0.1', destination)));
  const answer = await readAnswer(socket, 12);
  assert.deepEqual([...answer.subarray(0, 4)], [5, 0, 5, 0]);
  return socket;
}

/** Sends the data of a connection, and compares what comes back with it. */
async function exchange(socket: Socket, id: number): Promise<void> {
  const data = dataOf(id);
  let [sent, received] = [0, 0];
  const send = () => {
    for (; sent < SIZE && sent - received < WINDOW; sent += CHUNK) {
      socket.write(data.subarray(sent, sent + CHUNK));
      if (sent + CHUNK === SIZE) socket.end();
    }
  };
  socket.on('data', (chunk: Buffer) => {
    const expected = data.subarray(received, received + chunk.length);
    if (!chunk.equals(expected)) socket.destroy(new Error(`connection ${id}: other data`));
    received += chunk.length;
    send();
  });
  const ended = once(socket, 'end');
  send();
  await ended;
  assert.equal(received, SIZE, `connection ${id}`);
}

/** How many files a process has open. */
function openFiles(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

const skip = process.platform === 'linux' ? false : 'needs /proc';
test('slow: 2000 connections at once, a MiB each way: nothing is lost', { skip }, async (t) => {
  const echo = await echoServer(t);
  const command = new Command(t, ['127.0.0.1:0']);
  const port = await command.port();
  const pid = command.child.pid as number;
  const first = await connected(t, port, echo);
  await assertEcho(first);
  first.socket.end();
  await first.readAll();
  await command.line(/finished/);
  const before = openFiles(pid);

  const ids = Array.from({ length: CONNECTIONS }, (_, id) => id);
  const sockets = await Promise.all(ids.map(() => open(port, echo)));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  assert.ok(openFiles(pid) >= before + 2 * CONNECTIONS, 'all are open at once');
  await Promise.all(sockets.map(exchange));

  for (let i = 0; i < 300 && openFiles(pid) > before; i++) await setTimeout(100);
  assert.equal(openFiles(pid), before, 'all are closed again');
  assert.equal(await command.stop(), 0);
});
