import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startServer } from '../support/server.js';
import { bytes, Client, echoServer, port16 } from '../support/sockets.js';

test('CONNECT to an IPv4 address relays both ways', async (t) => {
  const echo = await echoServer(t);
  const { port, event } = await startServer(t);
  const client = await Client.connect(t, port);
  client.send(5, 1, 0);
  assert.deepEqual(await client.read(2), bytes(5, 0));
  client.send(5, 1, 0, 1, 127, 0, 0, 1, port16(echo));
  const established = await event('established');
  assert.deepEqual(
    await client.read(10),
    bytes(5, 0, 0, 1, 127, 0, 0, 1, port16(established.bound.port)),
  );
  client.send('hello');
  assert.equal((await client.read(5)).toString(), 'hello');
  client.socket.end();
  assert.equal((await client.readAll()).length, 0);
  const closed = await event('closed');
  assert.deepEqual([closed.reason, closed.up, closed.down], ['finished', 5, 5]);
});
