import assert from 'node:assert/strict';
import { isIPv4, type Socket } from 'node:net';
import { test } from 'node:test';
import type { ServerEvent, ServerOptions } from 'picosocks5';
import { isHere, unlessHere } from '../support/addresses.js';
import { manualClock } from '../support/clock.js';
import { duplexPair } from '../support/duplexpair.js';
import { webServer } from '../support/http.js';
import { SIGNATURE, v1, v2 } from '../support/proxyheader.js';
import { startServer } from '../support/server.js';
import { assertReset, bytes, Client, echoServer, port16 } from '../support/sockets.js';
import { address, assertEcho, connectTo, login, readReply } from '../support/socks.js';
import { UdpPeer } from '../support/udp.js';
import { passwordFile, plainSecret } from '../support/users.js';
import { wine } from '../support/wine.js';

const GREETING = bytes(5, 1, 0);
const proxyProtocol = ['127.0.0.1'];
const away = { host: '192.0.2.7', port: 50642 };
/** A header that tells the same address, of version 2. */
const binary = v2(0x21, 0x11, bytes(192, 0, 2, 7, 127, 0, 0, 1, port16(50642), port16(1080)));

/** A client whose balancer, at 127.0.0.1, sends a header. */
async function introduced(
  t: Parameters<typeof Client.connect>[0],
  port: number,
  header: Uint8Array,
): Promise<Client> {
  const client = await Client.connect(t, port);
  client.send(header, GREETING);
  assert.deepEqual(await client.read(2), bytes(5, 0));
  return client;
}

/** What all events of connections say about where these come from. */
function origins(events: readonly ServerEvent[]): string[] {
  const texts = events.flatMap((event) => {
    if (!('id' in event)) return [];
    return [`${event.client.host} ${event.balancer?.host ?? '-'}`];
  });
  return [...new Set(texts)];
}

test('the address that a header tells is the client: in events, the table, and rules', async (t) => {
  const echo = await echoServer(t);
  const request = ['connect:127.0.0.1'];
  const { port, server, events, event } = await startServer(t, { proxyProtocol, request });
  for (const header of [v1('192.0.2.7', 50642), binary]) {
    const client = await introduced(t, port, header);
    assert.equal((await connectTo(client, '127.0.0.1', echo)).reply, 0);
    await assertEcho(client, 'x'.repeat(200_000));
    const [info] = server.connections();
    assert.deepEqual(info?.client, away);
    assert.deepEqual(info?.balancer, { host: '127.0.0.1', port: client.socket.localPort });
    client.socket.end();
    await client.readAll();
    await event('closed', ({ id }) => id === info?.id);
  }
  assert.deepEqual(origins(events), ['192.0.2.7 127.0.0.1']);
});

test('a header comes octet by octet, or with all that follows', async (t) => {
  const echo = await echoServer(t);
  const { port } = await startServer(t, { proxyProtocol, request: ['connect:127.0.0.1'] });
  for (const header of [v1('2001:db8::7', 1), binary]) {
    const slow = await Client.connect(t, port);
    slow.socket.setNoDelay();
    for (const octet of bytes(header, GREETING)) {
      await new Promise((resolve) => slow.socket.write(Uint8Array.of(octet), resolve));
    }
    assert.deepEqual(await slow.read(2), bytes(5, 0));

    const ahead = await Client.connect(t, port);
    ahead.send(header, GREETING, 5, 1, 0, address('127.0.0.1', echo), 'ahead');
    assert.deepEqual(await ahead.read(2), bytes(5, 0));
    assert.equal((await readReply(ahead)).reply, 0);
    assert.equal((await ahead.read(5)).toString(), 'ahead');
  }
});

test('an HTTP client that goes on to another host is still the one that was told', async (t) => {
  const one = await webServer(t, { '/': 'one' });
  const two = await webServer(t, { '/': 'two' });
  const { port, events, event } = await startServer(t, {
    proxyProtocol,
    request: ['connect:127.0.0.1'],
  });
  const client = await Client.connect(t, port);
  const get = (url: string, more = '') =>
    `GET ${url} HTTP/1.1\r\nHost: ${new URL(url).host}\r\n${more}\r\n`;
  client.send(binary, get(one.url), get(two.url, 'Connection: close\r\n'));
  const answers = (await client.readAll()).toString();
  assert.match(answers, /one.*two/s);
  client.socket.end();
  await event('closed', ({ id }) => id === 2);
  assert.deepEqual(origins(events), ['192.0.2.7 127.0.0.1']);
});

test('LOCAL and UNKNOWN leave the balancer as the client', async (t) => {
  const echo = await echoServer(t);
  const { port, events } = await startServer(t, { proxyProtocol });
  for (const header of [bytes('PROXY UNKNOWN\r\n'), v2(0x20, 0), v2(0x21, 0)]) {
    const client = await introduced(t, port, header);
    assert.equal((await connectTo(client, '127.0.0.1', echo)).reply, 0);
    await assertEcho(client);
  }
  assert.deepEqual(origins(events), ['127.0.0.1 -']);
});

test('of others no header is read', async (t) => {
  const options = { proxyProtocol: ['127.0.0.2', '2001:db8::/32'] };
  const { port, event, events } = await startServer(t, options);
  const client = await Client.connect(t, port);
  client.send(v1('192.0.2.7', 50642), GREETING);
  // It looks like a request of HTTP, and is none.
  assert.match((await client.readAll()).toString(), /^HTTP\/1\.1 400 /);
  const { reason, detail } = await event('rejected');
  assert.equal(reason, 'protocol-error');
  assert.doesNotMatch(detail, /header/);
  assert.deepEqual(origins(events), ['127.0.0.1 -']);
});

test('a balancer that sends no header, or none that is one, is closed with a word', async (t) => {
  const { port, events, event } = await startServer(t, { proxyProtocol });
  const cases: [Uint8Array, RegExp][] = [
    [GREETING, /^no PROXY header/],
    [bytes('GET / HTTP/1.1\r\n\r\n'), /^no PROXY header/],
    [bytes('PROXY TCP4 192.0.2.256 1.2.3.4 1 2\r\n'), /two addresses/],
    [bytes(SIGNATURE, 0x21, 0x11, port16(5000)), /more than 4112 octets/],
    [bytes('PROXY ', 'x'.repeat(200)), /more than 107 octets/],
  ];
  for (const [i, [octets, expected]] of cases.entries()) {
    const client = await Client.connect(t, port);
    client.send(octets);
    await client.closed();
    const told = await event('rejected', ({ id }) => id === i + 1);
    assert.match(told.detail, expected);
    assert.deepEqual([told.reason, told.client.host], ['protocol-error', '127.0.0.1']);
  }
  const left = await Client.connect(t, port);
  left.send('PROXY TCP4').socket.end();
  await left.closed();
  assert.equal((await event('rejected', ({ id }) => id === 6)).reason, 'client-left');
  const types = new Set(events.flatMap((one) => ('id' in one ? [one.type] : [])));
  assert.deepEqual([...types], ['rejected']);
});

test('several headers are not accepted', async (t) => {
  const { port, event } = await startServer(t, { proxyProtocol });
  const pairs = [
    [v1('192.0.2.7', 1), v1('192.0.2.8', 1)],
    [binary, binary],
    [v1('192.0.2.7', 1), binary],
    [bytes('PROXY UNKNOWN\r\n'), v1('192.0.2.8', 1)],
  ] as const;
  for (const [i, headers] of pairs.entries()) {
    const client = await Client.connect(t, port);
    client.send(...headers, GREETING).socket.end();
    await client.readAll();
    const { client: told } = await event('closed', ({ id }) => id === i + 1);
    assert.notEqual(told.host, '192.0.2.8');
  }
});

test('a balancer without headers does not fill the log', async (t) => {
  manualClock(t);
  const { port, events } = await startServer(t, { proxyProtocol });
  for (let i = 0; i < 40; i++) {
    const client = await Client.connect(t, port);
    client.send(GREETING);
    await client.closed();
  }
  assert.equal(events.filter(({ type }) => type === 'rejected').length, 10);
});

test('a balancer that only looks whether somebody is here is not told of', async (t) => {
  const options = { proxyProtocol, anonymous: true };
  const { port, events, server } = await startServer(t, options);
  for (const words of [bytes(), bytes('PROXY UNKNOWN\r\n'), v2(0x20, 0)]) {
    for (const leave of ['end', 'resetAndDestroy'] as const) {
      const client = await Client.connect(t, port);
      client.send(words).socket[leave]();
      await client.closed();
    }
  }
  // HAProxy's check in version 1 tells its own address.
  const client = await Client.connect(t, port);
  client.send(v1('127.0.0.1', client.socket.localPort ?? 0)).socket.end();
  await client.readAll();
  await server.close();
  assert.deepEqual(
    events.map(({ type }) => type),
    ['listening', 'stopped'],
  );
});

test('a header has the time of a handshake', async (t) => {
  const clock = manualClock(t, ['setTimeout']);
  const { port, event } = await startServer(t, { proxyProtocol, handshakeTimeout: 0.2 });
  const silent = await Client.connect(t, port);
  await clock.passUntil(silent.closed(), 100);
  const { reason, detail } = await event('rejected');
  assert.equal(reason, 'handshake-timeout');
  assert.match(detail, /no PROXY header within 0\.2 s/);
  const whole = await introduced(t, port, binary);
  const [{ reason: told }] = await clock.passUntil(
    Promise.all([event('closed'), whole.readAll()]),
    100,
  );
  assert.equal(told, 'handshake-timeout');
});

test('headers that do not come have as many places as clients without a request', async (t) => {
  const { port, event } = await startServer(t, { proxyProtocol, maxStartups: 3 });
  const waiting: Client[] = [];
  for (let i = 0; i < 4; i++) waiting.push(await Client.connect(t, port));
  await waiting[0]?.closed();
  assert.match((await event('rejected')).detail, /gave way/);
  waiting[3]?.send(binary, GREETING);
  assert.deepEqual(await waiting[3]?.read(2), bytes(5, 0));
});

test('rules and limits are those of the told address', async (t) => {
  const users = passwordFile(t, `alice::${plainSecret('secret')}`);
  const network = ['!192.0.2.66', '192.0.2.0/24', '2001:db8::/32'];
  const options = { auth: [users], proxyProtocol, network, maxconnPerAddress: 2 };
  const { port, event, events } = await startServer(t, options);
  const come = async (header: Uint8Array) => (await Client.connect(t, port)).send(header);
  for (const denied of ['192.0.2.66', '198.51.100.1']) {
    await assertReset((await come(v1(denied, 1))).socket);
    const { reason } = await event('rejected', ({ client }) => client.host === denied);
    assert.equal(reason, 'not-allowed');
  }
  // The balancer itself is in no network that may come in.
  await assertReset((await come(bytes(v2(0x20, 0), GREETING))).socket);

  const kept = [];
  for (let i = 0; i < 2; i++) kept.push(await come(bytes(v1('192.0.2.1', i), 5, 1, 2)));
  for (const client of kept) assert.deepEqual(await client.read(2), bytes(5, 2));
  await assertReset((await come(v1('192.0.2.1', 3))).socket);
  const full = await event('rejected', ({ reason }) => reason === 'too-many-connections');
  assert.equal(full.client.host, '192.0.2.1');
  const other = await come(bytes(v1('2001:db8::1', 1), 5, 1, 2));
  assert.deepEqual(await other.read(2), bytes(5, 2));
  assert.ok(!origins(events).includes('127.0.0.1 127.0.0.1'));
});

test('lockouts are those of the told address', async (t) => {
  const users = passwordFile(t, `alice::${plainSecret('secret')}`);
  const { port } = await startServer(t, { auth: [users], proxyProtocol, maxLoginFailures: 2 });
  const tryPassword = async (host: string, password: string) => {
    const client = await Client.connect(t, port);
    client.send(v1(host, 1), 5, 1, 2, 1, 5, 'alice', password.length, password);
    assert.deepEqual(await client.read(2), bytes(5, 2));
    return (await client.read(2))[1];
  };
  for (const wrong of ['wrong1', 'wrong2', 'secret']) {
    assert.notEqual(await tryPassword('192.0.2.9', wrong), 0, wrong);
  }
  assert.equal(await tryPassword('192.0.2.10', 'secret'), 0);
});

test('a client elsewhere that a balancer here brings does not reach the host itself', async (t) => {
  const echo = await echoServer(t);
  const { port } = await startServer(t, { proxyProtocol });
  const client = await introduced(t, port, binary);
  assert.equal((await connectTo(client, '127.0.0.1', echo)).reply, 2);
});

test("a client on a balancer's own machine is no client on this one", async (t) => {
  const listen: string[] = [];
  const { server, events } = await startServer(t, { listen, proxyProtocol: ['192.0.2.1'] });
  const balancer = { client: { host: '192.0.2.1', port: 7 } };
  for (const host of ['127.0.0.1', '::1', '0.0.0.0', '::ffff:127.0.0.1']) {
    const [near, far] = duplexPair();
    server.serve(near, balancer);
    const client = Client.of(far as Socket);
    client.send(v1(host, 1), GREETING);
    assert.deepEqual(await client.read(2), bytes(5, 0));
    far.destroy();
  }
  assert.deepEqual(origins(events), ['192.0.2.1 -']);
});

const skipFrom = await unlessHere('127.0.0.9');
test('UDP ASSOCIATE expects datagrams of the told address, where it can send them to', {
  skip: wine('source') ?? skipFrom,
}, async (t) => {
  const { port } = await startServer(t, { proxyProtocol });
  const peer = await UdpPeer.open(t);
  const client = await introduced(t, port, v1('127.0.0.9', 50642));
  client.send(5, 3, 0, address('0.0.0.0', 0));
  const reply = await readReply(client);
  assert.equal(reply.reply, 0);
  assert.ok(isIPv4(reply.host) && reply.host !== '0.0.0.0', reply.host);
  const datagram = (text: string) => bytes(0, 0, 0, address('127.0.0.1', peer.port), text);
  const stranger = await UdpPeer.open(t);
  stranger.send(datagram('of the balancer'), reply.port, reply.host);
  const own = await UdpPeer.open(t, '127.0.0.9');
  own.send(datagram('of the client'), reply.port, reply.host);
  assert.equal((await peer.receive()).data.toString(), 'of the client');
});

test('headers over IPv6', { skip: !(await isHere('::1')) && 'no IPv6' }, async (t) => {
  const options = { listen: ['[::1]:0'], proxyProtocol: ['::1'] };
  const { port, event } = await startServer(t, options);
  const client = await Client.connect(t, port, '::1');
  client.send(v1('2001:db8::7', 9), GREETING);
  assert.deepEqual(await client.read(2), bytes(5, 0));
  assert.equal((await event('connection')).client.host, '2001:db8::7');
});

test('reload() changes who the balancers are', async (t) => {
  const echo = await echoServer(t);
  const { port, server } = await startServer(t, { proxyProtocol });
  const before = await introduced(t, port, v1('127.0.0.9', 1));
  const waiting = await Client.connect(t, port);
  await server.reload({ listen: ['127.0.0.1:0'] });
  const client = await Client.connect(t, port);
  client.send(GREETING);
  assert.deepEqual(await client.read(2), bytes(5, 0));
  assert.equal((await connectTo(before, '127.0.0.1', echo)).reply, 0);
  waiting.send(binary, GREETING);
  assert.deepEqual(await waiting.read(2), bytes(5, 0));
});

test('a server that stops waits for no header', async (t) => {
  const { port, server } = await startServer(t, { proxyProtocol, handshakeTimeout: 0 });
  const waiting = await Client.connect(t, port);
  waiting.send('PROXY');
  const served = await introduced(t, port, binary);
  const closed = server.close(1);
  await waiting.readAll();
  served.socket.end();
  await closed;
});

test('whom balancers bring unasked, and who may say to be anybody, is warned of', async (t) => {
  const warningsOf = async (options: ServerOptions) => {
    const { events } = await startServer(t, options);
    return events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));
  };
  const [open, ...others] = await warningsOf({ proxyProtocol });
  assert.match(open ?? '', /^proxy-protocol: .*no users/);
  assert.deepEqual(others, []);
  assert.deepEqual(await warningsOf({ proxyProtocol, anonymous: true }), []);
  const listen = ['0.0.0.0:0'];
  const everywhere = { listen, anonymous: true, proxyProtocol: ['0.0.0.0/0'] };
  const [every] = await warningsOf({ listeners: { lan: everywhere } });
  assert.match(every ?? '', /^\[listener:lan\]: proxy-protocol: everybody/);
  assert.deepEqual(await warningsOf({ ...everywhere, proxyProtocol: ['192.0.2.0/24'] }), []);
});

test('a listener has balancers of its own', async (t) => {
  const listeners = { lb: { listen: ['127.0.0.1:0'], proxyProtocol } };
  const { server, event, port } = await startServer(t, { listeners });
  const [, lb] = server.listeners;
  const client = await Client.connect(t, lb?.addresses[0]?.port ?? 0);
  client.send(binary, GREETING);
  assert.deepEqual(await client.read(2), bytes(5, 0));
  assert.equal((await event('connection')).client.host, '192.0.2.7');
  const direct = await Client.connect(t, port);
  direct.send(GREETING);
  assert.deepEqual(await direct.read(2), bytes(5, 0));
});

test('a mistake is one sentence', async (t) => {
  for (const text of ['localhost', '10.0.0.0/33', '*', 'unix:/x', '']) {
    await assert.rejects(startServer(t, { proxyProtocol: [text] }), {
      ...{ name: 'UserError', option: 'proxyProtocol' },
    });
  }
});

test('a password that follows a header at once is read', async (t) => {
  const users = passwordFile(t, `alice::${plainSecret('secret')}`);
  const { port } = await startServer(t, { auth: [users], proxyProtocol });
  const client = await Client.connect(t, port);
  client.send(binary, 5, 1, 2, 1, 5, 'alice', 6, 'secret');
  assert.deepEqual(await client.read(4), bytes(5, 2, 1, 0));
  await assert.rejects(login(t, port, 'alice', 'secret'));
});
