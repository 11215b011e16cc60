import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { unlessHere } from '../support/addresses.js';
import { startControlled } from '../support/control.js';
import { temporaryFile } from '../support/files.js';
import { webServer } from '../support/http.js';
import { run, unless } from '../support/programs.js';
import { comesTrue, Redis } from '../support/redis.js';
import { Client, echoServer, freePort, listening } from '../support/sockets.js';
import { assertEcho, connectTo } from '../support/socks.js';

const skip = unless('haproxy', 'curl', 'redis-server') ?? (await unlessHere('127.0.0.9'));

/** Clients that use curl, each again and again. */
const CURLS = 3;
/** Connections of an address at once. */
const LIMIT = 8;

test('three replicas behind HAProxy: one is killed, one is upgraded', { skip }, async (t) => {
  const redis = await Redis.start(t);
  const echo = await echoServer(t);
  const { url } = await webServer(t, { '/': 'x'.repeat(100_000) });
  const args = [
    ...['-A', '--proxy-protocol', '127.0.0.1', '--maxconn-per-address', `${LIMIT}`],
    ...['--set', `redis.url=${redis.url}`, '--set', 'redis.lease=2', '--grace', '30'],
  ];
  const [one, two, three] = await Promise.all([0, 1, 2].map(() => startControlled(t, args)));
  if (one === undefined || two === undefined || three === undefined) throw new Error('too few');
  const front = await freePort(t);
  const servers = [one, two, three].map(
    ({ port }, i) =>
      `server s${i} 127.0.0.1:${port} send-proxy-v2 check inter 1s fall 1 rise 1 ` +
      'observe layer4 error-limit 1 on-error mark-down',
  );
  const config = temporaryFile(
    t,
    [
      ...['defaults', '  mode tcp', '  timeout connect 2s', '  timeout client 60s'],
      ...['  timeout server 60s', '  retries 3', '  option redispatch 1'],
      ...['frontend in', `  bind 127.0.0.1:${front}`, '  default_backend out'],
      ...['backend out', '  balance leastconn', ...servers.map((line) => `  ${line}`), ''],
    ].join('\n'),
  );
  const haproxy = spawn('haproxy', ['-db', '-f', config], { stdio: 'ignore' });
  t.after(() => haproxy.kill('SIGKILL'));
  await listening(front);
  const { stdout: status } = await three.picosocks5('status');
  assert.match(status, /^\s*Shared state:? +redis, there for /m);

  let isOver = false;
  const troubles: { readonly at: number; readonly text: string }[] = [];
  let fetched = 0;
  const curl = async () => {
    const words = ['-sS', '--noproxy', '', '-m', '20', '-o', '/dev/null', '-w', '%{size_download}'];
    while (!isOver) {
      const proxy = ['-x', `socks5h://127.0.0.1:${front}`, url];
      const { stdout, stderr } = await run(t, 'curl', [...words, ...proxy]);
      if (stdout === '100000') fetched++;
      else troubles.push({ at: performance.now(), text: `${stdout} ${stderr}` });
    }
  };
  t.after(() => {
    isOver = true;
  });
  const curls = Array.from({ length: CURLS }, curl);

  const held: Client[] = [];
  const hold = async () => {
    const client = await Client.connect(t, front, '127.0.0.1', '127.0.0.9');
    try {
      client.send(5, 1, 0);
      await client.read(2);
      if ((await connectTo(client, '127.0.0.1', echo)).reply !== 0) return false;
    } catch {
      return false;
    }
    held.push(client);
    return true;
  };
  const fill = async () => {
    for (let refused = 0; refused < 3; ) if (!(await hold())) refused++;
  };
  await fill();
  assert.equal(held.length, LIMIT);

  // One is killed: what went through it is cut, and counts no more when its lease is over.
  const there = async () => {
    const alive = held.splice(0).map(async (client) => {
      const isAlive = await assertEcho(client).then(
        () => true,
        () => false,
      );
      if (isAlive) held.push(client);
      else client.socket.destroy();
    });
    await Promise.all(alive);
    return held.length;
  };
  const killed = performance.now();
  one.command.child.kill('SIGKILL');
  await once(one.command.child, 'close');
  await comesTrue('its connections are cut', async () => (await there()) < LIMIT);
  const left = held.length;
  assert.ok(left > 0);
  await comesTrue('there is room', hold);
  await fill();
  assert.equal(await there(), LIMIT);

  // One is upgraded: nobody is refused, what it has goes on and counts.
  const upgraded = performance.now();
  const before = fetched;
  const { status: exit, stdout, stderr } = await two.picosocks5('reload', '--binary');
  assert.equal(exit, 0, stderr);
  const pid = Number(/^process (\d+) serves from now on\n$/.exec(stdout)?.[1]);
  t.after(() => existsSync(`/proc/${pid}`) && process.kill(pid, 'SIGKILL'));
  await comesTrue('curl goes on', () => fetched > before + 10 * CURLS, 30_000);
  assert.equal(await there(), LIMIT);
  assert.equal(await hold(), false);

  isOver = true;
  await Promise.all(curls);
  const late = troubles.filter(({ at }) => at > upgraded);
  assert.deepEqual(late, []);
  // No more than what went through the one that was killed.
  assert.ok(troubles.length <= CURLS, JSON.stringify(troubles));
  for (const { at } of troubles) assert.ok(at > killed);
  t.diagnostic(
    `${fetched} fetched by curl, ${troubles.length} cut with the one that was killed, as were ` +
      `${LIMIT - left} of ${LIMIT} connections that were held`,
  );
});
