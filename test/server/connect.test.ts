import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAddress } from 'picosocks5';
import { unlessHere } from '../support/addresses.js';
import { startServer } from '../support/server.js';
import { bytes, Client, echoServer, port16 } from '../support/sockets.js';
import { address, assertEcho, connectTo, domain, greeted, readReply } from '../support/socks.js';

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

const cuts: [name: string, size: number][] = [
  ['one byte at a time', 1],
  ['three bytes at a time', 3],
  ['all in one segment', Number.POSITIVE_INFINITY],
];
for (const [name, size] of cuts) {
  test(`greeting, request and first data: ${name}`, async (t) => {
    const echo = await echoServer(t);
    const { port } = await startServer(t);
    for (const destination of [address('127.0.0.1', echo), domain('localhost', echo)]) {
      const client = await Client.connect(t, port);
      client.socket.setNoDelay(true);
      const message = bytes(5, 3, 1, 0, 2, 5, 1, 0, destination, 'first data');
      for (let i = 0; i < message.length; i += size) {
        const part = message.subarray(i, i + size);
        await new Promise((resolve) => client.socket.write(part, resolve));
      }
      assert.deepEqual(await client.read(2), bytes(5, 0));
      assert.equal((await readReply(client)).reply, 0);
      assert.equal((await client.read(10)).toString(), 'first data');
      await assertEcho(client);
    }
  });
}

test('much data sent ahead of the reply arrives in order', async (t) => {
  const echo = await echoServer(t);
  const { port } = await startServer(t);
  const client = await Client.connect(t, port);
  const data = Buffer.from(Array.from({ length: 400_000 }, (_, i) => (i * i) % 251));
  client.send(5, 1, 0, 5, 1, 0, address('127.0.0.1', echo), data);
  await client.read(2);
  await readReply(client);
  assert.ok((await client.read(data.length)).equals(data));
});

for (const from of ['127.0.0.1', '::1']) {
  for (const host of ['127.0.0.1', '::1', 'localhost']) {
    const skip = await unlessHere(from, ...(host === 'localhost' ? [] : [host]));
    test(`from ${from} to ${host}`, { skip }, async (t) => {
      const echo = await echoServer(t, host);
      const { port, event } = await startServer(t, {
        listen: [formatAddress({ host: from, port: 0 })],
      });
      const client = await greeted(t, port, from);
      const reply = await connectTo(client, host, echo);
      const { bound, remote, client: peer } = await event('established');
      assert.deepEqual(reply, { reply: 0, ...bound });
      if (host !== 'localhost') assert.equal(bound.host, host);
      assert.equal(remote?.port, echo);
      assert.deepEqual(peer, { host: from, port: client.socket.localPort });
      assert.deepEqual((await event('request')).destination, { host, port: echo });
      await assertEcho(client);
    });
  }
}
