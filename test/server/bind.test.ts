import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { unlessHere } from '../support/addresses.js';
import { startServer } from '../support/server.js';
import { assertReset, Client, freePort } from '../support/sockets.js';
import { address, readReply, request } from '../support/socks.js';
import { wine } from '../support/wine.js';

const BIND = 2;

test('BIND tells where it listens, then who connected, and relays', async (t) => {
  const { port, event } = await startServer(t);
  const { client, reply } = await request(t, port, BIND, address('127.0.0.1', 21));
  assert.equal(reply.reply, 0);
  assert.equal(reply.host, '127.0.0.1', 'the address that the route to the peer uses');

  const peer = await Client.connect(t, reply.port);
  const second = await readReply(client);
  const { localPort } = peer.socket;
  assert.deepEqual(second, { reply: 0, host: '127.0.0.1', port: localPort });
  client.send('ping');
  assert.equal((await peer.read(4)).toString(), 'ping');
  peer.send('pong').socket.end();
  assert.equal((await client.readAll()).toString(), 'pong');
  client.socket.end();
  const closed = await event('closed');
  assert.deepEqual([closed.command, closed.reason, closed.up], ['bind', 'finished', 4]);
});

test('what the client sends before its peer has come is not lost', async (t) => {
  const { port } = await startServer(t);
  const { client, reply } = await request(t, port, BIND, address('127.0.0.1', 0));
  client.send('early');
  const peer = await Client.connect(t, reply.port);
  assert.equal((await peer.read(5)).toString(), 'early');
});

test('only the host that the request names may connect, and only once', {
  skip: await unlessHere('127.0.0.2'),
}, async (t) => {
  const { port } = await startServer(t, { bind: ['127.0.0.1'] });
  const { client, reply } = await request(t, port, BIND, address('127.0.0.2', 0));
  const stranger = connect({ port: reply.port, host: '127.0.0.1' });
  t.after(() => stranger.destroy());
  await assertReset(stranger);

  const socket = connect({ port: reply.port, host: '127.0.0.1', localAddress: '127.0.0.2' });
  t.after(() => socket.destroy());
  socket.on('error', () => {});
  assert.equal((await readReply(client)).host, '127.0.0.2');
  await assert.rejects(Client.connect(t, reply.port), { code: 'ECONNREFUSED' });
});

test('the port closes with the control connection', async (t) => {
  const { port, event } = await startServer(t, { bind: ['127.0.0.1'] });
  const { client, reply } = await request(t, port, BIND, address('0.0.0.0', 0));
  client.socket.destroy();
  assert.equal((await event('closed')).reason, 'client-left');
  await assert.rejects(Client.connect(t, reply.port), { code: 'ECONNREFUSED' });
});

test('BIND gives up after bindTimeout', async (t) => {
  const { port } = await startServer(t, { bind: ['127.0.0.1'], bindTimeout: 1 });
  const { client } = await request(t, port, BIND, address('0.0.0.0', 0));
  assert.equal((await readReply(client)).reply, 6);
  assert.equal((await client.readAll()).length, 0);
});

test('BIND keeps to its ports, and tells the advertised address', async (t) => {
  const own = await freePort(t);
  const options = {
    bind: ['127.0.0.1'],
    advertise: ['198.51.100.7'],
    bindPorts: `${own}-${own}`,
  };
  const { port } = await startServer(t, options);
  const first = await request(t, port, BIND, address('0.0.0.0', 0));
  assert.deepEqual(first.reply, { reply: 0, host: '198.51.100.7', port: own });
  const second = await request(t, port, BIND, address('0.0.0.0', 0));
  assert.equal(second.reply.reply, 1, 'all ports are taken');
});

test('rules are judged for the named peer, and for the one that connects', {
  skip: await unlessHere('127.0.0.3'),
}, async (t) => {
  const rules = ['!bind:127.0.0.3', 'bind'];
  const { port, event } = await startServer(t, { bind: ['127.0.0.1'], request: rules });
  const named = await request(t, port, BIND, address('127.0.0.3', 0));
  assert.equal(named.reply.reply, 2);

  const { client, reply } = await request(t, port, BIND, address('0.0.0.0', 0));
  const refused = connect({ port: reply.port, host: '127.0.0.1', localAddress: '127.0.0.3' });
  t.after(() => refused.destroy());
  await assertReset(refused);
  await Client.connect(t, reply.port);
  assert.equal((await readReply(client)).host, '127.0.0.1');
  assert.equal((await event('rejected')).reason, 'not-allowed');
});

test('peers that a policy judges late are judged one after the other', {
  skip: (await unlessHere('127.0.0.3')) ?? wine('reset'),
}, async (t) => {
  const { port, server } = await startServer(t, { bind: ['127.0.0.1'] });
  const asked: (number | undefined)[] = [];
  server.registries.accessPolicies.register({
    id: 'late',
    async onAddress({ address }) {
      asked.push(address?.at(-1));
      await new Promise(setImmediate);
      return address?.at(-1) === 3 ? { by: 'a late whim' } : undefined;
    },
  });
  const { client, reply } = await request(t, port, BIND, address('0.0.0.0', 0));
  const refused = connect({ port: reply.port, host: '127.0.0.1', localAddress: '127.0.0.3' });
  t.after(() => refused.destroy());
  const peer = await Client.connect(t, reply.port);
  await assertReset(refused);
  assert.equal((await readReply(client)).host, '127.0.0.1');
  assert.deepEqual(asked, [3, 1]);
  client.send('ping');
  assert.equal((await peer.read(4)).toString(), 'ping');
});

test('without a rule for it BIND is refused at once', async (t) => {
  const { port } = await startServer(t, { request: ['connect'] });
  const { reply } = await request(t, port, BIND, address('0.0.0.0', 0));
  assert.equal(reply.reply, 2);
});

test('BIND over IPv6', { skip: await unlessHere('::1') }, async (t) => {
  const { port } = await startServer(t);
  const v6 = Buffer.from('0400000000000000000000000000000001' + '0000', 'hex');
  const { client, reply } = await request(t, port, BIND, v6);
  assert.equal(reply.host, '::1');
  await Client.connect(t, reply.port, '::1');
  assert.equal((await readReply(client)).host, '::1');
});
