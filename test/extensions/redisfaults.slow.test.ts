import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type { ServerOptions } from 'picosocks5';
import { startServer, type TestServer } from 'picosocks5/testing';
import { tlsFolder } from '../support/certificates.js';
import { Command } from '../support/command.js';
import { temporaryDirectory, temporaryFile } from '../support/files.js';
import { run, start } from '../support/programs.js';
import { comesTrue, Line, noRedis, Redis } from '../support/redis.js';
import { letIn, replicas } from '../support/replicas.js';
import { Client, echoServer, freePort, listening } from '../support/sockets.js';
import { connectTo, greeted, login } from '../support/socks.js';
import { passwordFile, plainSecret } from '../support/users.js';

/** Waits until so many servers have told all of the connections that they have of 127.0.0.1. */
function allIsTold(redis: Redis, servers: number, connections: number): Promise<void> {
  return comesTrue('all is told', async () => {
    const members = await redis.command('zcard', '{picosocks5}:members');
    const counted = await redis.command('hget', '{picosocks5}:c:address 127.0.0.1', 't');
    return members === `${servers}` && counted === `${connections}`;
  });
}

/** Has a process's wall clock go so far ahead, ms. */
const clockAhead = (ms: number) => {
  const code = `const now = Date.now, D = Date; globalThis.Date = class extends D {
    constructor(...a) { if (a.length === 0) super(now() + ${ms}); else super(...a); }
    static now() { return now() + ${ms}; } };`;
  return `--import=data:text/javascript,${encodeURIComponent(code)}`;
};

const warnings = ({ events }: TestServer) =>
  events.flatMap((event) =>
    event.type === 'warning' && event.message.includes('shared state') ? [event.message] : [],
  );

const isThere = ({ server }: TestServer) => server.sharedState?.isThere === true;

describe('servers that share a Redis', { skip: noRedis, concurrency: 3 }, () => {
  const settings = { 'redis.lease': 2 };
  const users = (t: TestContext) => passwordFile(t, `alice:staff:${plainSecret('a')}`);
  const alice = { user: 'alice', password: 'a' };
  const quota = (t: TestContext): ServerOptions => ({
    auth: [users(t)],
    users: { alice: { perDay: 1_000_000 } },
    quotaFile: join(temporaryDirectory(t), 'quotas'),
  });

  const move = async (server: TestServer, port: number, size: number) => {
    const { socket } = await server.connect('127.0.0.1', port, alice);
    socket.end(Buffer.alloc(size));
    for await (const _ of socket);
  };
  const used = ({ server }: TestServer) => server.usage()['user alice']?.dayBytes ?? 0;

  /** `picosocks5` as a process of its own. */
  const command = async (t: TestContext, url: string, args: string[], env = {}) => {
    const shared = ['--set', `redis.url=${url}`, '--set', 'redis.lease=1.5'];
    const all = ['--grace', '0', ...shared, ...args, '127.0.0.1:0'];
    const child = new Command(t, all, env);
    return { child, port: await child.port() };
  };
  const isLetIn = async (t: TestContext, proxy: number, port: number) => {
    try {
      return (await connectTo(await greeted(t, proxy), '127.0.0.1', port)).reply === 0;
    } catch {
      return false;
    }
  };

  test('one that is killed gives back what it had, and not before its lease is over', async (t) => {
    const [redis, port] = [await Redis.start(t), await echoServer(t)];
    const [one] = (await replicas(t, 1, redis.url, { settings, maxconnPerAddress: 4 })) as [
      TestServer,
    ];
    const { child, port: two } = await command(t, redis.url, ['--maxconn-per-address', '4']);
    for (let i = 0; i < 3; i++) assert.ok(await isLetIn(t, two, port));
    assert.equal(await letIn(one, port, 3), 1);
    await child.stop('SIGKILL');
    assert.equal(await letIn(one, port, 1), 0);
    await comesTrue('its places are free', async () => (await letIn(one, port, 1)) === 1);
    assert.equal(await letIn(one, port, 5), 2);
    assert.equal(
      await redis
        .command('hgetall', '{picosocks5}:c:address 127.0.0.1')
        .then((text) => text.split('\n').includes('4')),
      true,
    );
  });

  for (const keep of [true, false]) {
    const how = keep ? 'with its data' : 'without its data';
    test(`Redis is killed and started again ${how}: nothing is lost`, async (t) => {
      const [redis, port] = [await Redis.start(t), await echoServer(t)];
      const [one, two] = (await Promise.all(
        [0, 1].map(async () => {
          const options = { settings, maxconnPerAddress: 6, ...quota(t) };
          return (await replicas(t, 1, redis.url, options))[0] as TestServer;
        }),
      )) as [TestServer, TestServer];
      const { socket } = await one.connect('127.0.0.1', port, alice);
      assert.equal(await letIn(two, port, 3, alice), 3);
      await Promise.all([move(one, port, 10_000), move(two, port, 5_000)]);
      await comesTrue('both know', () => used(one) === 30_000 && used(two) === 30_000);
      await redis.kill();
      await comesTrue('both see', () => !isThere(one) && !isThere(two));
      // Each has limits of its own, and counts what is used.
      await Promise.all([move(one, port, 1_000), move(two, port, 2_000)]);
      assert.equal(await letIn(one, port, 2, alice), 2);
      await redis.restart({ keep });
      await comesTrue('both are back', () => isThere(one) && isThere(two));
      await comesTrue('both know', () => used(one) === 36_000 && used(two) === 36_000);
      await allIsTold(redis, 2, 6);
      assert.equal((await letIn(one, port, 2, alice)) + (await letIn(two, port, 2, alice)), 0);
      assert.equal(socket.destroyed, false);
      socket.destroy();
      await comesTrue('there is room again', async () => (await letIn(two, port, 1, alice)) === 1);
      for (const server of [one, two]) {
        const told = warnings(server);
        assert.equal(told.length, 2, told.join('\n'));
        assert.match(told[0] ?? '', /^the shared state "redis" is away: .+; limits are those of/);
        assert.match(told[1] ?? '', /is back after \d+ s$/);
      }
      // One that is started anew goes on from there, whatever its own file says.
      await one.close();
      const [three] = await replicas(t, 1, redis.url, { settings, ...quota(t) });
      assert.equal(used(three as TestServer), 36_000);
    });
  }

  test('a partition: own limits meanwhile, and all of it counts when it is over', async (t) => {
    const [redis, port] = [await Redis.start(t), await echoServer(t)];
    const line = await Line.start(t, redis.port);
    const options = () => ({ settings, maxconnPerAddress: 4, ...quota(t) });
    const [near] = (await replicas(t, 1, redis.url, options())) as [TestServer];
    const [far] = (await replicas(t, 1, line.url, options())) as [TestServer];
    assert.equal(await letIn(near, port, 2, alice), 2);
    assert.equal(await letIn(far, port, 1, alice), 1);
    line.isCut = true;
    await move(far, port, 7_000);
    await comesTrue('it is seen', () => !isThere(far));
    assert.equal(await letIn(far, port, 9, alice), 3);
    // What the other had is given up meanwhile.
    assert.equal(await letIn(near, port, 1, alice), 1);
    await comesTrue('there is room', async () => (await letIn(near, port, 1, alice)) === 1);
    line.isCut = false;
    await comesTrue('it is over', () => isThere(far));
    await comesTrue('usage is known', () => used(near) === 14_000 && used(far) === 14_000);
    assert.equal(await letIn(near, port, 1, alice), 0);
    assert.equal(await letIn(far, port, 1, alice), 0);
    assert.equal(warnings(far).length, 2);
    assert.deepEqual(warnings(near), []);
  });

  test('redis.down = refuse: nobody is let in meanwhile, and is told why in the log', async (t) => {
    const [redis, port] = [await Redis.start(t), await echoServer(t)];
    const line = await Line.start(t, redis.port);
    const [one] = (await replicas(t, 1, line.url, {
      settings: { ...settings, 'redis.down': 'refuse' },
    })) as [TestServer];
    const { socket } = await one.connect('127.0.0.1', port);
    line.isCut = true;
    await comesTrue('it is seen', () => !isThere(one));
    assert.equal(await letIn(one, port, 2), 0);
    const { reason, detail } = await one.event('rejected');
    assert.equal(reason, 'unavailable');
    assert.match(detail ?? '', /shared state "redis" is away/);
    assert.equal(socket.destroyed, false);
    line.isCut = false;
    await comesTrue('it is over', async () => (await letIn(one, port, 1)) === 1);
  });

  test('a slow Redis: a connection waits for one answer at most, and limits hold', async (t) => {
    const [redis, port] = [await Redis.start(t), await echoServer(t)];
    const line = await Line.start(t, redis.port);
    line.delay = 50;
    const options = { settings: { 'redis.timeout': 2 }, maxconnPerAddress: 8 };
    const [one, two] = (await replicas(t, 2, line.url, options)) as [TestServer, TestServer];
    // Each is of another address, so that each asks.
    const times: number[] = [];
    const isSlow = () => times.length < 4 || Math.min(...times) >= 199;
    for (let i = 2; i < 20 && isSlow(); i++) {
      const start = performance.now();
      assert.equal(await letIn(one, port, 1, { from: `127.0.0.${i}` }), 1);
      times.push(performance.now() - start);
    }
    assert.ok(Math.min(...times) > 99 && Math.min(...times) < 199, `${times} ms`);
    const all = Array.from({ length: 24 }, (_, i) => letIn(i % 2 === 0 ? one : two, port, 1));
    const there = (await Promise.all(all)).filter((n) => n === 1).length;
    assert.equal(there, 8);
    assert.deepEqual(warnings(one), []);
  });

  test('clocks an hour apart: lockouts, quotas and leases go by that of Redis', async (t) => {
    const [redis, port] = [await Redis.start(t), await echoServer(t)];
    const file = users(t);
    const [one] = (await replicas(t, 1, redis.url, {
      ...{ settings, auth: [file], maxLoginFailures: 2, lockoutTime: 600, maxconnPerUser: 3 },
    })) as [TestServer];
    const limits = ['--auth', file, '--max-login-failures', '2', '--lockout-time', '600'];
    const { child, port: ahead } = await command(
      t,
      redis.url,
      [...limits, '--maxconn-per-user', '3'],
      { NODE_OPTIONS: clockAhead(3_600_000) },
    );
    for (const word of ['x', 'y']) assert.equal((await login(t, ahead, 'alice', word)).status, 1);
    await comesTrue('it is heard', () => one.server.lockouts().length === 1);
    const [{ left = 0 } = {}] = one.server.lockouts();
    assert.ok(left > 590_000 && left <= 600_000, `${left} ms`);
    assert.equal((await one.connect('127.0.0.1', port, alice)).reply, 'login');
    one.server.liftLockouts({});
    const isIn = async () => {
      const { client, status } = await login(t, ahead, 'alice', 'a');
      return status === 0 && (await connectTo(client, '127.0.0.1', port)).reply === 0;
    };
    await comesTrue('it is lifted there', isIn);
    await comesTrue('there is no room', async () => (await letIn(one, port, 1, alice)) === 0);
    // Its lease is not over sooner, nor later, for its clock.
    await new Promise((resolve) => setTimeout(resolve, 2000));
    assert.equal(await letIn(one, port, 1, alice), 0);
    await child.stop('SIGKILL');
    await comesTrue('there is room', async () => (await letIn(one, port, 1, alice)) === 1, 5000);
  });

  test('a rate is that of all servers, and goes where it can be used', async (t) => {
    const [redis, port] = [await Redis.start(t), await echoServer(t)];
    const options = { settings, auth: [users(t)], users: { alice: { rateUp: 400_000 } } };
    const [one, two] = (await replicas(t, 2, redis.url, options)) as [TestServer, TestServer];
    const flood = async (server: TestServer) => {
      const { socket } = await server.connect('127.0.0.1', port, alice);
      const chunk = Buffer.alloc(16_384);
      const more = () => {
        while (socket.write(chunk));
      };
      socket.on('drain', more).resume();
      more();
      return socket;
    };
    const moved = (server: TestServer) =>
      server.server.connections().reduce((sum, { up }) => sum + up, 0);
    const [first] = [await flood(one), await flood(two)];
    await new Promise((resolve) => setTimeout(resolve, 2500));
    const before = [moved(one), moved(two), performance.now()] as const;
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const time = (performance.now() - before[2]) / 1000;
    const rates = [(moved(one) - before[0]) / time, (moved(two) - before[1]) / time] as const;
    const both = rates[0] + rates[1];
    assert.ok(both < 560_000 && both > 250_000, `${rates}`);
    for (const rate of rates) assert.ok(rate > 80_000, `${rates}`);
    // One that only waits leaves its part to the other.
    first.resetAndDestroy();
    await one.connect('127.0.0.1', port, alice);
    await new Promise((resolve) => setTimeout(resolve, 4000));
    const then = [moved(two), performance.now()] as const;
    await new Promise((resolve) => setTimeout(resolve, 2000));
    const alone = ((moved(two) - then[0]) * 1000) / (performance.now() - then[1]);
    assert.ok(alone > 250_000, `${alone}`);
  });

  test('with workers, each is one of those that share', async (t) => {
    const [redis, port] = [await Redis.start(t), await echoServer(t)];
    const [one] = (await replicas(t, 1, redis.url, { settings, maxconnPerAddress: 5 })) as [
      TestServer,
    ];
    const args = ['--workers', '2', '--maxconn-per-address', '5'];
    const { child, port: two } = await command(t, redis.url, args);
    assert.equal(await letIn(one, port, 2), 2);
    let there = 0;
    for (let i = 0; i < 6; i++) if (await isLetIn(t, two, port)) there++;
    assert.equal(there, 3);
    assert.equal(await letIn(one, port, 1), 0);
    await child.stop();
    await comesTrue('what they had is free', async () => (await letIn(one, port, 1)) === 1);
  });

  test('passwords of the URL are told nobody', async (t) => {
    const redis = await Redis.start(t, ['--requirepass', 'geheim']);
    const right = await command(t, `redis://:geheim@127.0.0.1:${redis.port}`, ['-v', 'debug']);
    const wrong = await command(t, `redis://:falsch@127.0.0.1:${redis.port}`, ['-v', 'debug']);
    await wrong.child.line(/shared state "redis" is away: WRONGPASS/);
    for (const { child } of [right, wrong]) {
      await Client.connect(t, await child.port());
      await child.stop();
      assert.doesNotMatch(child.lines.join('\n') + child.stdout, /geheim|falsch/);
    }
    assert.doesNotMatch(right.child.lines.join('\n'), /away/);
  });

  test('over TLS, with a certificate of its own', async (t) => {
    const port = await echoServer(t);
    const { folder, options } = tlsFolder(t);
    const { tlsCert, tlsKey } = options;
    const tlsPort = await freePort(t);
    const redis = await Redis.start(t, [
      ...['--tls-port', `${tlsPort}`, '--tls-cert-file', tlsCert, '--tls-key-file', tlsKey],
      ...['--tls-ca-cert-file', join(folder, 'ca.pem')],
    ]);
    const url = `rediss://127.0.0.1:${tlsPort}`;
    const trusted = {
      ...{ 'redis.ca': join(folder, 'ca.pem'), 'redis.cert': tlsCert, 'redis.key': tlsKey },
    };
    const [one] = (await replicas(t, 1, url, {
      ...{ settings: { ...settings, ...trusted }, maxconnPerAddress: 2 },
    })) as [TestServer];
    const [two] = (await replicas(t, 1, redis.url, { settings, maxconnPerAddress: 2 })) as [
      TestServer,
    ];
    assert.equal((await letIn(one, port, 1)) + (await letIn(two, port, 2)), 2);
    const stranger = await startServer({ settings: { 'redis.url': url } });
    t.after(() => stranger.close());
    assert.match(stranger.server.sharedState?.trouble ?? '', /certificate|signed/);
  });

  test('a cluster', async (t) => {
    const port = await echoServer(t);
    const redis = await Redis.start(t, [
      ...['--cluster-enabled', 'yes', '--cluster-port', `${await freePort(t)}`],
    ]);
    assert.equal(await redis.command('cluster', 'addslotsrange', '0', '16383'), 'OK');
    await comesTrue('it is one', async () =>
      (await redis.command('cluster', 'info')).includes('cluster_state:ok'),
    );
    const options = { settings: { ...settings, 'redis.cluster': true }, maxconnPerAddress: 3 };
    const [one, two] = (await replicas(t, 2, redis.url, options)) as [TestServer, TestServer];
    assert.equal(await letIn(one, port, 2), 2);
    assert.equal(await letIn(two, port, 2), 1);
    await redis.kill();
    await comesTrue('both see', () => !isThere(one) && !isThere(two));
    await redis.restart({ keep: true });
    await comesTrue('both are back', () => isThere(one) && isThere(two));
    await allIsTold(redis, 2, 3);
    assert.equal(await letIn(two, port, 1), 0);
  });

  test('what Sentinel looks after: when it fails over, limits hold', async (t) => {
    const port = await echoServer(t);
    const main = await Redis.start(t);
    const spare = await Redis.start(t, ['--replicaof', '127.0.0.1', `${main.port}`]);
    const file = temporaryFile(
      t,
      `sentinel monitor mymaster 127.0.0.1 ${main.port} 1
sentinel down-after-milliseconds mymaster 500
sentinel failover-timeout mymaster 2000
`,
    );
    await comesTrue('it is copied', async () =>
      (await spare.command('info', 'replication')).includes('master_link_status:up'),
    );
    const sentinel = await freePort(t);
    start(t, 'redis-server', [file, '--sentinel', '--port', `${sentinel}`, '--bind', '127.0.0.1']);
    await listening(sentinel);
    const options = {
      settings: { 'redis.lease': 1.5, 'redis.sentinel': 'mymaster' },
      maxconnPerAddress: 3,
    };
    const url = `redis://127.0.0.1:${sentinel}`;
    const [one, two] = (await replicas(t, 2, url, options)) as [TestServer, TestServer];
    assert.equal(await letIn(one, port, 2), 2);
    assert.equal(await letIn(two, port, 2), 1);
    const asked = await run(t, 'redis-cli', [
      '-p',
      `${sentinel}`,
      'sentinel',
      'replicas',
      'mymaster',
    ]);
    assert.match(asked.stdout, new RegExp(`${spare.port}`));
    await main.kill();
    await comesTrue('both see', () => !isThere(one) && !isThere(two));
    await comesTrue('both are with the other', () => isThere(one) && isThere(two), 20_000);
    await allIsTold(spare, 2, 3);
    assert.equal(await letIn(two, port, 1), 0);
    assert.equal(await letIn(one, port, 1, { from: '127.0.0.2' }), 1);
  });
});
