import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { associate, datagram } from '../support/associations.js';
import { startServer } from '../support/server.js';
import { bytes, type Client } from '../support/sockets.js';
import { address, domain } from '../support/socks.js';
import { UdpPeer } from '../support/udp.js';
import { scripted, takeRequest } from '../support/upstreams.js';

test('datagrams go through an upstream and back, each by the rule of its destination', async (t) => {
  const upstream = await startServer(t, { bind: ['127.0.0.1'] });
  const [far, near] = [await UdpPeer.echo(t), await UdpPeer.echo(t)];
  const url = `socks5://127.0.0.1:${upstream.port}`;
  const via = [`127.0.0.1:${far.port}=${url}`, '*:9=block'];
  const { send, peer, control, event, server } = await associate(t, { via });
  for (const to of [far, near]) {
    const whole = datagram(address('127.0.0.1', to.port), `to ${to.port}`);
    send(whole);
    assert.deepEqual((await peer.receive()).data, whole);
  }
  assert.equal(upstream.server.connections().length, 1, 'the other one went straight');
  assert.equal(upstream.server.connections()[0]?.command, 'associate');
  send(datagram(address('127.0.0.1', 9), 'no'));
  const rejected = await event('rejected');
  assert.deepEqual([rejected.detail, rejected.datagram], ['via "*:9=block"', true]);
  assert.equal(server.connections()[0]?.via, url);
  control.socket.end();
  assert.equal((await event('closed')).via, url);
  assert.equal((await upstream.event('closed')).reason, 'finished', 'it lives as long as ours');
});

test('a name goes to the upstream as it is, and answers name their sender', async (t) => {
  const relay = await UdpPeer.open(t);
  const upstream = await scripted(t, async (client) => {
    await takeRequest(client);
    client.send(5, 0, 0, address('0.0.0.0', relay.port));
  });
  const via = [`socks5://127.0.0.1:${upstream.port}`];
  const { send, peer } = await associate(t, { via, request: ['!assoc:bad.invalid', 'assoc'] });
  send(datagram(domain('bad.invalid', 53), 'no'));
  send(datagram(domain('only.there.invalid', 53), 'question'));
  const { data, from } = await relay.receive();
  assert.deepEqual(data, datagram(domain('only.there.invalid', 53), 'question'));
  relay.send(datagram(address('192.0.2.53', 53), 'answer'), from.port);
  assert.deepEqual((await peer.receive()).data, datagram(address('192.0.2.53', 53), 'answer'));
  relay.send(bytes(0, 0, 1, address('192.0.2.53', 53), 'a fragment'), from.port);
  relay.send(bytes('garbage'), from.port);
  const stranger = await UdpPeer.open(t);
  stranger.send(datagram(address('192.0.2.53', 53), 'forged'), from.port);
  relay.send(datagram(domain('name.invalid', 53), 'by name'), from.port);
  assert.deepEqual((await peer.receive()).data, datagram(domain('name.invalid', 53), 'by name'));
});

test('an association that an upstream ends is asked for again', async (t) => {
  const relay = await UdpPeer.open(t);
  const controls: Client[] = [];
  const upstream = await scripted(t, async (client) => {
    await takeRequest(client);
    controls.push(client);
    client.send(5, 0, 0, address('127.0.0.1', relay.port));
  });
  const via = [`socks5://127.0.0.1:${upstream.port}`];
  const { send } = await associate(t, { via });
  const to = (port: number) => datagram(address('192.0.2.1', port), `${port}`);
  send(to(1));
  const first = await relay.receive();
  controls[0]?.socket.end();
  await controls[0]?.closed();
  let again = relay.receive();
  while (upstream.clients.length < 2) {
    // Until it has noticed, they go the old way.
    send(to(2));
    await Promise.race([again, new Promise((resolve) => setTimeout(resolve, 20))]);
  }
  for (;;) {
    const { from } = await again;
    if (from.port !== first.from.port) break;
    again = relay.receive();
  }
});

test('a chain carries datagrams, one inside the other', async (t) => {
  const [first, second] = [await startServer(t), await startServer(t)];
  const echo = await UdpPeer.echo(t);
  const { send, peer, control, event } = await associate(t, {
    via: ['second'],
    upstreams: {
      first: { url: `socks5://127.0.0.1:${first.port}` },
      second: { url: `socks5://127.0.0.1:${second.port}`, through: 'first' },
    },
  });
  const whole = datagram(address('127.0.0.1', echo.port), 'there and back');
  send(whole);
  assert.deepEqual((await peer.receive()).data, whole);
  const commands = first.server.connections().map(({ command }) => command);
  assert.deepEqual(commands.sort(), ['associate', 'connect']);
  assert.equal(second.server.connections()[0]?.command, 'associate');
  control.socket.end();
  await event('closed');
  while (first.server.connections().length > 0) await setImmediate();
});

test('an upstream that refuses datagrams is told', async (t) => {
  const upstream = await scripted(t, async (client) => {
    await takeRequest(client);
    client.send(5, 7, 0, 1, 0, 0, 0, 0, 0, 0);
  });
  const { send, event } = await associate(t, { via: [`socks5://127.0.0.1:${upstream.port}`] });
  send(datagram(address('192.0.2.1', 1), 'x'));
  assert.match((await event('rejected')).detail, /answers: command not supported/);
});
