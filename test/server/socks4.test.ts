import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startServer } from '../support/server.js';
import { bytes, Client, echoServer, port16 } from '../support/sockets.js';

const GRANTED = 90;
const REJECTED = 91;

test('SOCKS 4 and 4a CONNECT, byte by byte and at once', async (t) => {
  const echo = await echoServer(t);
  const { port, event } = await startServer(t);
  const requests = [
    bytes(4, 1, port16(echo), 127, 0, 0, 1, 'me', 0),
    bytes(4, 1, port16(echo), 127, 0, 0, 1, 0),
    bytes(4, 1, port16(echo), 0, 0, 0, 7, 'me', 0, 'localhost', 0),
  ];
  for (const request of requests) {
    for (const whole of [true, false]) {
      const client = await Client.connect(t, port);
      const message = bytes(request, 'data');
      if (whole) client.send(message);
      else for (const octet of message) client.send(octet);
      const reply = await client.read(8);
      assert.deepEqual(reply.subarray(0, 2), bytes(0, GRANTED));
      assert.equal((await client.read(4)).toString(), 'data');
    }
  }
  assert.equal((await event('authenticated')).method, 'socks4');
});

test('SOCKS 4 BIND has two replies', async (t) => {
  const { port } = await startServer(t);
  const client = await Client.connect(t, port);
  client.send(4, 2, 0, 0, 127, 0, 0, 1, 0);
  const first = await client.read(8);
  assert.deepEqual([first[1], ...first.subarray(4)], [GRANTED, 127, 0, 0, 1]);
  const peer = await Client.connect(t, first.readUInt16BE(2));
  const second = await client.read(8);
  assert.deepEqual([second[1], second.readUInt16BE(2)], [GRANTED, peer.socket.localPort]);
});

test('SOCKS 4 is refused where clients authenticate, and where it is switched off', async (t) => {
  const { port } = await startServer(t, { socks4: false });
  const client = await Client.connect(t, port);
  client.send(4, 1, 0, 80, 127, 0, 0, 1, 0);
  assert.deepEqual(await client.readAll(), bytes(0, REJECTED, 0, 0, 0, 0, 0, 0));
});

test('hostile requests are turned away', async (t) => {
  const { port, event } = await startServer(t);
  const hostile = [
    bytes(4, 1, 0, 80, 127, 0, 0, 1, Buffer.alloc(300, 'u')),
    bytes(4, 1, 0, 80, 0, 0, 0, 1, 0, 0),
    bytes(4, 1, 0, 80, 0, 0, 0, 1, 0, 'bad\nname', 0),
    bytes(4, 3, 0, 80, 127, 0, 0, 1, 0),
    bytes(4, 9, 0, 80, 127, 0, 0, 1, 0),
  ];
  for (const request of hostile) {
    const client = await Client.connect(t, port);
    client.send(request);
    const answer = await client.readAll();
    assert.ok(answer.length === 0 || answer[1] === REJECTED);
  }
  assert.ok(await event('rejected'));
});
