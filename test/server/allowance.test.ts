import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { ServerOptions } from 'picosocks5';
import { awakeClock } from '../support/clock.js';
import { temporaryDirectory } from '../support/files.js';
import { startServer } from '../support/server.js';
import { type Client, echoServer } from '../support/sockets.js';
import { assertEcho, connectTo, login } from '../support/socks.js';
import { passwordFile, plainSecret } from '../support/users.js';

/** A server with the users alice and bob of staff and carol without a group. */
async function start(t: TestContext, options: ServerOptions) {
  const secret = plainSecret('secret');
  const lines = [`alice:staff:${secret}`, `bob:staff:${secret}`, `carol::${secret}`];
  const echo = await echoServer(t);
  const proxy = await startServer(t, { auth: [passwordFile(t, ...lines)], ...options });
  const connect = async (user: string) => {
    const { client } = await login(t, proxy.port, user, 'secret');
    const { reply } = await connectTo(client, '127.0.0.1', echo);
    return { client, reply };
  };
  return { ...proxy, connect };
}

test('connections of a user', async (t) => {
  const { connect, event } = await start(t, { users: { alice: { connections: 1 } } });
  const { client, reply } = await connect('alice');
  assert.equal(reply, 0);
  assert.equal((await connect('alice')).reply, 2);
  assert.equal((await connect('bob')).reply, 0);
  await assertEcho(client);
  client.socket.end();
  await event('closed', ({ reason }) => reason === 'finished');
  assert.equal((await connect('alice')).reply, 0);
});

test('connections of a group count for all its users together', async (t) => {
  const { connect } = await start(t, { groups: { staff: { limits: { connections: 2 } } } });
  assert.equal((await connect('alice')).reply, 0);
  assert.equal((await connect('bob')).reply, 0);
  assert.equal((await connect('bob')).reply, 2);
  assert.equal((await connect('carol')).reply, 0);
});

const rates: [name: string, options: ServerOptions][] = [
  ['rateDown of a user', { users: { alice: { rateDown: 100_000 } } }],
  ['rateUp of a user', { users: { alice: { rateUp: 100_000 } } }],
  ['rateDown of a group', { groups: { staff: { limits: { rateDown: 100_000 } } } }],
];
for (const [name, options] of rates) {
  test(`slow: ${name} keeps to its rate, and others are as fast as ever`, async (t) => {
    const { connect } = await start(t, options);
    const awake = awakeClock(t);
    const transfer = async (user: string) => {
      const { client } = await connect(user);
      const [began, started] = [awake(), performance.now()];
      client.send(Buffer.alloc(300_000));
      await client.read(300_000);
      return { took: performance.now() - started, awake: awake() - began };
    };
    const [limited, free] = await Promise.all([transfer('alice'), transfer('carol')]);
    assert.ok(limited.took > 1200, `300 KB at 100 KB/s took ${limited.took} ms`);
    assert.ok(limited.awake < 4000, `300 KB at 100 KB/s took ${limited.awake} ms`);
    assert.ok(free.awake < 1000, `without a limit it took ${free.awake} ms`);
  });
}

test('all users of a group share its rate, and all go on', async (t) => {
  const { connect } = await start(t, { groups: { staff: { limits: { rateDown: 400_000 } } } });
  const clients = await Promise.all(['alice', 'bob'].map(connect));
  const started = performance.now();
  await Promise.all(
    clients.map(async ({ client }) => {
      client.send(Buffer.alloc(100_000));
      await client.read(100_000);
    }),
  );
  const took = performance.now() - started;
  assert.ok(took > 200, `200 KB at 400 KB/s took ${took} ms`);
});

test('slow: something moves several times a second, and the flow is not idle', async (t) => {
  const options = { timeout: 2, users: { alice: { rateDown: 16_384 } } };
  const { connect, events } = await start(t, options);
  const awake = awakeClock(t);
  const { client } = await connect('alice');
  client.send(Buffer.alloc(100_000));
  // A second may have been saved up: what comes then keeps to the rate.
  await client.read(20_000);
  const started = performance.now();
  const times = [awake()];
  for (let i = 0; i < 12; i++) {
    await client.read(4096);
    times.push(awake());
  }
  const gaps = times.slice(1).map((time, i) => time - (times[i] as number));
  assert.ok(Math.max(...gaps) < 600, `${gaps} ms for a quarter of a second's bytes each`);
  const took = performance.now() - started;
  assert.ok(took > 2500, `49,152 bytes took ${took} ms`);
  assert.ok(!events.some(({ type }) => type === 'closed'));
});

test('slow: a flow is not idle while others of its group have all of its rate', async (t) => {
  const options = { timeout: 3, groups: { staff: { limits: { rateDown: 1000 } } } };
  const { connect, events } = await start(t, options);
  let last: Client | undefined;
  for (let i = 0; i < 40; i++) {
    last = (await connect('alice')).client;
    // More than a second may have saved up: then there would be nothing left to wait for.
    last.send(Buffer.alloc(2000));
  }
  await last?.read(200);
  assert.ok(!events.some(({ type }) => type === 'closed'));
});

test('a quota that is used up refuses the next request, and only of its user', async (t) => {
  const quotaFile = join(temporaryDirectory(t), 'quota');
  const options = { quotaFile, users: { alice: { perDay: 1000 } } };
  const { connect, event } = await start(t, options);
  const { client, reply } = await connect('alice');
  assert.equal(reply, 0);
  await assertEcho(client, 'x'.repeat(500));
  client.socket.end();
  await event('closed');
  assert.equal((await connect('alice')).reply, 2);
  const { reason, detail } = await event('rejected');
  assert.deepEqual([reason, detail], ['quota-exceeded', "user alice has used up this day's bytes"]);
  assert.equal((await connect('bob')).reply, 0);
});

test('a quota outlives the server', async (t) => {
  const quotaFile = join(temporaryDirectory(t), 'quota');
  const options = { quotaFile, groups: { staff: { limits: { perMonth: 1000 } } } };
  const first = await start(t, options);
  await assertEcho((await first.connect('alice')).client, 'x'.repeat(600));
  await first.server.close();
  const second = await start(t, options);
  assert.equal((await second.connect('bob')).reply, 2);
  assert.equal((await second.connect('carol')).reply, 0);
});

test('slow: a quota ends a connection that goes on', async (t) => {
  const quotaFile = join(temporaryDirectory(t), 'quota');
  const { connect, event } = await start(t, { quotaFile, users: { alice: { perDay: 1000 } } });
  const { client } = await connect('alice');
  const timer = setInterval(() => client.send('x'.repeat(100)), 20);
  t.after(() => clearInterval(timer));
  await client.readAll();
  assert.equal((await event('closed')).reason, 'quota-exceeded');
});

test('a quota without a file is refused', async (t) => {
  const options = { users: { alice: { perDay: 1000 } } };
  await assert.rejects(start(t, options), { name: 'UserError', message: /--quota-file/ });
});
