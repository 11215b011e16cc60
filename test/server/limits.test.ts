import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isHere, unlessHere } from '../support/addresses.js';
import { manualClock } from '../support/clock.js';
import { startServer } from '../support/server.js';
import { assertTurnedAway, bytes, Client, echoServer } from '../support/sockets.js';
import { address, assertEcho, connected, connectTo, greeted, login } from '../support/socks.js';
import { passwordFile, plainSecret } from '../support/users.js';

const unfinished: [name: string, message: Buffer][] = [
  ['nothing', bytes()],
  ['half a greeting', bytes(5, 2, 0)],
  ['a greeting', bytes(5, 1, 0)],
  ['half a request', bytes(5, 1, 0, 5, 1, 0, 1, 127)],
  ['half a SOCKS 4 request', bytes(4, 1, 0, 80)],
];
for (const [name, message] of unfinished) {
  test(`handshakeTimeout ends a client that sends ${name}`, async (t) => {
    const { port, event } = await startServer(t, { handshakeTimeout: 0.2 });
    const client = await Client.connect(t, port);
    client.send(message);
    await client.readAll();
    const { reason, duration } = await event('closed');
    assert.equal(reason, 'handshake-timeout');
    assert.ok(duration >= 190 && duration < 5000, `${duration} ms`);
  });
}

for (const handshakeTimeout of [10, 0]) {
  test(`a timeout bounds the handshake, too, with handshakeTimeout ${handshakeTimeout}`, async (t) => {
    const { port, event } = await startServer(t, { timeout: 0.2, handshakeTimeout });
    await (await Client.connect(t, port)).readAll();
    const { reason, duration } = await event('closed');
    assert.equal(reason, 'handshake-timeout');
    assert.ok(duration >= 190 && duration < 5000, `${duration} ms`);
  });
}

test('handshakeTimeout counts from the start, and stops with the request', async (t) => {
  const clock = manualClock(t, ['setTimeout']);
  const echo = await echoServer(t);
  const { port, event, server } = await startServer(t, { handshakeTimeout: 0.3 });
  const served = await connected(t, port, echo);
  const dripping = await greeted(t, port);
  dripping.send(5, 1, 0, 3, 255);
  for (let i = 0; i < 6; i++) {
    assert.equal(server.connections().length, 2);
    await new Promise((resolve) => dripping.socket.write('x', resolve));
    clock.pass(50);
    await assertEcho(served);
  }
  const ended = Promise.all([event('closed'), dripping.readAll()]);
  // Until it has lingered as well.
  const [{ reason, duration }] = await clock.passUntil(ended, 100);
  assert.equal(reason, 'handshake-timeout');
  assert.ok(duration >= 300, `${duration} ms`);
  await assertEcho(served);
});

test('a client that leaves an outbound that does not answer is gone', async (t) => {
  const { port, server, event } = await startServer(t);
  const asked = new Promise<void>((resolve) => {
    const connect = () => {
      resolve();
      return new Promise<never>(() => {});
    };
    server.registries.outbounds.register({ id: 'silent', resolves: false, connect });
  });
  const client = await greeted(t, port);
  client.send(5, 1, 0, address('127.0.0.1', 80));
  await asked;
  await client.reset();
  assert.equal((await event('closed')).reason, 'client-left');
});

test('connectTimeout ends an outbound that does not answer, with reply 6', async (t) => {
  const { port, server, event } = await startServer(t, { connectTimeout: 0.2 });
  const connect = () => new Promise<never>(() => {});
  server.registries.outbounds.register({ id: 'silent', resolves: false, connect });
  const client = await greeted(t, port);
  assert.equal((await connectTo(client, '127.0.0.1', 80)).reply, 6);
  await client.readAll();
  client.socket.end();
  assert.equal((await event('closed')).reason, 'unreachable');
});

test('timeout ends a connection on which nothing moves, and no other', async (t) => {
  const clock = manualClock(t, ['setTimeout', 'setInterval']);
  const echo = await echoServer(t);
  const { port, event, server } = await startServer(t, { timeout: 0.9 });
  const busy = await connected(t, port, echo);
  const idle = await connected(t, port, echo);
  const { localPort } = idle.socket;
  for (let i = 0; i < 25; i++) {
    await assertEcho(busy);
    clock.pass(100);
  }
  await idle.readAll();
  assert.equal(idle.error?.code, 'ECONNRESET', 'it does not look complete');
  const { reason, client, duration } = await event('closed');
  assert.deepEqual([reason, client.port], ['idle-timeout', localPort]);
  assert.ok(duration >= 900 && duration < 3000, `${duration} ms`);
  assert.deepEqual(
    server.connections().map((connection) => connection.client.port),
    [busy.socket.localPort],
  );
});

test('maxconn: one too many is turned away, and let in when another has left', async (t) => {
  const echo = await echoServer(t);
  const { port, event } = await startServer(t, { maxconn: 2 });
  const [first, second] = [await connected(t, port, echo), await greeted(t, port)];
  await assertTurnedAway(t, port);
  if (await isHere('127.0.0.2')) await assertTurnedAway(t, port, '127.0.0.2');
  const { reason, detail } = await event('rejected');
  assert.deepEqual([reason, detail], ['too-many-connections', 'in all']);
  await assertEcho(first);
  second.socket.destroy();
  await event('closed');
  await connected(t, port, echo);
});

test('maxconnPerAddress counts each address by itself', {
  skip: await unlessHere('127.0.0.2'),
}, async (t) => {
  const { port, event } = await startServer(t, { maxconnPerAddress: 1 });
  const first = await greeted(t, port);
  await assertTurnedAway(t, port);
  assert.equal((await event('rejected')).detail, 'from this address');
  const other = await Client.connect(t, port, '127.0.0.1', '127.0.0.2');
  other.send(5, 1, 0);
  assert.deepEqual(await other.read(2), bytes(5, 0));
  first.socket.destroy();
  await event('closed');
  await greeted(t, port);
});

test('maxconnPerUser counts the requests of each user', async (t) => {
  const echo = await echoServer(t);
  const secret = plainSecret('secret');
  const auth = [passwordFile(t, `alice::${secret}`, `bob::${secret}`)];
  const { port, event } = await startServer(t, { auth, maxconnPerUser: 1 });
  const replyTo = async (user: string) => {
    const { client } = await login(t, port, user, 'secret');
    return { client, reply: (await connectTo(client, '127.0.0.1', echo)).reply };
  };
  const first = await replyTo('alice');
  assert.equal(first.reply, 0);
  assert.equal((await replyTo('alice')).reply, 2);
  const { reason, user } = await event('rejected');
  assert.deepEqual([reason, user], ['too-many-connections', 'alice']);
  assert.equal((await replyTo('bob')).reply, 0);
  first.client.socket.destroy();
  await event('closed', (closed) => closed.reason === 'finished');
  assert.equal((await replyTo('alice')).reply, 0);
});

test('connections that never made a request count for no user', async (t) => {
  const auth = [passwordFile(t, `alice::${plainSecret('secret')}`)];
  const { port, event } = await startServer(t, { auth, maxconnPerUser: 1 });
  await login(t, port, 'alice', 'secret');
  const { client } = await login(t, port, 'alice', 'secret');
  client.send(5, 1, 0, address('127.0.0.1', await echoServer(t)));
  assert.equal((await client.read(2))[1], 0);
  assert.equal((await event('established')).type, 'established');
});

test("a user's own maxconn counts instead of maxconnPerUser, be it more or less", async (t) => {
  const echo = await echoServer(t);
  const names = ['alice', 'bob', 'carol'];
  const auth = [passwordFile(t, ...names.map((name) => `${name}::${plainSecret('secret')}`))];
  const users = { alice: { connections: 3 }, bob: { connections: 1 } };
  const { port } = await startServer(t, { auth, maxconnPerUser: 2, users });
  const served = { alice: 0, bob: 0, carol: 0 };
  for (const name of ['alice', 'bob', 'carol'] as const) {
    for (let i = 0; i < 5; i++) {
      const { client } = await login(t, port, name, 'secret');
      if ((await connectTo(client, '127.0.0.1', echo)).reply === 0) served[name]++;
    }
  }
  assert.deepEqual(served, { alice: 3, bob: 1, carol: 2 });
});
