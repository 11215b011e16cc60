import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { startArrivals } from '../support/arrivals.js';
import { Command } from '../support/command.js';
import { askControl, type Controlled, startControlled } from '../support/control.js';
import { temporaryDirectory, temporaryFile } from '../support/files.js';
import { unless } from '../support/programs.js';
import { TestManager } from '../support/servicemanager.js';
import { Client, echoServer, freePort, serve } from '../support/sockets.js';
import { assertEcho, connected, connectTo } from '../support/socks.js';

/** Clients in a second. */
const RATE = 200;
const skip = process.platform === 'linux' ? undefined : 'needs /proc';

/** A process that has taken the place of one, and of the test's: it ends with the test. */
function owned(t: TestContext, pid: number): number {
  t.after(() => existsSync(`/proc/${pid}`) && process.kill(pid, 'SIGKILL'));
  return pid;
}

/** Waits until a control interface is that of another process. @returns which. */
async function another(t: TestContext, { ask }: Controlled, before: number): Promise<number> {
  for (;;) {
    const { body } = await ask('GET', '/v1/status');
    const { pid } = body as { pid: number };
    if (pid !== before) return owned(t, pid);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function ended(pid: number): Promise<void> {
  while (existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(stateOf(pid))) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

for (const workers of ['1', '2']) {
  test(`another process takes its place, and refuses nobody meanwhile (${workers} workers)`, {
    skip,
  }, async (t) => {
    const usage = join(temporaryDirectory(t), 'usage');
    const args = ['--workers', workers, '--grace', '30', '--usage-file', usage];
    const controlled = await startControlled(t, args);
    const { command, port, ask, picosocks5 } = controlled;
    const echo = await echoServer(t);
    const held = await connected(t, port, echo);
    await assertEcho(held);
    const end = await startArrivals(t, { port, rate: RATE });
    const { status, stdout, stderr } = await picosocks5('reload', '--binary');
    assert.equal(status, 0, stderr);
    const pid = Number(/^process (\d+) serves from now on\n$/.exec(stdout)?.[1]);
    owned(t, pid);
    assert.notEqual(pid, command.child.pid);
    // The old one stops to listen, and its connection goes on.
    await command.line(/stopped address=/);
    await assertEcho(held);
    const now = (await ask('GET', '/v1/status')).body as { pid: number; connections: object };
    assert.equal(now.pid, pid);
    // And once more, by the signal.
    process.kill(pid, 'SIGUSR2');
    const last = await another(t, controlled, pid);
    await ended(pid);
    await assertEcho(held);
    const { served, lost } = await end();
    assert.deepEqual(lost, {});
    assert.ok(served > RATE / 2, `${served} were served`);
    held.socket.end();
    if (command.child.exitCode === null) await once(command.child, 'exit');
    assert.equal(command.child.exitCode, 0);
    // It has left what is the other's.
    assert.equal(((await ask('GET', '/v1/status')).body as { pid: number }).pid, last);
    const late = await connected(t, port, echo);
    await assertEcho(late);
    late.socket.destroy();
    process.kill(last, 'SIGTERM');
    await ended(last);
  });
}

function stateOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'latin1');
  } catch {
    return 'State: Z';
  }
}

test('a process that cannot serve takes no place', { skip }, async (t) => {
  const file = temporaryFile(t, 'grace = 0\n', 'p.ini');
  const { command, port, picosocks5, ask } = await startControlled(t, ['-c', file]);
  writeFileSync(file, 'nonsense = 1\n');
  const { status, stderr } = await picosocks5('reload', '--binary');
  assert.equal(status, 1);
  assert.match(stderr, /the new process ended before it served \(status 1\)/);
  await command.line(/picosocks5: .*p\.ini:1: unknown parameter "nonsense"/);
  await assertEcho(await connected(t, port, await echoServer(t)));
  const { body } = await ask('GET', '/v1/status');
  assert.equal((body as { pid: number }).pid, command.child.pid);
  assert.equal(await command.stop(), 0);
});

test('one that fails once it has the sockets costs no client', { skip }, async (t) => {
  const taken = await serve(t, () => {});
  const file = temporaryFile(t, 'grace = 0\n', 'p.ini');
  const { command, port, picosocks5 } = await startControlled(t, ['-c', file]);
  writeFileSync(file, `[listener:other]\nlisten = 127.0.0.1:${taken}\n`);
  const end = await startArrivals(t, { port, rate: RATE });
  for (let i = 0; i < 2; i++) {
    const { status, stderr } = await picosocks5('reload', '--binary');
    assert.equal(status, 1, stderr);
  }
  command.child.kill('SIGUSR2');
  await command.line(/err.* SIGUSR2: the new process ended before it served \(status 1\)/);
  const { lost, served } = await end();
  assert.deepEqual(lost, {});
  assert.ok(served > RATE / 2);
  assert.equal(await command.stop(), 0);
});

test('what the new configuration leaves out is closed, with its file', { skip }, async (t) => {
  const [path, second] = [join(temporaryDirectory(t), 'socket'), await freePort(t)];
  const file = temporaryFile(
    t,
    `[listener:b]\nlisten = 127.0.0.1:${second}\nlisten = unix:${path}\n`,
    'p.ini',
  );
  const controlled = await startControlled(t, ['-c', file, '--grace', '0']);
  const { command, picosocks5, port } = controlled;
  (await Client.connect(t, second)).socket.destroy();
  (await Client.connectPath(t, path)).socket.destroy();
  writeFileSync(file, '');
  const { status, stdout, stderr } = await picosocks5('reload', '--binary');
  assert.equal(status, 0, stderr);
  owned(t, Number(/\d+/.exec(stdout)?.[0]));
  if (command.child.exitCode === null) await once(command.child, 'exit');
  await assert.rejects(Client.connect(t, second), { code: 'ECONNREFUSED' });
  await assert.rejects(Client.connectPath(t, path), { code: 'ENOENT' });
  await assertEcho(await connected(t, port, await echoServer(t)));
});

/** Has the program begin with a listening socket as descriptor 3, as systemd does. */
const activate = `
import os, socket, sys
s = socket.socket()
s.bind(("127.0.0.1", int(sys.argv[1])))
s.listen(128)
os.dup2(s.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_FDS="1", LISTEN_FDNAMES="lan", LISTEN_PID=str(os.getpid()))
os.execvp(sys.argv[2], sys.argv[2:])
`;

for (const workers of ['1', '2']) {
  test(`all that listens goes along, and the service manager is told (${workers} workers)`, {
    skip: skip ?? unless('python3', 'setpriv'),
  }, async (t) => {
    const folder = temporaryDirectory(t);
    const [own, control, page] = [join(folder, 's'), join(folder, 'c'), join(folder, 'm')];
    const [given, metrics] = [await freePort(t), await freePort(t)];
    const ini = [
      `listen = unix:${own}`,
      `control = unix:${control}`,
      `workers = ${workers}`,
      'grace = 30',
      '[listener:lan]',
      '[extension:metrics]',
      `listen = ${workers === '1' ? `127.0.0.1:${metrics}` : `unix:${page}`}`,
    ].join('\n');
    const manager = await TestManager.start(t);
    const env = { NOTIFY_SOCKET: manager.address };
    const launcher = ['python3', '-c', activate, String(given)];
    const args = ['-c', temporaryFile(t, ini, 'p.ini')];
    const command = new Command(t, args, env, undefined, launcher);
    await command.line(/listening.*?address=/);
    await manager.told('READY=1');
    const ask = (method: string, at: string) => askControl(method, at, { socketPath: control });
    const place = workers === '1' ? { port: metrics } : { socketPath: page };
    const health = () => askControl('GET', '/healthz', place);
    const kept = await (workers === '1' ? Client.connect(t, metrics) : Client.connectPath(t, page));
    const look = async (length: number) => {
      kept.send('GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n');
      return (await kept.read(length)).toString('latin1');
    };
    const ok = await look(12);
    assert.equal(ok, 'HTTP/1.1 200');
    const rest = async (end: string) => {
      for (let text = ''; !text.endsWith(end); ) text += (await kept.read(1)).toString('latin1');
    };
    await rest('\r\n\r\nok\n');
    const echo = await echoServer(t);
    const held = await Client.connectPath(t, own);
    await serves(held, echo);

    const end = await startArrivals(t, { path: own, rate: RATE / 2 });
    const endGiven = await startArrivals(t, { port: given, rate: RATE / 4 });
    const before = command.child.pid as number;
    process.kill(before, 'SIGUSR2');
    await command.line(/stopped address=/);
    const reloading = await manager.told('RELOADING=1');
    assert.equal(reloading.pid, before);
    assert.match(reloading.text, /^MONOTONIC_USEC=\d+$/m);
    const told = await manager.told(/^MAINPID=/);
    const pid = owned(t, Number(/^MAINPID=(\d+)$/m.exec(told.text)?.[1]));
    // By both, as a manager may listen to either: which comes first is open.
    const other = await manager.told(`MAINPID=${pid}`);
    assert.deepEqual([told.pid, other.pid].sort(), [before, pid].sort());
    for (const { text } of [told, other]) assert.match(text, /^READY=1$/m);
    assert.equal((await ask('GET', '/healthz')).status, 200);
    assert.equal(((await ask('GET', '/v1/status')).body as { pid: number }).pid, pid);
    // What is left of the old one says that it is not ready, and the new one is.
    // With workers, the one that answers may have had nothing left to do.
    if (workers === '1') assert.equal(await look(12), 'HTTP/1.1 503');
    assert.equal((await health()).status, 200);
    await serves(held, echo, true);
    for (const arrivals of [await end(), await endGiven()]) assert.deepEqual(arrivals.lost, {});
    held.socket.end();
    if (command.child.exitCode === null) await once(command.child, 'exit');
    assert.equal(command.child.exitCode, 0);
    for (const late of [await Client.connectPath(t, own), await Client.connect(t, given)]) {
      await serves(late, echo);
      late.socket.destroy();
    }
    assert.equal((await health()).status, 200);
    // It was the other that had something to say.
    assert.ok(!manager.notices.some((one) => /STOPPING/.test(one.text)));
    process.kill(pid, 'SIGTERM');
    assert.equal((await manager.told('STOPPING=1')).pid, pid);
    await ended(pid);
    assert.ok(!existsSync(own) && !existsSync(control));
  });
}

/** @param isOpen whether it has a tunnel already. */
async function serves(client: Client, echo: number, isOpen = false): Promise<void> {
  if (!isOpen) {
    client.send(5, 1, 0);
    await client.read(2);
    assert.equal((await connectTo(client, '127.0.0.1', echo)).reply, 0);
  }
  await assertEcho(client);
}
