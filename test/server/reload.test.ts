import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Server, ServerOptions } from 'picosocks5';
import { isHere } from '../support/addresses.js';
import { startServer } from '../support/server.js';
import { Client, echoServer, freePort, serve } from '../support/sockets.js';
import { assertEcho, connected, connectTo, greeted, login } from '../support/socks.js';
import { passwordFile, plainSecret } from '../support/users.js';

test('reload() reads users again; connections go on', async (t) => {
  const echo = await echoServer(t);
  const file = passwordFile(t, `alice::${plainSecret('old')}`, `bob::${plainSecret('old')}`);
  const { port, server, event } = await startServer(t, { auth: [file] });
  const { client } = await login(t, port, 'alice', 'old');
  assert.equal((await connectTo(client, '127.0.0.1', echo)).reply, 0);
  assert.equal((await login(t, port, 'bob', 'old')).status, 0);

  writeFileSync(file, `alice::${plainSecret('new')}\n`);
  await server.reload();
  await event('reloaded');
  const expected: [user: string, password: string, right: boolean][] = [
    ['alice', 'new', true],
    ['alice', 'old', false],
    ['bob', 'old', false],
  ];
  for (const [user, password, right] of expected) {
    const { status } = await login(t, port, user, password);
    assert.equal(status === 0, right, `${user} ${password}`);
  }
  await assertEcho(client);
});

test('reload() changes rules and limits for new requests only', async (t) => {
  const echo = await echoServer(t);
  const listen = ['127.0.0.1:0'];
  const { port, server } = await startServer(t, { listen });
  const before = await connected(t, port, echo);
  const greetedBefore = await greeted(t, port);
  await server.reload({ listen, request: ['!all'], maxconn: 3 });
  assert.equal((await connectTo(greetedBefore, '127.0.0.1', echo)).reply, 2);
  assert.equal((await connectTo(await greeted(t, port), '127.0.0.1', echo)).reply, 2);
  await assertEcho(before);
  await server.reload({ listen });
  await connected(t, port, echo);
});

test('reload() changes how a listener serves without listening again', async (t) => {
  const echo = await echoServer(t);
  const { port, server, events } = await startServer(t);
  const before = await connected(t, port, echo);
  const ask4 = async () => {
    const client = await Client.connect(t, port);
    client.send(4, 1, echo >> 8, echo & 0xff, 127, 0, 0, 1, 0);
    return (await client.read(8))[1];
  };
  assert.equal(await ask4(), 90);
  await server.reload({ listen: ['127.0.0.1:0'], socks4: false });
  assert.equal(await ask4(), 91);
  await connected(t, port, echo);
  await assertEcho(before);
  const told = events.filter(({ type }) => type === 'listening' || type === 'stopped');
  assert.equal(told.length, 1);
});

test('reload() changes where it listens', async (t) => {
  const echo = await echoServer(t);
  const { port, server, events } = await startServer(t);
  const before = await connected(t, port, echo);
  const other = await freePort(t);
  await server.reload({ listen: [`127.0.0.1:${other}`] });
  assert.deepEqual(server.addresses, [{ host: '127.0.0.1', port: other }]);
  await assert.rejects(Client.connect(t, port), { code: 'ECONNREFUSED' });
  await connected(t, other, echo);
  await assertEcho(before);
  const told = events.filter(({ type }) => type === 'listening' || type === 'stopped');
  assert.deepEqual(
    told.map((event) => 'address' in event && [event.type, event.address.port]),
    [
      ['listening', port],
      ['stopped', port],
      ['listening', other],
    ],
  );
});

/** Asserts that a reload fails and that all is as it was. */
async function assertKept(server: Server, options: ServerOptions, message: RegExp): Promise<void> {
  const { addresses } = server;
  await assert.rejects(server.reload(options), { name: 'UserError', message });
  assert.deepEqual(server.addresses, addresses);
}

test('a bad reload() keeps all as it was', async (t) => {
  const echo = await echoServer(t);
  const taken = await serve(t, () => {});
  const file = passwordFile(t, `alice::${plainSecret('secret')}`);
  const listen = [`127.0.0.1:${await freePort(t)}`];
  const options = { listen, auth: [file], request: ['connect'] };
  const { port, server, events } = await startServer(t, options);
  const { client: before } = await login(t, port, 'alice', 'secret');
  assert.equal((await connectTo(before, '127.0.0.1', echo)).reply, 0);

  const bad: [change: ServerOptions, message: RegExp][] = [
    [{ listen: [`127.0.0.1:${taken}`] }, /another program uses this port/],
    [{ listen: [...listen, `127.0.0.1:${taken}`] }, /another program uses this port/],
    [{ listen: [`*:${port}`, `127.0.0.1:${taken}`] }, /another program uses this port/],
    [{ listen: ['nonsense:x'] }, /is not a port/],
    [{ listen: ['name.invalid'] }, /name\.invalid/],
    [{ listen: ['*:0'], auth: [] }, /refusing to listen/],
    [{ auth: ['/nonexistent'] }, /cannot read the password file/],
    [{ auth: [file, passwordFile(t, 'nonsense')] }, /users:1: expected USER:GROUP:SECRET/],
    [{ auth: ['unknown:file'] }, /unknown format "unknown"/],
    [{ request: ['fetch'] }, /rule "fetch"/],
    [{ network: ['127.0.0.1/99'] }, /rule "127\.0\.0\.1\/99"/],
    [{ maxconn: -1 }, /maxconn/],
    [{ bind: ['0.0.0.0'] }, /bind/],
  ];
  for (const [change, message] of bad) await assertKept(server, { ...options, ...change }, message);

  await assertEcho(before);
  const { client } = await login(t, port, 'alice', 'secret');
  assert.equal((await connectTo(client, '127.0.0.1', echo)).reply, 0);
  const { client: denied } = await login(t, port, 'alice', 'secret');
  denied.send(5, 2, 0, 1, 0, 0, 0, 0, 0, 0);
  assert.equal((await denied.readAll())[1], 2);
  assert.ok(!events.some(({ type }) => type === 'reloaded'));
});

test('a bad file keeps the users there were', async (t) => {
  const file = passwordFile(t, `alice::${plainSecret('secret')}`);
  const { port, server } = await startServer(t, { auth: [file] });
  writeFileSync(file, 'nonsense\n');
  await assert.rejects(server.reload(), { name: 'UserError' });
  assert.equal((await login(t, port, 'alice', 'secret')).status, 0);
});

test('from an address to all addresses at the same port, and back', async (t) => {
  const echo = await echoServer(t);
  const port = await freePort(t);
  const one = [`127.0.0.1:${port}`];
  const { server } = await startServer(t, { listen: one });
  const before = await connected(t, port, echo);
  await server.reload({ listen: [`*:${port}`], anonymous: true });
  assert.ok(server.addresses.some(({ host }) => host === '0.0.0.0'));
  const others: string[] = [];
  for (const host of ['127.0.0.2', '::1']) if (await isHere(host)) others.push(host);
  for (const host of others) await Client.connect(t, port, host);
  await server.reload({ listen: one });
  assert.deepEqual(server.addresses, [{ host: '127.0.0.1', port }]);
  for (const host of others) {
    await assert.rejects(Client.connect(t, port, host), { code: 'ECONNREFUSED' });
  }
  await connected(t, port, echo);
  await assertEcho(before);
});

test('two reloads at once leave the server as the last one says', async (t) => {
  const echo = await echoServer(t);
  const { server } = await startServer(t);
  const [first, second] = [await freePort(t), await freePort(t)];
  await Promise.all(
    [first, second].map((port) => server.reload({ listen: [`127.0.0.1:${port}`] })),
  );
  assert.deepEqual(server.addresses, [{ host: '127.0.0.1', port: second }]);
  await connected(t, second, echo);
  await assert.rejects(Client.connect(t, first), { code: 'ECONNREFUSED' });
});
