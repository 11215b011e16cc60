import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type TestServer, testState } from 'picosocks5/testing';
import { temporaryDirectory } from '../support/files.js';
import { comesTrue, noRedis, Redis } from '../support/redis.js';
import { letIn, replicas } from '../support/replicas.js';
import { echoServer } from '../support/sockets.js';
import { passwordFile, plainSecret } from '../support/users.js';

describe('the extension redis', { skip: noRedis, concurrency: true }, () => {
  let prefixes = 0;
  const own = () => ({ 'redis.prefix': `test${++prefixes}` });

  test('all', async (t) => {
    const redis = await Redis.start(t);
    const port = await echoServer(t);
    const users = passwordFile(
      t,
      `alice:staff:${plainSecret('a')}`,
      `bob:staff:${plainSecret('b')}`,
    );

    await t.test('it is a shared state as one should be', (suite) =>
      testState(suite, {
        server: { settings: { ...own(), 'redis.url': redis.url } },
        broken: { settings: { 'redis.url': 'redis://:geheim@127.0.0.1:1' } },
        secrets: ['geheim'],
      }),
    );

    await t.test('connections of all servers are counted together', async (t) => {
      const settings = own();
      const [one, two, three] = (await replicas(t, 3, redis.url, {
        settings,
        maxconnPerAddress: 5,
      })) as [TestServer, TestServer, TestServer];
      assert.equal(await letIn(one, port, 2), 2);
      assert.equal(await letIn(two, port, 2), 2);
      assert.equal(await letIn(three, port, 2), 1);
      assert.equal(await letIn(one, port, 1), 0);
      assert.equal(await letIn(one, port, 1, { from: '127.0.0.2' }), 1);
      await two.close();
      await comesTrue('what it had is free', async () => (await letIn(three, port, 1)) === 1);
      assert.equal(await letIn(one, port, 1), 1);
      assert.equal(await letIn(one, port, 1), 0);
    });

    await t.test('so are those of a user, of all, and the devices of a user', async (t) => {
      const [one, two] = (await replicas(t, 2, redis.url, {
        settings: own(),
        auth: [users],
        maxconn: 6,
        users: { alice: { connections: 3, devices: 2 }, bob: {} },
      })) as [TestServer, TestServer];
      const alice = { user: 'alice', password: 'a' };
      assert.equal(await letIn(one, port, 2, alice), 2);
      assert.equal(await letIn(two, port, 2, alice), 1);
      const bob = { user: 'bob', password: 'b' };
      assert.equal(await letIn(two, port, 9, bob), 3);
      const [three, four] = (await replicas(t, 2, redis.url, {
        settings: own(),
        auth: [users],
        users: { alice: { devices: 2 } },
      })) as [TestServer, TestServer];
      assert.equal(await letIn(three, port, 2, { ...alice, from: '127.0.0.2' }), 2);
      assert.equal(await letIn(four, port, 2, { ...alice, from: '127.0.0.2' }), 2);
      assert.equal(await letIn(four, port, 1, { ...alice, from: '127.0.0.3' }), 1);
      assert.equal(await letIn(three, port, 1, { ...alice, from: '127.0.0.4' }), 0);
    });

    await t.test('failed logins count everywhere, the same one once, and are lifted', async (t) => {
      const [one, two] = (await replicas(t, 2, redis.url, {
        settings: own(),
        auth: [users],
        maxLoginFailures: 3,
        lockoutTime: 60,
      })) as [TestServer, TestServer];
      const tried = (server: TestServer, password: string) =>
        server.connect('127.0.0.1', port, { user: 'alice', password });
      for (const server of [one, two, one, two]) {
        assert.equal((await tried(server, 'old')).reply, 'login');
      }
      assert.equal((await tried(one, 'a')).reply, 0);
      assert.equal((await tried(one, 'x')).reply, 'login');
      assert.equal((await tried(two, 'y')).reply, 'login');
      await comesTrue('both lock out', () =>
        [one, two].every(({ server }) => server.lockouts().length === 1),
      );
      const [three] = (await replicas(t, 1, redis.url, {
        settings: { 'redis.prefix': `test${prefixes}` },
        auth: [users],
        maxLoginFailures: 3,
        lockoutTime: 60,
      })) as [TestServer];
      const [late] = three.server.lockouts();
      assert.equal(late?.user, 'alice');
      assert.ok((late?.left ?? 0) < 60_000);
      assert.equal((await tried(three, 'a')).reply, 'login');
      assert.equal(three.server.liftLockouts({ user: 'alice' }), 1);
      await comesTrue('the lockout is lifted everywhere', () =>
        [one, two, three].every(({ server }) => server.lockouts().length === 0),
      );
      assert.equal((await tried(two, 'a')).reply, 0);
    });

    await t.test('what a user has used counts everywhere, and is kept', async (t) => {
      const settings = own();
      const options = () => ({
        ...{ settings, auth: [users], users: { alice: { perDay: 100_000 } } },
        quotaFile: join(temporaryDirectory(t), 'quotas'),
      });
      const [one] = (await replicas(t, 1, redis.url, options())) as [TestServer];
      const [two] = (await replicas(t, 1, redis.url, options())) as [TestServer];
      const alice = { user: 'alice', password: 'a' };
      const move = async (server: TestServer, size: number) => {
        const { socket } = await server.connect('127.0.0.1', port, alice);
        socket.end(Buffer.alloc(size));
        for await (const _ of socket);
      };
      const used = ({ server }: TestServer) => server.usage()['user alice']?.dayBytes ?? 0;
      await Promise.all([move(one, 10_000), move(two, 20_000)]);
      await comesTrue('both know', () => used(one) === 60_000 && used(two) === 60_000);
      await one.close();
      const [three] = (await replicas(t, 1, redis.url, options())) as [TestServer];
      assert.equal(used(three), 60_000);
      await move(three, 20_000);
      await comesTrue('both know', () => used(two) === 100_000);
      assert.equal((await two.connect('127.0.0.1', port, alice)).reply, 2);
    });

    await t.test('servers with another prefix share nothing', async (t) => {
      const options = { maxconnPerAddress: 1 };
      const [one] = (await replicas(t, 1, redis.url, { settings: own(), ...options })) as [
        TestServer,
      ];
      const [two] = (await replicas(t, 1, redis.url, { settings: own(), ...options })) as [
        TestServer,
      ];
      assert.equal(await letIn(one, port, 2), 1);
      assert.equal(await letIn(two, port, 2), 1);
    });
  });
});
