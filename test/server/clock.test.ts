import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startServer } from '../support/server.js';
import { Client, echoServer } from '../support/sockets.js';
import { assertEcho, connected } from '../support/socks.js';

const HOUR = 3_600_000;

test('steps of the system clock end no connection, and durations stay true', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: 1e12 });
  const listen = ['127.0.0.1:0'];
  const { server, port, event } = await startServer(t, {
    timeout: 600,
    listeners: { impatient: { listen, handshakeTimeout: 1.2 } },
  });
  const client = await connected(t, port, await echoServer(t));
  await assertEcho(client);
  t.mock.timers.setTime(1e12 + 2 * HOUR);
  // Connections are looked after once a second: one that says nothing tells that a second is over.
  await Client.connect(t, server.listeners[1]?.addresses[0]?.port ?? 0);
  const silent = await event('closed', ({ reason }) => reason === 'handshake-timeout');
  assert.ok(silent.duration >= 1000 && silent.duration < 60_000, `${silent.duration} ms`);
  await assertEcho(client, 'still here');

  t.mock.timers.setTime(1e12 - 2 * HOUR);
  client.socket.end();
  const { duration } = await event('closed', ({ command }) => command === 'connect');
  assert.ok(duration >= 1000 && duration < 60_000, `${duration} ms`);
});
