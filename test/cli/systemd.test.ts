import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Command } from '../support/command.js';
import { temporaryDirectory, temporaryFile } from '../support/files.js';
import { run, unless } from '../support/programs.js';
import { TestManager } from '../support/servicemanager.js';
import { bytes, Client, echoServer, freePort } from '../support/sockets.js';
import { assertEcho, connectTo } from '../support/socks.js';

const noActivation = unless('systemd-socket-activate');
const noManager =
  process.platform === 'linux' ? unless('python3', 'setpriv', 'systemd-notify') : 'needs Linux';
const ways = ['koffi', 'systemd-notify'] as const;

/** Starts the program by systemd-socket-activate: it runs once somebody connects. */
async function activated(
  t: TestContext,
  addresses: readonly string[],
  args: readonly string[],
  names?: string,
): Promise<Command> {
  const listen = addresses.flatMap((address) => ['-l', address]);
  const named = names === undefined ? [] : [`--fdname=${names}`];
  const launcher = ['systemd-socket-activate', ...named, ...listen];
  const command = new Command(t, args, {}, undefined, launcher);
  for (let i = 0; i < addresses.length; i++) {
    await command.line(new RegExp(`Listening on .* as ${3 + i}`));
  }
  return command;
}

async function serves(t: TestContext, port: number | string, echo: number): Promise<void> {
  const client = await connectedTo(t, port);
  client.send(5, 1, 0);
  assert.deepEqual(await client.read(2), bytes(5, 0));
  assert.equal((await connectTo(client, '127.0.0.1', echo)).reply, 0);
  await assertEcho(client);
}

function connectedTo(t: TestContext, port: number | string): Promise<Client> {
  return typeof port === 'number' ? Client.connect(t, port) : Client.connectPath(t, port);
}

/** What the workers have in their environment of what was said to the first process. */
function handedOn(command: Command): string[] {
  const environments = command
    .workers()
    .map((pid) => readFileSync(`/proc/${pid}/environ`, 'latin1'));
  const variables = environments.flatMap((text) => text.split('\0'));
  return variables.filter((one) => /^(LISTEN_|NOTIFY_|WATCHDOG_)/.test(one));
}

for (const workers of ['1', '2']) {
  const title = `sockets are handed over, with ${workers} workers`;
  test(title, { skip: noActivation }, async (t) => {
    const echo = await echoServer(t);
    const port = await freePort(t);
    const path = join(temporaryDirectory(t), 'socket');
    const args = ['--workers', workers, '--grace', '0'];
    const command = await activated(t, [`127.0.0.1:${port}`, path], args);
    await serves(t, port, echo);
    await serves(t, path, echo);
    await command.line(new RegExp(`listening address=127\\.0\\.0\\.1:${port}$`));
    await command.line(new RegExp(`listening address=unix:${path}$`));
    assert.deepEqual(handedOn(command), []);
    const told = command.lines.filter((line) => / listening /.test(line));
    assert.equal(told.length, 2, 'the default address is not opened');

    command.child.kill('SIGHUP');
    await command.line(/ reloaded/);
    await serves(t, port, echo);
    await serves(t, path, echo);
    assert.equal(await command.stop(), 0);
    assert.ok(existsSync(path), 'it is not its own');
  });
}

test('an address that is given is one more; names are those of listeners', {
  skip: noActivation,
}, async (t) => {
  const echo = await echoServer(t);
  const [own, first, second] = [await freePort(t), await freePort(t), await freePort(t)];
  const config = temporaryFile(t, '[listener:lan]\nrequest = !all\n');
  const addresses = [`127.0.0.1:${first}`, `127.0.0.1:${second}`];
  const args = ['-c', config, `127.0.0.1:${own}`];
  const command = await activated(t, addresses, args, 'lan:other');
  await serves(t, second, echo);
  await serves(t, own, echo);
  const client = await Client.connect(t, first);
  client.send(5, 1, 0);
  assert.deepEqual(await client.read(2), bytes(5, 0));
  assert.equal((await connectTo(client, '127.0.0.1', echo)).reply, 2);
  await command.line(new RegExp(`listening address=127\\.0\\.0\\.1:${first} listener=lan$`));
  await command.line(new RegExp(`listening address=127\\.0\\.0\\.1:${second} listener=default$`));
  await command.line(new RegExp(`listening address=127\\.0\\.0\\.1:${own} listener=default$`));
});

test('a socket that is handed over is no open proxy either', { skip: noActivation }, async (t) => {
  const port = await freePort(t);
  const command = await activated(t, [`0.0.0.0:${port}`], []);
  const client = await Client.connect(t, port);
  await command.line(/refusing to listen on 0\.0\.0\.0:\d+ without users/);
  client.socket.destroy();
});

test('what is handed over and is no listening socket is said', {
  skip: noActivation,
}, async (t) => {
  const port = await freePort(t);
  const launcher = ['systemd-socket-activate', '-d', '-l', `127.0.0.1:${port}`];
  const command = new Command(t, [], {}, undefined, launcher);
  await command.line(/Listening on/);
  const socket = createSocket('udp4');
  t.after(() => socket.close());
  socket.send('x', port, '127.0.0.1');
  await command.line(/fd@3: the descriptor is no stream socket/);
});

test('sockets that are handed over do not go to the background', {
  skip: noActivation,
}, async (t) => {
  const port = await freePort(t);
  const command = await activated(t, [`127.0.0.1:${port}`], ['--fork']);
  await Client.connect(t, port);
  await command.line(/sockets were handed over .* expected neither --fork/);
});

for (const way of ways) {
  const environment = (manager: TestManager) => {
    // Without koffi, systemd-notify is what is left.
    const without = `--import=${join(import.meta.dirname, '../support/withoutkoffi.js')}`;
    const options = way === 'koffi' ? {} : { NODE_OPTIONS: without };
    return { NOTIFY_SOCKET: manager.address, ...options };
  };

  for (const workers of ['1', '2']) {
    const title = `the service manager is told by ${way}, with ${workers} workers`;
    test(title, { skip: noManager }, async (t) => {
      const manager = await TestManager.start(t);
      const args = ['--workers', workers, '127.0.0.1:0'];
      const env = environment(manager);
      const command = new Command(t, args, env);
      const ready = await manager.told('READY=1');
      assert.match(ready.text, /^STATUS=0 connections, 0 users$/m);
      if (way === 'koffi') assert.equal(ready.pid, command.child.pid);
      const port = await command.port();
      const client = await Client.connect(t, port);
      client.send(5, 1, 0);
      assert.deepEqual(await client.read(2), bytes(5, 0));
      await manager.told('STATUS=1 connection, 0 users');
      assert.deepEqual(handedOn(command), []);

      const before = process.hrtime.bigint() / 1000n;
      command.child.kill('SIGHUP');
      const reloading = await manager.told('RELOADING=1');
      const [, time = '0'] = /^MONOTONIC_USEC=(\d+)$/m.exec(reloading.text) ?? [];
      assert.ok(BigInt(time) >= before && BigInt(time) <= process.hrtime.bigint() / 1000n);
      await manager.told('READY=1');
      client.socket.destroy();
      command.child.kill('SIGTERM');
      await manager.told('STOPPING=1');
      assert.deepEqual(
        command.lines.filter((line) => / (warn|err) /.test(line)),
        [],
      );
    });
  }

  test(`a socket without a path is told by ${way}`, { skip: noManager }, async (t) => {
    const manager = await TestManager.start(t, true);
    const command = new Command(t, ['127.0.0.1:0'], environment(manager));
    await manager.told('READY=1');
    await command.stop();
    await manager.told('STOPPING=1');
  });
}

test('a reload that fails is over, too', { skip: noManager }, async (t) => {
  const manager = await TestManager.start(t);
  const config = temporaryFile(t, 'listen = 127.0.0.1:0\n');
  const command = new Command(t, ['-c', config], { NOTIFY_SOCKET: manager.address });
  await manager.told('READY=1');
  await run(t, 'rm', [config]);
  command.child.kill('SIGHUP');
  await manager.told('RELOADING=1');
  await manager.told('READY=1');
  await command.line(/nothing was reloaded/);
});

test('the watchdog is told while all workers answer', { skip: noManager }, async (t) => {
  const manager = await TestManager.start(t);
  const env = { NOTIFY_SOCKET: manager.address, WATCHDOG_USEC: '400000', WATCHDOG_PID: '' };
  const command = new Command(t, ['--workers', '2', '127.0.0.1:0'], env);
  await manager.told('READY=1');
  // After a pause of this process some are there at once.
  let each = 0;
  for (let round = 0; round < 5 && each < 100; round++) {
    const begun = performance.now();
    for (let i = 0; i < 3; i++) await manager.told('WATCHDOG=1');
    each = (performance.now() - begun) / 3;
  }
  assert.ok(each > 100 && each < 5000, `every ${each} ms`);
  const [worker = 0] = command.workers();
  process.kill(worker, 'SIGSTOP');
  t.after(() => process.kill(worker, 'SIGKILL'));
  await command.line(/watchdog is not told .*does not answer/);
  process.kill(worker, 'SIGCONT');
  await manager.told('WATCHDOG=1');
});

test("another process's watchdog is not told", { skip: noManager }, async (t) => {
  const manager = await TestManager.start(t);
  const env = { NOTIFY_SOCKET: manager.address, WATCHDOG_USEC: '2000', WATCHDOG_PID: '1' };
  const command = new Command(t, ['127.0.0.1:0'], env);
  await manager.told('READY=1');
  for (let i = 0; i < 5; i++) {
    command.child.kill('SIGHUP');
    await manager.told('RELOADING=1');
    await manager.told('READY=1');
  }
  await command.stop();
  await manager.told('STOPPING=1');
  assert.ok(!manager.notices.some(({ text }) => text.includes('WATCHDOG=1')));
});

test('a process that goes to the background says which it is', { skip: noManager }, async (t) => {
  const manager = await TestManager.start(t);
  const args = ['--fork', '--log-file', temporaryFile(t, ''), '-L', 'stderr', '127.0.0.1:0'];
  new Command(t, args, { NOTIFY_SOCKET: manager.address });
  const { text } = await manager.told('READY=1');
  const pid = Number(/^MAINPID=(\d+)$/m.exec(text)?.[1]);
  process.kill(pid, 'SIGTERM');
  await manager.told('STOPPING=1');
});

test('a service manager that cannot be told is warned of', { skip: noManager }, async (t) => {
  for (const [address, expected] of [
    ['relative', /NOTIFY_SOCKET: expected the path/],
    [`/${'x'.repeat(200)}`, /NOTIFY_SOCKET: expected the path/],
    [join(temporaryDirectory(t), 'nobody'), /cannot be told READY=1/],
  ] as const) {
    const command = new Command(t, ['127.0.0.1:0'], { NOTIFY_SOCKET: address });
    await command.line(expected);
    assert.equal(await command.stop(), 0);
  }
});

const root = process.getuid?.() === 0 ? undefined : 'needs root';
test('privileges are dropped meanwhile', { skip: noManager ?? root }, async (t) => {
  const manager = await TestManager.start(t, true);
  const args = ['-u', 'nobody', '127.0.0.1:0'];
  const command = new Command(t, args, { NOTIFY_SOCKET: manager.address });
  await manager.told('READY=1');
  await command.stop();
  await manager.told('STOPPING=1');
});
