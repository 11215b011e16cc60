import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startServer } from '../support/server.js';
import { bytes, Client, freePort } from '../support/sockets.js';
import { address, domain, readReply, request } from '../support/socks.js';
import { scripted, takeRequest } from '../support/upstreams.js';

const [BIND, ASSOCIATE] = [2, 3];

test('BIND through an upstream: both replies, and bytes both ways', async (t) => {
  const upstream = await startServer(t, { bind: ['127.0.0.1'] });
  const url = `socks5://127.0.0.1:${upstream.port}`;
  const { port, event } = await startServer(t, { via: [url] });
  const { client, reply } = await request(t, port, BIND, address('127.0.0.1', 21));
  assert.equal(reply.reply, 0);
  const peer = await Client.connect(t, reply.port, reply.host);
  const second = await readReply(client);
  assert.deepEqual(second, { reply: 0, host: '127.0.0.1', port: peer.socket.localPort });
  client.send('ping');
  assert.equal((await peer.read(4)).toString(), 'ping');
  peer.send('pong').socket.end();
  assert.equal((await client.readAll()).toString(), 'pong');
  client.socket.end();
  const closed = await event('closed');
  assert.deepEqual(
    [closed.command, closed.via, closed.up, closed.reason],
    ['bind', url, 4, 'finished'],
  );
});

test('an upstream that tells 0.0.0.0 means itself, and a name is told as it is', async (t) => {
  const seen: Buffer[] = [];
  const upstream = await scripted(t, async (client) => {
    seen.push(await takeRequest(client));
    client.send(5, 0, 0, 1, 0, 0, 0, 0, 0, 80);
    client.send(5, 0, 0, domain('peer.invalid', 7), 'hello');
  });
  const { port } = await startServer(t, { via: [`socks5://127.0.0.1:${upstream.port}`] });
  const { client, reply } = await request(t, port, BIND, domain('peer.invalid', 7));
  assert.deepEqual(reply, { reply: 0, host: '127.0.0.1', port: 80 });
  assert.deepEqual(await client.read(4), bytes(5, 0, 0, 3));
  assert.deepEqual(await client.read(15), bytes(12, 'peer.invalid', 0, 7));
  assert.equal((await client.read(5)).toString(), 'hello');
  assert.deepEqual(seen, [bytes(5, 2, 0, domain('peer.invalid', 7))]);
});

test('a peer that rules refuse is turned away, also at an upstream', async (t) => {
  const upstream = await scripted(t, async (client) => {
    await takeRequest(client);
    client.send(5, 0, 0, 1, 127, 0, 0, 1, 0, 80);
    client.send(5, 0, 0, 1, 192, 0, 2, 66, 0, 7);
  });
  const rules = ['!bind:192.0.2.66', 'bind'];
  const via = [`socks5://127.0.0.1:${upstream.port}`];
  const { port, event } = await startServer(t, { via, request: rules });
  const { client, reply } = await request(t, port, BIND, address('0.0.0.0', 0));
  assert.equal(reply.reply, 0);
  assert.equal((await readReply(client)).reply, 2);
  assert.equal((await event('rejected')).detail, 'rule "!bind:192.0.2.66"');
  await upstream.clients[0]?.closed();
  const named = await request(t, port, BIND, address('192.0.2.66', 0));
  assert.equal(named.reply.reply, 2);
});

test('BIND at an upstream ends with its client, and after bindTimeout', async (t) => {
  const upstream = await scripted(t, async (client) => {
    await takeRequest(client);
    client.send(5, 0, 0, 1, 127, 0, 0, 1, 0, 80);
  });
  const via = [`socks5://127.0.0.1:${upstream.port}`];
  const { port, event } = await startServer(t, { via });
  const gone = await request(t, port, BIND, address('0.0.0.0', 0));
  gone.client.socket.destroy();
  assert.equal((await event('closed')).reason, 'client-left');
  await upstream.clients[0]?.closed();
  const { port: impatient } = await startServer(t, { via, bindTimeout: 1 });
  const late = await request(t, impatient, BIND, address('0.0.0.0', 0));
  assert.equal((await readReply(late.client)).reply, 6);
  await upstream.clients[1]?.closed();
});

for (const [what, says] of [
  ['leaves', undefined],
  ['says no', bytes(5, 1)],
  ['says something else', bytes('HTTP')],
] as const) {
  test(`an upstream that ${what} in the place of the second reply`, async (t) => {
    const upstream = await scripted(t, async (client) => {
      await takeRequest(client);
      client.send(5, 0, 0, 1, 127, 0, 0, 1, 0, 80);
      if (says === undefined) client.socket.end();
      else client.send(says);
    });
    const { port } = await startServer(t, { via: [`socks5://127.0.0.1:${upstream.port}`] });
    const { client } = await request(t, port, BIND, address('0.0.0.0', 0));
    assert.equal((await readReply(client)).reply, 1);
    await upstream.clients[0]?.closed();
  });
}

test('what a way cannot carry is answered with 07, and the log says why', async (t) => {
  for (const [url, command, detail] of [
    ['http://127.0.0.1:1', BIND, /^http:\/\/127.0.0.1:1 cannot carry bind$/],
    ['socks4a://127.0.0.1:1', BIND, /^socks4a:\/\/127.0.0.1:1 cannot carry bind$/],
    ['http://127.0.0.1:1', ASSOCIATE, /^no way out carries datagrams$/],
    ['block', ASSOCIATE, /^no way out carries datagrams$/],
  ] as const) {
    const { port, event, server } = await startServer(t, { via: [url] });
    const { reply } = await request(t, port, command, address('0.0.0.0', 0));
    assert.equal(reply.reply, 7, url);
    const { reason, detail: told } = await event('rejected');
    assert.equal(reason, 'unsupported');
    assert.match(told, detail);
    const name = command === BIND ? 'bind' : 'associate';
    const checked = await server.check(undefined, name, { host: '0.0.0.0', port: 0 });
    assert.deepEqual([checked.allowed, detail.test(checked.by ?? '')], [false, true]);
  }
});

test('the next way carries what the first one cannot', async (t) => {
  const via = [`http://127.0.0.1:${await freePort(t)}|direct`];
  const { port } = await startServer(t, { via, bind: ['127.0.0.1'] });
  const { client, reply } = await request(t, port, BIND, address('0.0.0.0', 0));
  assert.equal(reply.reply, 0);
  await Client.connect(t, reply.port);
  assert.equal((await readReply(client)).reply, 0);
});
