import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, type TestContext, test } from 'node:test';
import type { ServerOptions } from 'picosocks5';
import { unlessHere } from '../support/addresses.js';
import { awakeClock, manualClock } from '../support/clock.js';
import { startServer } from '../support/server.js';
import { echoServer } from '../support/sockets.js';
import { assertEcho, connectTo, login } from '../support/socks.js';
import { passwordFile, plainSecret } from '../support/users.js';

const SECRET = plainSecret('secret');
const lineOf = (user: string, account: string, group = '') =>
  `${user}:${group}:${SECRET}:${account}`;

/** A server with users whose lines have a fourth field. */
async function start(t: TestContext, lines: readonly string[], options: ServerOptions = {}) {
  const file = passwordFile(t, ...lines);
  const echo = await echoServer(t);
  const proxy = await startServer(t, { auth: [file], ...options });
  const connect = async (user: string, host?: string) => {
    const { client, status } = await login(t, proxy.port, user, 'secret', host);
    if (status !== 0) return { client, status, reply: undefined };
    return { client, status, ...(await connectTo(client, '127.0.0.1', echo)) };
  };
  const write = (...other: string[]) =>
    writeFileSync(file, other.map((one) => `${one}\n`).join(''));
  return { ...proxy, connect, write };
}

describe('accounts of a password file', async () => {
  test('disabled or expired is a wrong password to the client, and told to the log', async (t) => {
    const { connect, events } = await start(t, [
      lineOf('gone', 'disabled'),
      lineOf('late', 'expires=2020-01-01T00:00Z'),
      lineOf('fine', 'expires=2999-01-01,disabled=no'),
    ]);
    assert.equal((await connect('gone')).status, 1);
    assert.equal((await connect('late')).status, 1);
    assert.equal((await connect('fine')).reply, 0);
    const failed = events.flatMap((event) =>
      event.type === 'authentication-failed' ? [`${event.user}: ${event.detail}`] : [],
    );
    assert.deepEqual(failed, [
      'gone: the user is disabled',
      'late: the user expired at 2020-01-01T00:00:00.000Z',
    ]);
  });

  test('who is disabled is locked out by no attempt, and gets in at once when enabled', async (t) => {
    const { connect, write, server } = await start(t, [lineOf('alice', 'disabled')], {
      maxLoginFailures: 1,
    });
    assert.equal((await connect('alice')).status, 1);
    assert.equal((await connect('alice')).status, 1);
    write(lineOf('alice', ''));
    await server.reload();
    assert.equal((await connect('alice')).reply, 0);
  });

  test('limits of connections, those of options before them', async (t) => {
    const { connect } = await start(t, [lineOf('one', 'maxconn=1'), lineOf('two', 'maxconn=1')], {
      users: { two: { connections: 2 } },
    });
    assert.equal((await connect('one')).reply, 0);
    assert.equal((await connect('one')).reply, 2);
    assert.equal((await connect('two')).reply, 0);
    assert.equal((await connect('two')).reply, 0);
    assert.equal((await connect('two')).reply, 2);
  });

  test('limits outlive a reload while the connection does', async (t) => {
    const { connect, server } = await start(t, [lineOf('one', 'maxconn=1')]);
    assert.equal((await connect('one')).reply, 0);
    await server.reload();
    assert.equal((await connect('one')).reply, 2);
  });

  test('devices: different addresses at once, however many connections', {
    skip: await unlessHere('127.0.0.2', '127.0.0.3'),
  }, async (t) => {
    const { connect, event } = await start(t, [lineOf('alice', 'devices=2')]);
    assert.equal((await connect('alice', '127.0.0.1')).reply, 0);
    assert.equal((await connect('alice', '127.0.0.1')).reply, 0);
    const second = await connect('alice', '127.0.0.2');
    assert.equal(second.reply, 0);
    assert.equal((await connect('alice', '127.0.0.3')).reply, 2);
    const { detail } = await event('rejected');
    assert.equal(detail, 'user alice is connected from 2 addresses already');
    second.client.socket.destroy();
    await event('closed', ({ client }) => client.host === '127.0.0.2');
    assert.equal((await connect('alice', '127.0.0.3')).reply, 0);
  });

  test('a quota needs a quota file', async (t) => {
    await assert.rejects(start(t, [lineOf('alice', 'quota-day=1G')]), {
      message: /quota-day and quota-month of users in .* need --quota-file FILE/,
    });
  });

  test('check says why a user may not', async (t) => {
    const { server } = await start(t, [lineOf('alice', 'disabled')]);
    const checked = await server.check('alice', 'connect', { host: '127.0.0.1', port: 80 });
    assert.deepEqual([checked.allowed, checked.by], [false, 'the user is disabled']);
  });
});

describe('--cut-off', () => {
  test('connections of users who are removed or disabled end on reload, others go on', async (t) => {
    const users = ['stays', 'removed', 'disabled'];
    const { connect, write, server, event } = await start(
      t,
      users.map((user) => lineOf(user, '')),
      { cutOff: true },
    );
    const { client } = await connect('stays');
    for (const user of users.slice(1)) assert.equal((await connect(user)).reply, 0);
    write(lineOf('stays', ''), lineOf('disabled', 'disabled'));
    await server.reload();
    const awake = awakeClock(t);
    for (const user of users.slice(1)) {
      const { reason } = await event('closed', (closed) => closed.user === user);
      assert.equal(reason, 'cut-off');
    }
    assert.ok(awake() < 1000);
    await assertEcho(client);
  });

  test('who is removed is cut off beside a source that cannot say who its users are, whose users go on', async (t) => {
    const file = passwordFile(t, `${lineOf('alice', '')}\n${lineOf('bob', '')}\n`);
    const auth = [file, 'verifier:'];
    const { port, server, event } = await startServer(t, { auth, cutOff: true }, (registries) =>
      registries.authenticationSources.register({
        id: 'verifier',
        open: async () => ({
          name: 'verifier',
          kinds: new Set(['password'] as const),
          verify: async (user) => (user === 'carol' ? { user, group: undefined } : undefined),
        }),
      }),
    );
    const echo = await echoServer(t);
    const connect = async (user: string) => {
      const { client } = await login(t, port, user, 'secret');
      assert.equal((await connectTo(client, '127.0.0.1', echo)).reply, 0);
      return client;
    };
    const bob = await connect('bob');
    const carol = await connect('carol');
    await connect('alice');
    writeFileSync(file, `${lineOf('bob', '')}\n`);
    await server.reload();
    const { user, reason } = await event('closed');
    assert.deepEqual([user, reason], ['alice', 'cut-off']);
    await assertEcho(bob);
    await assertEcho(carol);
    // Nobody can verify passwords any more.
    await server.reload({ listen: ['127.0.0.1:0'], auth: [file], cutOff: true });
    assert.equal((await event('closed', (closed) => closed.user === 'carol')).reason, 'cut-off');
    await assertEcho(bob);
  });

  test('a connection ends within a second when its user expires', async (t) => {
    const clock = manualClock(t, ['Date', 'setInterval']);
    const expires = Date.now() + 60_000;
    const text = new Date(expires).toISOString().replace('.000', '');
    const { connect, event } = await start(t, [lineOf('alice', `expires=${text}`)], {
      cutOff: true,
    });
    const { client, reply } = await connect('alice');
    assert.equal(reply, 0);
    clock.pass(59_999);
    await assertEcho(client);
    clock.pass(1000);
    assert.equal((await event('closed')).reason, 'cut-off');
  });

  test('without it they go on', async (t) => {
    const { connect, write, server } = await start(t, [lineOf('alice', ''), lineOf('bob', '')]);
    const { client } = await connect('alice');
    write(lineOf('bob', ''));
    await server.reload();
    await assertEcho(client);
    assert.equal((await connect('alice')).status, 1);
  });
});
