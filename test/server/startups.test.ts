import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { manualClock } from '../support/clock.js';
import { startServer } from '../support/server.js';
import { assertTurnedAway, bytes, Client, echoServer } from '../support/sockets.js';
import { assertEcho, connected, connectTo, greeted } from '../support/socks.js';

/** Clients that say nothing. */
async function silent(t: TestContext, port: number, count: number): Promise<Client[]> {
  const clients: Client[] = [];
  for (let i = 0; i < count; i++) clients.push(await Client.connect(t, port));
  return clients;
}

test('clients that say nothing do not fill the server: the oldest give way', async (t) => {
  const echo = await echoServer(t);
  const { port, server, event } = await startServer(t, { maxStartups: 3 });
  const stalling = await silent(t, port, 20);
  const client = await connected(t, port, echo);
  await assertEcho(client);
  await Promise.all(stalling.slice(0, 17).map((one) => one.readAll()));
  const { reason, detail } = await event('rejected');
  assert.equal(reason, 'too-many-connections');
  assert.match(detail, /gave way/);
  assert.equal((await event('closed')).reason, 'too-many-connections');
  const left = server.connections().filter(({ command }) => command === undefined);
  assert.deepEqual(
    left.map(({ client: { port: from } }) => from),
    stalling.slice(-2).map(({ socket }) => socket.localPort),
    'the request of the last client made room again',
  );
});

test('they have no more than half of maxconn, whatever is asked for', async (t) => {
  const echo = await echoServer(t);
  const { port } = await startServer(t, { maxconn: 8, maxStartups: 1000 });
  const stalling = await silent(t, port, 30);
  await Promise.all(stalling.slice(0, 26).map((one) => one.readAll()));
  for (let i = 0; i < 4; i++) await assertEcho(await connected(t, port, echo));
});

test('a client that waits for an answer is not the one that gives way', async (t) => {
  const { port, server } = await startServer(t, { maxStartups: 2 });
  let answer: () => void = () => {};
  const answered = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const asked = new Promise<void>((resolve) => {
    server.registries.authenticationMethods.register({
      id: 'slow',
      code: 0x80,
      strength: 100,
      available: () => true,
      async authenticate() {
        resolve();
        await answered;
        return { user: 'alice', group: undefined };
      },
    });
  });
  const client = await Client.connect(t, port);
  client.send(5, 1, 0x80);
  await asked;
  const stalling = await silent(t, port, 5);
  await Promise.all(stalling.slice(0, 4).map((one) => one.readAll()));
  answer();
  assert.deepEqual(await client.read(2), bytes(5, 0x80));
  assert.equal((await connectTo(client, '127.0.0.1', await echoServer(t))).reply, 0);
  await assertEcho(client);
});

test('what has made its request does not count', async (t) => {
  const echo = await echoServer(t);
  const { port } = await startServer(t, { maxStartups: 1 });
  const clients: Client[] = [];
  for (let i = 0; i < 5; i++) clients.push(await connected(t, port, echo));
  for (const client of clients) await assertEcho(client);
});

test('a full server lets the next in for one that has kept silent', async (t) => {
  const clock = manualClock(t);
  const echo = await echoServer(t);
  const { port, event } = await startServer(t, { maxconn: 3, maxconnPerAddress: 3 });
  const served = [await connected(t, port, echo), await connected(t, port, echo)];
  const stalling = await greeted(t, port);
  await assertTurnedAway(t, port);
  clock.pass(999);
  await assertTurnedAway(t, port);
  clock.pass(1);
  const next = await Client.connect(t, port);
  next.send(5, 1, 0);
  assert.deepEqual(await next.read(2), bytes(5, 0));
  assert.equal((await connectTo(next, '127.0.0.1', echo)).reply, 0);
  for (const client of [...served, next]) await assertEcho(client);
  await stalling.readAll();
  assert.equal((await event('closed')).reason, 'too-many-connections');
  await assertTurnedAway(t, port);
});
