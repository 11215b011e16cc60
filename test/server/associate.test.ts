import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { ServerOptions } from 'picosocks5';
import { Resolver } from '#core/outbound/resolve.js';
import { unlessHere } from '../support/addresses.js';
import { manualClock } from '../support/clock.js';
import { run, unless } from '../support/programs.js';
import { startServer } from '../support/server.js';
import { bytes, type Client } from '../support/sockets.js';
import { address, domain, type ReadReply, request } from '../support/socks.js';
import { UdpPeer } from '../support/udp.js';
import { wine } from '../support/wine.js';

const ASSOCIATE = 3;
/** Why datagrams come from no other address of loopback than 127.0.0.1. */
const fromOthers = (await unlessHere('127.0.0.2', '127.0.0.5', '127.0.0.9')) ?? wine('source');

async function associate(
  t: TestContext,
  options: ServerOptions = {},
  destination = address('0.0.0.0', 0),
): Promise<{ control: Client; relay: ReadReply; server: Awaited<ReturnType<typeof startServer>> }> {
  const server = await startServer(t, options);
  const { client: control, reply: relay } = await request(t, server.port, ASSOCIATE, destination);
  return { control, relay, server };
}

/** A datagram with its header. */
function datagram(host: string, port: number, data: string | Uint8Array, fragment = 0): Buffer {
  return bytes(0, 0, fragment, address(host, port), data);
}

test('datagrams go to many destinations, and answers name their sender', async (t) => {
  const { relay } = await associate(t);
  const client = await UdpPeer.open(t);
  const hosts = ['127.0.0.1', '127.0.0.1', '127.0.0.1'];
  if (fromOthers === undefined) hosts.push('127.0.0.2');
  const peers = await Promise.all(hosts.map((host) => UdpPeer.echo(t, host)));
  for (const [i, host] of hosts.entries()) {
    const peer = peers[i] as UdpPeer;
    client.send(datagram(host, peer.port, `to ${i}`), relay.port);
    const { data, from } = await client.receive();
    assert.deepEqual(data, datagram(host, peer.port, `to ${i}`));
    assert.equal(from.port, relay.port);
  }
});

test('names and 60,000 bytes', async (t) => {
  const { relay, control, server } = await associate(t);
  const client = await UdpPeer.open(t);
  const [host = ''] = await new Resolver().resolve('localhost');
  const peer = await UdpPeer.echo(t, host);
  const large = Buffer.alloc(60_000, 'x');
  client.send(bytes(0, 0, 0, domain('localhost', peer.port), large), relay.port);
  const { data } = await client.receive();
  assert.deepEqual(data, datagram(host, peer.port, large));
  control.socket.end();
  const { up, down, dropped, reason } = await server.event('closed');
  assert.deepEqual([up, down, dropped, reason], [60_000, 60_000, 0, 'finished']);
});

test('an IPv6 destination', { skip: await unlessHere('::1') }, async (t) => {
  const { relay } = await associate(t);
  const client = await UdpPeer.open(t);
  const peer = await UdpPeer.echo(t, '::1');
  const v6 = Buffer.from('00000004' + '00000000000000000000000000000001', 'hex');
  const port = Buffer.alloc(2);
  port.writeUInt16BE(peer.port);
  client.send(bytes(v6, port, 'six'), relay.port);
  assert.deepEqual((await client.receive()).data, bytes(v6, port, 'six'));
});

test('garbage is dropped and counted, strangers do not get through, and the association lives on', async (t) => {
  const { relay, server } = await associate(t);
  const client = await UdpPeer.open(t);
  const peer = await UdpPeer.echo(t);
  const garbage = [
    bytes(0),
    bytes(0, 0, 0),
    bytes(1, 0, 0, address('127.0.0.1', peer.port), 'RSV'),
    bytes(0, 0, 0, 9, 127, 0, 0, 1, 0, 1, 'ATYP'),
    bytes(0, 0, 0, 3, 255, 'short'),
  ];
  for (const bad of garbage) client.send(bad, relay.port);
  client.send(datagram('127.0.0.1', peer.port, 'mine'), relay.port);
  await client.receive();

  const otherPort = await UdpPeer.open(t);
  otherPort.send(datagram('127.0.0.1', peer.port, 'stolen'), relay.port);
  if (fromOthers === undefined) {
    const otherHost = await UdpPeer.open(t, '127.0.0.9');
    otherHost.send(datagram('127.0.0.1', peer.port, 'stolen'), relay.port);
  }
  client.send(datagram('127.0.0.1', peer.port, 'again'), relay.port);
  assert.deepEqual((await client.receive()).data, datagram('127.0.0.1', peer.port, 'again'));
  assert.equal(server.server.connections()[0]?.dropped, garbage.length);
  assert.equal(server.server.connections()[0]?.up, 'mine'.length + 'again'.length);
});

test('a host that the client has not sent to cannot reach it', {
  skip: fromOthers,
}, async (t) => {
  const { relay, server } = await associate(t, { bind: ['127.0.0.1'] });
  const client = await UdpPeer.open(t);
  const peer = await UdpPeer.open(t);
  client.send(datagram('127.0.0.1', peer.port, 'hello'), relay.port);
  const { from } = await peer.receive();
  const stranger = await UdpPeer.open(t, '127.0.0.5');
  stranger.send(bytes('psst'), from.port);
  peer.send(bytes('answer'), from.port);
  assert.deepEqual((await client.receive()).data, datagram('127.0.0.1', peer.port, 'answer'));
  assert.equal(server.server.connections()[0]?.dropped, 1);
});

test('the request may name the port that the client will use', async (t) => {
  const client = await UdpPeer.open(t);
  const other = await UdpPeer.open(t);
  const peer = await UdpPeer.echo(t);
  const { relay } = await associate(t, {}, address('127.0.0.1', client.port));
  other.send(datagram('127.0.0.1', peer.port, 'first, but not named'), relay.port);
  client.send(datagram('127.0.0.1', peer.port, 'named'), relay.port);
  assert.deepEqual((await client.receive()).data, datagram('127.0.0.1', peer.port, 'named'));
});

test('every destination is judged, names by their addresses', async (t) => {
  const request = ['!assoc:127.0.0.0/8:1-1023', '!assoc:[::1]:1-1023', 'assoc'];
  const { relay, server } = await associate(t, { request });
  const client = await UdpPeer.open(t);
  const peer = await UdpPeer.echo(t);
  client.send(datagram('127.0.0.1', 53, 'no'), relay.port);
  client.send(datagram('localhost', 53, 'no'), relay.port);
  client.send(datagram('127.0.0.1', peer.port, 'yes'), relay.port);
  assert.deepEqual((await client.receive()).data, datagram('127.0.0.1', peer.port, 'yes'));
  while (server.server.connections()[0]?.dropped !== 2) await setImmediate();
});

test('a refused destination is told, once, and the association goes on', async (t) => {
  const { relay, server } = await associate(t, { request: ['!assoc:127.0.0.0/8:1-1023', 'assoc'] });
  const client = await UdpPeer.open(t);
  const peer = await UdpPeer.echo(t);
  for (let i = 0; i < 20; i++) client.send(datagram('127.0.0.1', 53, 'no'), relay.port);
  client.send(datagram('0.0.0.0', 53, 'no'), relay.port);
  client.send(datagram('name.invalid', 53, 'no'), relay.port);
  const to = (host: string) =>
    server.event('rejected', ({ destination }) => destination?.host === host);
  const rejected = await to('127.0.0.1');
  assert.deepEqual(
    [rejected.reason, rejected.detail, rejected.command, rejected.datagram],
    ['not-allowed', 'rule "!assoc:127.0.0.0/8:1-1023"', 'associate', true],
  );
  assert.equal((await to('0.0.0.0')).reason, 'not-allowed');
  assert.equal((await to('name.invalid')).reason, 'unreachable');
  client.send(datagram('127.0.0.1', peer.port, 'yes'), relay.port);
  assert.deepEqual((await client.receive()).data, datagram('127.0.0.1', peer.port, 'yes'));
  assert.equal(server.events.filter(({ type }) => type === 'rejected').length, 3);
});

test('no more than ten refused destinations are told at once', async (t) => {
  manualClock(t);
  const { relay, server } = await associate(t, { request: ['!assoc:127.0.0.0/8:1-1023', 'assoc'] });
  const client = await UdpPeer.open(t);
  for (let port = 1; port <= 50; port++) client.send(datagram('127.0.0.1', port, ''), relay.port);
  while (server.server.connections()[0]?.dropped !== 50) await setImmediate();
  const told = server.events.filter(({ type }) => type === 'rejected').length;
  assert.equal(told, 10);
});

test('a policy that fails for a datagram is a warning', async (t) => {
  const { relay, server } = await associate(t);
  server.server.registries.accessPolicies.register({
    id: 'broken',
    onAddress() {
      throw new Error('the policy is broken');
    },
  });
  const client = await UdpPeer.open(t);
  client.send(datagram('127.0.0.1', 53, 'no'), relay.port);
  assert.match(
    (await server.event('warning')).message,
    /the access policy "broken" failed.*: the policy is broken/,
  );
});

test('a client whose port changes, by a NAT, is heard when the old one has been silent', async (t) => {
  const clock = manualClock(t, ['setTimeout']);
  const { relay } = await associate(t);
  const [before, after] = [await UdpPeer.open(t), await UdpPeer.open(t)];
  const peer = await UdpPeer.echo(t);
  before.send(datagram('127.0.0.1', peer.port, 'before'), relay.port);
  await before.receive();
  clock.pass(4999);
  after.send(datagram('127.0.0.1', peer.port, 'too early'), relay.port);
  before.send(datagram('127.0.0.1', peer.port, 'still there'), relay.port);
  assert.deepEqual((await before.receive()).data, datagram('127.0.0.1', peer.port, 'still there'));
  clock.pass(5000);
  after.send(bytes(0, 0), relay.port);
  after.send(datagram('127.0.0.1', peer.port, 'after'), relay.port);
  assert.deepEqual((await after.receive()).data, datagram('127.0.0.1', peer.port, 'after'));
  before.send(datagram('127.0.0.1', peer.port, 'gone'), relay.port);
  after.send(datagram('127.0.0.1', peer.port, 'again'), relay.port);
  assert.deepEqual((await after.receive()).data, datagram('127.0.0.1', peer.port, 'again'));
});

test('an answer after a silence still comes, from the same port', async (t) => {
  const clock = manualClock(t, ['setTimeout']);
  const { relay } = await associate(t, { bind: ['127.0.0.1'] });
  const [client, peer] = [await UdpPeer.open(t), await UdpPeer.open(t)];
  client.send(datagram('127.0.0.1', peer.port, 'hello'), relay.port);
  const { from } = await peer.receive();
  clock.pass(60_000);
  peer.send(bytes('late'), from.port);
  const late = await client.receive();
  assert.deepEqual(late.data, datagram('127.0.0.1', peer.port, 'late'));
  assert.equal(late.from.port, relay.port);
});

test('a client that named another port than its NAT gives it is heard after a while', async (t) => {
  const clock = manualClock(t);
  const [named, given] = [await UdpPeer.open(t), await UdpPeer.open(t)];
  const { relay } = await associate(t, {}, address('127.0.0.1', named.port));
  const peer = await UdpPeer.echo(t);
  clock.pass(5000);
  given.send(datagram('127.0.0.1', peer.port, 'mine'), relay.port);
  assert.deepEqual((await given.receive()).data, datagram('127.0.0.1', peer.port, 'mine'));
});

test('the system asks a client whether it lives, sooner than its association is idle', {
  skip: unless('ss'),
}, async (t) => {
  for (const [udpTimeout, most] of [
    [300, 60],
    [40, 15],
  ] as const) {
    const { server } = await associate(t, { udpTimeout });
    // Until the client has acknowledged the reply, another timer runs.
    let timer: RegExpExecArray | null = null;
    while (timer === null) {
      const { stdout } = await run(t, 'ss', ['-Htno', `sport = :${server.port}`]);
      timer = /timer:\(keepalive,(\d+)/.exec(stdout);
    }
    const seconds = Number(timer[1]);
    assert.ok(seconds <= most && seconds >= most - 10, `${seconds}`);
  }
});

test('fragments are put together, in order or not at all', async (t) => {
  const { relay } = await associate(t);
  const client = await UdpPeer.open(t);
  const peer = await UdpPeer.echo(t);
  const send = (fragment: number, data: string) =>
    client.send(datagram('127.0.0.1', peer.port, data, fragment), relay.port);
  send(1, 'lost, ');
  send(3, 'since 2 is missing');
  send(1, 'a');
  send(2, 'b');
  send(0x83, 'c');
  assert.deepEqual((await client.receive()).data, datagram('127.0.0.1', peer.port, 'abc'));
});

test('it ends with its control connection', async (t) => {
  const { relay, control, server } = await associate(t);
  const client = await UdpPeer.open(t);
  const peer = await UdpPeer.echo(t);
  client.send(datagram('127.0.0.1', peer.port, 'works'), relay.port);
  await client.receive();
  control.socket.destroy();
  await server.event('closed');
  assert.equal(server.server.connections().length, 0);
});

test('an idle association ends', async (t) => {
  const { server, control } = await associate(t, { udpTimeout: 0.5 });
  assert.equal((await server.event('closed')).reason, 'idle-timeout');
  assert.equal((await control.readAll()).length, 0);
});

test('associations of an address are limited', async (t) => {
  const { server } = await associate(t, { maxassoc: 1 });
  const { reply } = await request(t, server.port, ASSOCIATE, address('0.0.0.0', 0));
  assert.equal(reply.reply, 2);
});

test('the relay address is that of the control connection on a wildcard, or the advertised one', async (t) => {
  const wildcard = { listen: ['*:0'], anonymous: true };
  assert.equal((await associate(t, wildcard)).relay.host, '127.0.0.1');
  const { relay } = await associate(t, { ...wildcard, advertise: ['198.51.100.7'] });
  assert.equal(relay.host, '198.51.100.7');
});
