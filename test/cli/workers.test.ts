import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type { Settings } from '#core/config/settings.js';
import { Workers } from '#core/process/workers.js';
import { unlessHere } from '../support/addresses.js';
import { Command, PICOSOCKS5 } from '../support/command.js';
import { contributing, extension } from '../support/extensions.js';
import { temporaryDirectory, temporaryFile } from '../support/files.js';
import { Client, echoServer, freePort } from '../support/sockets.js';
import { address, assertEcho, connected, connectTo, greeted, login } from '../support/socks.js';
import { passwordFile, plainSecret } from '../support/users.js';

const noSignals = process.platform === 'win32' ? 'no signals on Windows' : undefined;
const linux = process.platform === 'linux' ? undefined : 'needs /proc';

interface Started {
  readonly workers: Workers;
  readonly port: number;
  readonly warnings: string[];
}

async function started(t: TestContext, settings: Settings = {}, count = 2): Promise<Started> {
  const warnings: string[] = [];
  const port = await freePort(t);
  const all = { loglevel: 'none', ...settings, listen: [`127.0.0.1:${port}`] } as const;
  const workers = new Workers(all, count, (message) => warnings.push(message), {
    program: PICOSOCKS5,
  });
  await workers.start();
  t.after(() => workers.stop(0));
  return { workers, port, warnings };
}

/** The number of the worker that has a connection. */
const workerOf = (id: number, count = 2) => ((id - 1) % count) + 1;

/** Connections until each worker has one. @returns the connections, and the workers' process ids. */
async function onAllWorkers(t: TestContext, { workers, port }: Started, echo: number) {
  const clients: Client[] = [];
  for (let i = 0; i < 200; i++) {
    clients.push(await connected(t, port, echo));
    const numbers = new Set((await workers.connections()).map(({ id }) => workerOf(id)));
    if (numbers.size === 2) return clients;
  }
  throw new Error('one of the workers gets no connection');
}

describe('workers', { concurrency: false }, () => {
  test('all serve; their connections are one table', async (t) => {
    const running = await started(t);
    const { workers, port } = running;
    assert.deepEqual(workers.addresses, [{ host: '127.0.0.1', port }]);
    const echo = await echoServer(t);
    const clients = await onAllWorkers(t, running, echo);
    for (const client of clients) await assertEcho(client);
    const table = await workers.connections();
    assert.equal(table.length, clients.length);
    assert.equal(new Set(table.map(({ id }) => id)).size, clients.length);
    const [first] = table;
    assert.deepEqual(first?.destination, { host: '127.0.0.1', port: echo });
    assert.equal(await workers.disconnect(first?.id ?? 0), true);
    assert.equal(await workers.disconnect(999_999), false);
    assert.equal((await workers.connections()).length, clients.length - 1);
  });

  test('limits hold over all of them', async (t) => {
    const { port } = await started(t, { maxconnPerAddress: 10 });
    const echo = await echoServer(t);
    const attempts = await Promise.allSettled(
      Array.from({ length: 40 }, () => connected(t, port, echo)),
    );
    const clients = attempts.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    assert.equal(clients.length, 10);
    for (const client of clients) await assertEcho(client);
    await assert.rejects(connected(t, port, echo));
    clients[0]?.socket.destroy();
    for (;;) {
      const client = await connected(t, port, echo).catch(() => undefined);
      if (client !== undefined) return assertEcho(client);
    }
  });

  test('what one of them has left over is not kept from the others', async (t) => {
    const { workers, port } = await started(t, { maxconnPerAddress: 12 });
    const echo = await echoServer(t);
    for (let round = 0; round < 20; round++) {
      const clients = await Promise.all(Array.from({ length: 12 }, () => connected(t, port, echo)));
      for (const { socket } of clients) socket.end();
      // Those that have just gone were of any of them.
      while ((await workers.connections()).length > 0);
    }
  });

  test('a limit that comes with a reload counts what there is already', async (t) => {
    const running = await started(t, { maxconnPerAddress: 0 });
    const { workers, port } = running;
    const echo = await echoServer(t);
    const clients = await onAllWorkers(t, running, echo);
    const listen = [`127.0.0.1:${port}`];
    const maxconnPerAddress = clients.length;
    await workers.reload({ listen, loglevel: 'none', maxconnPerAddress });
    for (let i = 0; i < 8; i++) await assert.rejects(connected(t, port, echo));
    clients.pop()?.socket.destroy();
    while ((await workers.connections()).length === maxconnPerAddress);
    await assertEcho(await connected(t, port, echo));
  });

  test('slow: a rate is shared by all of them', async (t) => {
    const users = passwordFile(t, `alice::${plainSecret('secret')}`);
    const rateDown = 200_000;
    const running = await started(t, { auth: [users], users: { alice: { rateDown } } });
    const { workers, port } = running;
    const echo = await echoServer(t);
    const clients: Client[] = [];
    const numbers = new Set<number>();
    while (numbers.size < 2) {
      const { client } = await login(t, port, 'alice', 'secret');
      assert.equal((await connectTo(client, '127.0.0.1', echo)).reply, 0);
      clients.push(client);
      for (const { id } of await workers.connections()) numbers.add(workerOf(id));
    }
    const begun = performance.now();
    const size = Math.ceil((4 * rateDown) / clients.length);
    await Promise.all(
      clients.map(async (client) => {
        client.send(Buffer.alloc(size));
        await client.read(size);
      }),
    );
    const took = performance.now() - begun;
    // A second's worth of each may be saved up.
    assert.ok(took > 1800 && took < 10_000, `4 seconds' worth took ${took} ms`);
  });

  test('clients that say nothing do not fill any of them', async (t) => {
    const { workers, port } = await started(t, { maxconn: 12, maxStartups: 1000 });
    let gone = 0;
    const leave = () => {
      gone++;
    };
    for (let i = 0; i < 40; i++) {
      // One may be turned away as soon as it connects.
      Client.connect(t, port).then((client) => void client.readAll().then(leave), leave);
    }
    // Each worker keeps its half of 6 at most; nobody is on the way in any more.
    let kept = Number.POSITIVE_INFINITY;
    while (kept + gone !== 40) kept = (await workers.connections()).length;
    assert.ok(kept <= 6, `${kept} are kept`);
    await assertEcho(await connected(t, port, await echoServer(t)));
  });

  test("a user's connections are counted over all of them", async (t) => {
    const users = passwordFile(t, `alice::${plainSecret('secret')}`);
    const { port } = await started(t, { auth: [users], users: { alice: { connections: 3 } } });
    const echo = await echoServer(t);
    const replies: number[] = [];
    for (let i = 0; i < 8; i++) {
      const { client, status } = await login(t, port, 'alice', 'secret');
      assert.equal(status, 0);
      replies.push((await connectTo(client, '127.0.0.1', echo)).reply);
    }
    assert.deepEqual(replies, [0, 0, 0, 2, 2, 2, 2, 2]);
  });

  test('wrong passwords are counted over all of them', async (t) => {
    const users = passwordFile(t, `alice::${plainSecret('secret')}`);
    const { port } = await started(t, { auth: [users], maxLoginFailures: 2 });
    for (let i = 0; i < 2; i++) assert.equal((await login(t, port, 'alice', `${i}`)).status, 1);
    for (let i = 0; i < 2; i++) assert.equal((await login(t, port, 'alice', 'secret')).status, 1);
  });

  test('quotas are used up over all of them, and kept', async (t) => {
    const users = passwordFile(t, `alice::${plainSecret('secret')}`);
    const quotaFile = join(temporaryDirectory(t), 'quota.json');
    const settings = { auth: [users], quotaFile, users: { alice: { perDay: 1_000_000 } } };
    const { port } = await started(t, settings);
    const echo = await echoServer(t);
    const use = async () => {
      const { client } = await login(t, port, 'alice', 'secret');
      const { reply } = await connectTo(client, '127.0.0.1', echo);
      if (reply === 0) await assertEcho(client, 'x'.repeat(100_000));
      client.socket.destroy();
      return reply;
    };
    for (let i = 0; i < 4; i++) assert.equal(await use(), 0);
    const deadline = performance.now() + 10_000;
    // Both know it in the end: what one of them let through would be 0.
    let refused = 0;
    while (refused < 8 && performance.now() < deadline) {
      // The one that uses up the rest may be cut before its client has all of it.
      refused = (await use().catch(() => 0)) === 0 ? 0 : refused + 1;
    }
    assert.equal(refused, 8);
  });

  test('one that dies is replaced, and only its own connections are lost', async (t) => {
    const running = await started(t, { maxconnPerAddress: 300 });
    const { workers, port, warnings } = running;
    const echo = await echoServer(t);
    const clients = await onAllWorkers(t, running, echo);
    const table = await workers.connections();
    const byPort = new Map(table.map(({ id, client }) => [client.port, workerOf(id)]));
    const [victim = 0] = workers.processes;
    process.kill(victim, 'SIGKILL');
    const ofVictim = new Set<number | undefined>();
    for (const client of clients) {
      const number = byPort.get(client.socket.localPort ?? 0);
      const lives = await assertEcho(client).then(
        () => true,
        () => false,
      );
      if (!lives) ofVictim.add(number);
    }
    assert.equal(ofVictim.size, 1);
    while (workers.processes.includes(victim) || workers.workers < 2) {
      await new Promise(setImmediate);
    }
    assert.match(
      warnings[0] ?? '',
      /^worker \d has ended \((SIGKILL|1)\); another one takes its place$/,
    );
    for (const client of clients) client.socket.destroy();
    await onAllWorkers(t, running, echo);
    // What the dead one had counted is given back: nobody is turned away.
    for (let i = 0; i < 50; i++) await assertEcho(await connected(t, port, echo));
  });

  test('a mistake in the settings stops the start, or leaves all as they were', async (t) => {
    const { workers, port } = await started(t);
    const echo = await echoServer(t);
    const options = { listen: [`127.0.0.1:${port}`], auth: ['/nowhere'] };
    const twin = new Workers(options, 2, () => {}, { program: PICOSOCKS5 });
    await assert.rejects(twin.start(), { name: 'UserError', message: /"\/nowhere"/ });
    await assert.rejects(workers.reload({ auth: ['/nowhere'] }), /"\/nowhere"/);
    await assertEcho(await connected(t, port, echo));

    const rules = { request: [`!connect:127.0.0.1:${echo}`, 'all'] };
    await workers.reload({ listen: [`127.0.0.1:${port}`], loglevel: 'none', ...rules });
    for (let i = 0; i < 8; i++) {
      const client = await greeted(t, port);
      client.send(5, 1, 0, address('127.0.0.1', echo));
      assert.equal((await client.read(2))[1], 2);
    }
  });
});

test('picosocks5 --workers: reload and stop reach all', {
  skip: noSignals,
}, async (t) => {
  const echo = await echoServer(t);
  const port = await freePort(t);
  const file = temporaryFile(t, '', 'picosocks5.ini');
  const command = new Command(t, [
    ...['--workers', '2', '--grace', '0', '-c', file],
    `127.0.0.1:${port}`,
  ]);
  await command.line(/listening address=127\.0\.0\.1/);
  await assertEcho(await connected(t, port, echo));

  writeFileSync(file, 'nonsense = 1\n');
  command.child.kill('SIGHUP');
  await command.line(/nothing was reloaded: .*unknown parameter "nonsense"/);
  writeFileSync(file, `request = !connect:127.0.0.1:${echo}, all\n`);
  command.child.kill('SIGHUP');
  await command.line(/reloaded$/);
  for (let i = 0; i < 8; i++) await assert.rejects(connected(t, port, echo));
  assert.equal(await command.stop(), 0);
  await assert.rejects(connected(t, port, echo));
});

test('picosocks5 --workers: it is told that it is reloaded when all of them are', {
  skip: noSignals,
}, async (t) => {
  const folder = extension(
    t,
    contributing({ accessPolicies: ['late'] }),
    `export async function activate({ registries, workers }) {
       if (workers.number === 2) await new Promise((resolve) => setTimeout(resolve, 500));
       registries.accessPolicies.register({ id: 'late', onRequest: () => ({ by: 'late' }) });
     }`,
  );
  const [echo, port, other] = [await echoServer(t), await freePort(t), await freePort(t)];
  const listen = `listen = 127.0.0.1:${port}\n`;
  const file = temporaryFile(t, listen, 'picosocks5.ini');
  const command = new Command(t, ['--workers', '2', '--grace', '0', '-c', file]);
  await command.line(/listening address=/);
  await assertEcho(await connected(t, port, echo));
  writeFileSync(file, `extension = ${folder}\n${listen}listen = 127.0.0.1:${other}\n`);
  command.child.kill('SIGHUP');
  await command.line(new RegExp(`listening address=127\\.0\\.0\\.1:${other}`));
  await command.line(/reloaded$/);
  const all = Array.from({ length: 20 }, async () =>
    connectTo(await greeted(t, port), '127.0.0.1', echo),
  );
  for (const { reply } of await Promise.all(all)) assert.equal(reply, 2);
  // Of a reload that one of them cannot do nothing is told but that.
  command.lines.length = 0;
  writeFileSync(
    join(folder, 'extension.js'),
    'export function activate({ workers }) { if (workers.number === 2) throw new Error("no"); }',
  );
  command.child.kill('SIGHUP');
  await command.line(/err +nothing was reloaded: /);
  assert.equal(await command.stop(), 0);
  assert.ok(!command.lines.some((line) => /reloaded$/.test(line)), command.lines.join('\n'));
});

test('picosocks5 --workers: when none can be started any more it ends with an error', {
  skip: linux,
}, async (t) => {
  const program = temporaryFile(t, `require(${JSON.stringify(PICOSOCKS5)});`, 'program.cjs');
  const port = await freePort(t);
  const command = new Command(t, ['--workers', '2', `127.0.0.1:${port}`], {}, program);
  await command.line(/listening address=/);
  await connected(t, port, await echoServer(t));
  const closed = once(command.child, 'close');
  writeFileSync(program, 'process.exit(3);');
  for (const worker of command.children()) process.kill(worker, 'SIGKILL');
  await command.line(/worker \d has ended \(3\); another one takes its place/);
  await command.line(/^picosocks5: no worker can be started any more: /);
  assert.deepEqual(await closed, [1, null]);
});

test('picosocks5 --workers: one that is told to end alone is replaced, all end with the first', {
  skip: linux,
}, async (t) => {
  const port = await freePort(t);
  const command = new Command(t, ['--workers', '2', `127.0.0.1:${port}`]);
  await command.line(/listening address=/);
  const [worker = 0] = command.children();
  process.kill(worker, 'SIGTERM');
  await command.line(/worker \d has ended \(0\); another one takes its place/);
  await assertEcho(await connected(t, port, await echoServer(t)));
  const closed = once(command.child, 'close');
  command.child.kill('SIGKILL');
  // Their ends of its pipes are closed as well.
  await closed;
  const again = new Command(t, ['--workers', '2', `127.0.0.1:${port}`]);
  await again.line(/listening address=/);
  assert.equal(await again.stop(), 0);
});

test('picosocks5 --workers: from an address to all, and back', {
  skip: noSignals ?? (await unlessHere('127.0.0.2')),
}, async (t) => {
  const port = await freePort(t);
  const file = temporaryFile(t, `listen = 127.0.0.1:${port}\n`, 'picosocks5.ini');
  const command = new Command(t, ['--workers', '2', '--grace', '0', '-A', '-c', file]);
  await command.line(/listening address=127/);
  const echo = await echoServer(t);
  for (const [address, said] of [
    [`0.0.0.0:${port}`, /listening address=0\.0\.0\.0/],
    [`127.0.0.2:${port}`, /listening address=127\.0\.0\.2/],
  ] as const) {
    writeFileSync(file, `listen = ${address}\n`);
    command.child.kill('SIGHUP');
    await command.line(said);
    const client = await Client.connect(t, port, '127.0.0.2');
    client.send(5, 1, 0);
    await client.read(2);
    assert.equal((await connectTo(client, '127.0.0.1', echo)).reply, 0);
  }
  // What is left is left by all.
  await assert.rejects(Client.connect(t, port, '127.0.0.1'));
  assert.equal(await command.stop(), 0);
});

test('picosocks5 --workers: what is no number is refused', async (t) => {
  const command = new Command(t, ['--workers', 'many']);
  await command.line(/--workers: expected a whole number from 1 to 256, or auto, not "many"/);
});
