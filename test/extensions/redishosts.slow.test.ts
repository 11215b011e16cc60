import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { Command } from '../support/command.js';
import { askControl } from '../support/control.js';
import { temporaryDirectory } from '../support/files.js';
import { type Host, Network, unlessNetwork } from '../support/network.js';
import { start } from '../support/programs.js';
import { comesTrue, noRedis } from '../support/redis.js';
import { passwordFile, plainSecret } from '../support/users.js';

const LIMIT = 4;

test('hosts with addresses of their own share limits and lockouts, also after a partition', {
  skip: noRedis ?? unlessNetwork(),
}, async (t) => {
  const network = await Network.open(t, 4);
  const [store, one, two, home] = network.hosts as [Host, Host, Host, Host];
  const redis = ['redis-server', '--bind', store.address, '--protected-mode', 'no', '--save', ''];
  const [program, ...args] = [...store.launcher, ...redis, '--dir', temporaryDirectory(t)];
  start(t, program as string, args);
  const cli = (...words: string[]) => home.run('redis-cli', '-h', store.address, ...words);
  await comesTrue('Redis answers', async () => (await cli('ping')).stdout.includes('PONG'));

  const folder = temporaryDirectory(t);
  const users = passwordFile(t, `alice::${plainSecret('a')}`, `bob::${plainSecret('b')}`);
  const control = (host: Host) => join(folder, host.address);
  for (const host of [one, two]) {
    const options = [
      ...['-a', users, '--maxconn-per-user', `${LIMIT}`, '--grace', '0'],
      ...['--max-login-failures', '3', '--lockout-time', '60'],
      ...['--set', `redis.url=redis://${store.address}`, '--set', 'redis.lease=2'],
      ...['--control', `unix:${control(host)}`, `${host.address}:1080`],
    ];
    await new Command(t, options, {}, undefined, host.launcher).line(/listening/);
  }
  const ask = async (host: Host, path: string) =>
    (await askControl('GET', path, { socketPath: control(host) })).body;
  const isShared = async (host: Host) =>
    ((await ask(host, '/v1/status')) as { sharedState?: { state: string } }).sharedState?.state ===
    'there';
  const areShared = async () => (await isShared(one)) && (await isShared(two));
  await comesTrue('both share', areShared);

  const visitor = await home.visitor();
  const letIn = async (...hosts: Host[]) => {
    let count = 0;
    for (const host of hosts) if (await visitor.visits(host, 'alice', 'a')) count++;
    return count;
  };
  assert.equal(await letIn(one, one, two, two, one, two), LIMIT);

  await network.link(two, 'down');
  await comesTrue('the other one knows', async () => !(await isShared(two)));
  await visitor.leaves();
  let held = 0;
  await comesTrue('what the one had that is away is free', async () => {
    held += await letIn(one);
    return held === LIMIT;
  });
  assert.equal(await letIn(one), 0);

  await network.link(two, 'up');
  await comesTrue('both share again', areShared);
  assert.equal(await letIn(two, two), 0);
  await visitor.leaves();
  await comesTrue('all places are free', async () => {
    if ((await letIn(two, one, two, one)) === LIMIT) return true;
    await visitor.leaves();
    return false;
  });
  assert.equal(await letIn(one, two), 0);
  await visitor.leaves();

  // One more wrong password at either is one too many at both.
  assert.equal(await visitor.visits(one, 'bob', 'x'), false);
  assert.equal(await visitor.visits(two, 'bob', 'y'), false);
  assert.equal(await visitor.visits(one, 'bob', 'z'), false);
  await comesTrue('both have locked bob out', async () =>
    (await Promise.all([one, two].map((host) => ask(host, '/v1/lockouts')))).every((body) =>
      JSON.stringify(body).includes(home.address),
    ),
  );
  for (const host of [one, two]) assert.equal(await visitor.visits(host, 'bob', 'b'), false);
  assert.equal(await letIn(one, two), 2);
});
