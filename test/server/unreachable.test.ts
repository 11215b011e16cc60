import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConnectRequest } from 'picosocks5';
import { unlessHere } from '../support/addresses.js';
import { startServer } from '../support/server.js';
import { bytes, Client, echoServer, freePort } from '../support/sockets.js';
import { address, assertEcho, connected, domain, greeted, readReply } from '../support/socks.js';

const requests: [name: string, reply: number, reason: string, request: (port: number) => Buffer][] =
  [
    ['not allowed', 2, 'not-allowed', (port) => bytes(1, 0, address('127.0.0.2', port))],
    [
      'a name that does not resolve',
      4,
      'unreachable',
      (port) => bytes(1, 0, domain('name.invalid', port)),
    ],
    ['refused', 5, 'unreachable', (port) => bytes(1, 0, address('127.0.0.1', port))],
    ['refused over IPv6', 5, 'unreachable', (port) => bytes(1, 0, address('::1', port))],
    ['nobody listens at port 0', 5, 'unreachable', () => bytes(1, 0, address('127.0.0.1', 0))],
    ['broadcast', 3, 'unreachable', () => bytes(1, 0, address('255.255.255.255', 80))],
    ['multicast', 3, 'unreachable', () => bytes(1, 0, address('224.0.0.1', 80))],
    ['multicast over IPv6', 3, 'unreachable', () => bytes(1, 0, address('ff02::1', 80))],
    ['a name with a NUL', 4, 'protocol-error', () => bytes(1, 0, domain('localhost\0', 80))],
    ['a name with a space', 4, 'protocol-error', () => bytes(2, 0, domain('local host', 80))],
    ['no name', 4, 'protocol-error', () => bytes(3, 0, domain('', 80))],
    ['a name in Latin-1', 4, 'protocol-error', () => bytes(1, 0, 3, 2, 'm', 0xfc, 0, 80)],
    ['an escaped name', 4, 'protocol-error', () => bytes(1, 0, domain('\\108ocalhost', 80))],
    ['a label too long', 4, 'unreachable', () => bytes(1, 0, domain('a'.repeat(64), 80))],
    ['an unknown command', 7, 'unsupported', (port) => bytes(9, 0, address('127.0.0.1', port))],
    ['an unknown type of address', 8, 'unsupported', () => bytes(1, 0, 2, 0, 0, 0, 0, 0, 0)],
  ];
for (const [name, expected, reason, request] of requests) {
  const skip = name.endsWith('IPv6') ? await unlessHere('::1') : undefined;
  test(`reply ${expected}, then the end: ${name}`, { skip }, async (t) => {
    const port = await freePort(t);
    const rules = ['!connect:127.0.0.2', 'all'];
    const { port: proxy, event } = await startServer(t, { request: rules });
    const client = await greeted(t, proxy);
    client.send(5, request(port));
    assert.equal((await readReply(client)).reply, expected);
    assert.equal((await client.readAll()).length, 0);
    client.socket.end();
    assert.equal((await event('rejected')).reason, reason);
    assert.equal((await event('closed')).reason, reason);
  });
}

const codes: [code: string, reply: number][] = [
  ['ENETUNREACH', 3],
  ['EHOSTUNREACH', 4],
  ['ENOTFOUND', 4],
  ['ECONNREFUSED', 5],
  ['ETIMEDOUT', 6],
  ['EADDRNOTAVAIL', 3],
  ['EINVAL', 3],
  ['EACCES', 2],
  ['EPERM', 2],
  ['EMFILE', 1],
  ['', 1],
];
for (const [code, expected] of codes) {
  test(`reply ${expected} when connecting fails with "${code}"`, async (t) => {
    const { port, server } = await startServer(t);
    const connect = () => Promise.reject(Object.assign(new Error('failed'), { code }));
    server.registries.outbounds.register({ id: 'failing', resolves: false, connect });
    const client = await greeted(t, port);
    client.send(5, 1, 0, address('127.0.0.1', 1));
    const reply = await client.readAll();
    assert.deepEqual(reply, bytes(5, expected, 0, 1, 0, 0, 0, 0, 0, 0));
  });
}

test('slow: a client that does not close after a failure is closed', async (t) => {
  const { port, event } = await startServer(t);
  const client = await greeted(t, port);
  client.send(5, 1, 0, address('127.0.0.1', await freePort(t)));
  await client.readAll();
  const { duration } = await event('closed');
  assert.ok(duration < 20_000, `${duration} ms`);
});

const malformed: [name: string, message: Buffer][] = [
  ['another version', bytes(6, 1, 0)],
  ['HTTP', bytes('GET / HTTP/1.1\r\n\r\n')],
  ['another version in the request', bytes(5, 1, 0, 4, 1, 0, 1, 127, 0, 0, 1, 0, 80)],
  ['an empty name', bytes(5, 1, 0, 5, 1, 0, 3, 0, 0, 80)],
];
for (const [name, message] of malformed) {
  test(`the connection ends, and no other: ${name}`, async (t) => {
    const echo = await echoServer(t);
    const { port, event } = await startServer(t);
    const other = await connected(t, port, echo);
    const client = await Client.connect(t, port);
    client.send(message);
    await client.readAll();
    client.socket.end();
    const { reason } = await event('closed');
    assert.equal(reason, 'protocol-error');
    await assertEcho(other);
  });
}

test('a client that leaves while it is connected gives up connecting', async (t) => {
  const { port, server, event } = await startServer(t);
  const asked = new Promise<ConnectRequest>((resolve) => {
    server.registries.outbounds.register({
      id: 'pending',
      resolves: false,
      connect: (target) => {
        resolve(target);
        return new Promise((_, reject) => {
          target.signal.addEventListener('abort', () => reject(new Error('aborted')));
        });
      },
    });
  });
  const client = await greeted(t, port);
  client.send(5, 1, 0, address('127.0.0.1', 9));
  const { signal, addresses, destination, user } = await asked;
  assert.deepEqual([addresses, destination.port, user], [['127.0.0.1'], 9, undefined]);
  assert.equal(signal.aborted, false);
  await client.reset();
  assert.equal((await event('closed')).reason, 'client-left');
  assert.equal(signal.aborted, true);
  assert.deepEqual(server.connections(), []);
});

for (const [name, octets] of [
  ['a domain with a space', bytes('local host', 0)],
  ['an empty domain', bytes(0)],
  ['a domain in Latin-1', bytes('m', 0xfc, 0)],
] as const) {
  test(`SOCKS 4a, answered and closed: ${name}`, async (t) => {
    const { port, event } = await startServer(t);
    const client = await Client.connect(t, port);
    client.send(4, 1, 0, 80, 0, 0, 0, 1, 0, octets);
    assert.deepEqual(await client.readAll(), bytes(0, 91, 0, 0, 0, 0, 0, 0));
    assert.equal((await event('rejected')).reason, 'protocol-error');
  });
}

test('a request of another version is answered', async (t) => {
  const { port } = await startServer(t);
  const client = await greeted(t, port);
  client.send(4, 1, 0, address('127.0.0.1', 80));
  assert.deepEqual(await client.readAll(), bytes(5, 1, 0, 1, 0, 0, 0, 0, 0, 0));
});

const sayings: [error: Error, detail: string][] = [
  [new Error('upstream said 403: no credit left'), 'upstream said 403: no credit left'],
  [
    Object.assign(new Error('the upstream proxy is full'), { code: 'ECONNREFUSED' }),
    'the upstream proxy is full',
  ],
  [
    Object.assign(new Error('connect ECONNREFUSED 192.0.2.1:80'), {
      code: 'ECONNREFUSED',
      syscall: 'connect',
    }),
    'connection refused',
  ],
];
for (const [error, detail] of sayings) {
  test(`what an outbound says is told: ${error.message}`, async (t) => {
    const { port, server, event } = await startServer(t);
    const connect = () => Promise.reject(error);
    server.registries.outbounds.register({ id: 'failing', resolves: false, connect });
    const client = await greeted(t, port);
    client.send(5, 1, 0, address('127.0.0.1', 1));
    await client.readAll();
    const rejected = await event('rejected');
    assert.deepEqual([rejected.reason, rejected.detail], ['unreachable', detail]);
  });
}

test('where no outbound serves a request, that is told', async (t) => {
  const { port, server, event } = await startServer(t);
  const direct = server.registries.outbounds.get('direct') ?? assert.fail();
  server.registries.outbounds.unregister(direct);
  const client = await greeted(t, port);
  client.send(5, 1, 0, address('127.0.0.1', 1));
  await client.readAll();
  assert.equal((await event('rejected')).detail, 'no outbound serves it');
});
