import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createServer, type ServerEvent } from 'picosocks5';
import { unlessHere } from '../support/addresses.js';
import { webServer } from '../support/http.js';
import { v1 } from '../support/proxyheader.js';
import { startServer } from '../support/server.js';
import { bytes, Client, echoServer, freePort, peerServer } from '../support/sockets.js';
import { address, assertEcho, connected, connectTo, greeted, login } from '../support/socks.js';
import { passwordFile, plainSecret } from '../support/users.js';

test('close(grace) accepts nobody, and lets connections finish', async (t) => {
  const echo = await echoServer(t);
  const { port, server, event } = await startServer(t);
  const client = await connected(t, port, echo);
  const started = Date.now();
  const closed = server.close(60);
  await assert.rejects(Client.connect(t, port), { code: 'ECONNREFUSED' });
  await assertEcho(client);
  assert.equal(server.connections().length, 1);
  client.socket.end();
  await closed;
  assert.equal((await event('closed')).reason, 'finished');
  assert.ok(Date.now() - started < 5000, 'it does not wait longer than it has to');
});

test('close(grace) serves who has come already: a balancer before its header, HTTP as it goes on', {
  skip: await unlessHere('127.0.0.2'),
}, async (t) => {
  const [echo, first, second] = [await echoServer(t), await webServer(t), await webServer(t)];
  const { port, server } = await startServer(t, { proxyProtocol: ['127.0.0.2'] });
  const balancer = await Client.connect(t, port, '127.0.0.1', '127.0.0.2');
  const http = await Client.connect(t, port);
  const look = async (page: number) => {
    const host = `127.0.0.1:${page}`;
    http.send(`HEAD http://${host}/ HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    assert.match((await http.read(12)).toString('latin1'), /^HTTP\/1\.1 200$/);
    let head = '';
    while (!head.endsWith('\r\n\r\n')) head += (await http.read(1)).toString('latin1');
  };
  await look(first.port);
  const closed = server.close(60);
  await assert.rejects(Client.connect(t, port), { code: 'ECONNREFUSED' });
  balancer.send(v1('127.0.0.3', 50642), 5, 1, 0);
  assert.deepEqual(await balancer.read(2), bytes(5, 0));
  assert.equal((await connectTo(balancer, '127.0.0.1', echo)).reply, 0);
  await assertEcho(balancer);
  // To another host it goes on as a new connection.
  await look(second.port);
  balancer.socket.end();
  http.socket.end();
  await closed;
});

test('close(grace) does not wait longer for who says nothing', async (t) => {
  const { port, server } = await startServer(t, { proxyProtocol: ['127.0.0.1'] });
  const balancer = await Client.connect(t, port);
  await server.close(0.2);
  assert.equal((await balancer.readAll()).length, 0);
});

test('close(grace) ends what does not finish', async (t) => {
  const echo = await echoServer(t);
  const { port, server, event } = await startServer(t);
  const clients = [await connected(t, port, echo), await greeted(t, port)];
  const started = Date.now();
  await server.close(0.3);
  assert.ok(Date.now() - started >= 290);
  await Promise.all(clients.map((client) => client.readAll()));
  assert.equal((await event('closed')).reason, 'shutdown');
  assert.deepEqual(server.connections(), []);
});

test('a server that was closed stays closed', async (t) => {
  const { server, port } = await startServer(t);
  await Promise.all([server.close(), server.close()]);
  assert.deepEqual(server.addresses, []);
  await assert.rejects(server.listen(), { name: 'UserError' });
  await assert.rejects(server.reload(), { name: 'UserError' });
  await assert.rejects(Client.connect(t, port), { code: 'ECONNREFUSED' });
});

test('close() while it reloads or starts leaves nothing that listens', async (t) => {
  const { server, port } = await startServer(t);
  const other = await freePort(t);
  const reloaded = server.reload({ listen: [`127.0.0.1:${other}`] });
  const refused = assert.rejects(reloaded, { name: 'UserError' });
  await server.close();
  await refused;
  for (const old of [port, other]) {
    await assert.rejects(Client.connect(t, old), { code: 'ECONNREFUSED' });
  }

  const starting = createServer({ listen: [`127.0.0.1:${other}`] });
  const failed = assert.rejects(starting.listen(), { name: 'UserError' });
  await starting.close();
  await failed;
  await assert.rejects(Client.connect(t, other), { code: 'ECONNREFUSED' });
});

test('connections() tells what each one is doing', async (t) => {
  const echo = await echoServer(t);
  const auth = [passwordFile(t, `alice:staff:${plainSecret('secret')}`)];
  const { port, server, event } = await startServer(t, { auth, anonymous: true });
  const waiting = await Client.connect(t, port);
  await event('connection');
  const { client } = await login(t, port, 'alice', 'secret');
  await connectTo(client, '127.0.0.1', echo);
  await assertEcho(client, 'four');
  const [first, second] = server.connections();
  assert.equal(first?.client.port, waiting.socket.localPort);
  assert.deepEqual([first?.method, first?.command, first?.user], [undefined, undefined, undefined]);
  assert.ok(second !== undefined && first !== undefined && second.id > first.id);
  const { id, since, ...rest } = second;
  assert.ok(since <= Date.now() && since > Date.now() - 60_000);
  assert.deepEqual(rest, {
    client: { host: '127.0.0.1', port: client.socket.localPort },
    user: 'alice',
    group: 'staff',
    dialect: 'socks5',
    method: 'userpass',
    command: 'connect',
    destination: { host: '127.0.0.1', port: echo },
    up: 4,
    down: 4,
    dropped: 0,
  });
});

test('disconnect() ends one connection at once, both its sides', async (t) => {
  const { port: destination, peer } = await peerServer(t);
  const echo = await echoServer(t);
  const { port, server, event } = await startServer(t);
  const client = await connected(t, port, destination);
  const other = await connected(t, port, echo);
  const { id } = await event('established');
  assert.equal(server.disconnect(id), true);
  await client.readAll();
  await (await peer).readAll();
  const closed = await event('closed');
  assert.deepEqual([closed.id, closed.reason], [id, 'disconnected']);
  assert.equal(server.disconnect(id), false);
  await assertEcho(other);
});

type Talk = (t: TestContext, port: number, echo: number) => Promise<Client>;
const talks: [name: string, types: ServerEvent['type'][], talk: Talk][] = [
  [
    'a served client',
    ['connection', 'authenticated', 'request', 'established', 'closed'],
    async (t, port, echo) => {
      const { client } = await login(t, port, 'alice', 'secret');
      await connectTo(client, '127.0.0.1', echo);
      await assertEcho(client);
      return client;
    },
  ],
  [
    'a refused request',
    ['connection', 'authenticated', 'request', 'rejected', 'closed'],
    async (t, port) => {
      const { client } = await login(t, port, 'alice', 'secret');
      assert.equal((await connectTo(client, '127.0.0.2', 1)).reply, 2);
      return client;
    },
  ],
  [
    'a wrong password',
    ['connection', 'authentication-failed', 'closed'],
    async (t, port) => (await login(t, port, 'alice', 'wrong')).client,
  ],
  [
    'no acceptable method',
    ['connection', 'rejected', 'closed'],
    async (t, port) => (await Client.connect(t, port)).send(5, 1, 0),
  ],
  ['a client that leaves', ['connection', 'closed'], (t, port) => Client.connect(t, port)],
  [
    'a client that says all at once',
    ['connection', 'authenticated', 'request', 'established', 'closed'],
    async (t, port, echo) => {
      const client = await Client.connect(t, port);
      const credentials = Buffer.from('\x01\x05alice\x06secret');
      return client.send(5, 1, 2, credentials, 5, 1, 0, address('127.0.0.1', echo), 'data');
    },
  ],
];
for (const [name, types, talk] of talks) {
  test(`the events of ${name}, in order`, async (t) => {
    const echo = await echoServer(t);
    const auth = [passwordFile(t, `alice::${plainSecret('secret')}`)];
    const { port, events, event } = await startServer(t, {
      auth,
      request: ['!all:127.0.0.2', 'all'],
    });
    const client = await talk(t, port, echo);
    client.socket.end();
    const { id } = await event('closed');
    const own = events.filter((one) => 'id' in one && one.id === id);
    assert.deepEqual(
      own.map(({ type }) => type),
      types,
    );
    const times = own.map(({ time }) => time);
    assert.deepEqual(
      times,
      times.toSorted((a, b) => a - b),
    );
  });
}
