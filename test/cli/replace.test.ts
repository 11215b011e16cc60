import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startControlled } from '../support/control.js';
import { temporaryDirectory, temporaryFile } from '../support/files.js';
import { echoServer } from '../support/sockets.js';
import { assertEcho, connected } from '../support/socks.js';

const skip = process.platform === 'linux' ? undefined : 'needs /proc';

for (const workers of ['1', '2']) {
  test(`another process takes its place, and refuses nobody meanwhile (${workers} workers)`, {
    skip,
  }, async (t) => {
    const usage = join(temporaryDirectory(t), 'usage');
    const args = ['--workers', workers, '--grace', '30', '--usage-file', usage];
    const { command, port, ask, picosocks5 } = await startControlled(t, args);
    const echo = await echoServer(t);
    const held = await connected(t, port, echo);
    await assertEcho(held);
    let isOver = false;
    let served = 0;
    const load = async () => {
      while (!isOver) {
        const client = await connected(t, port, echo);
        await assertEcho(client);
        client.socket.destroy();
        served++;
      }
    };
    // A client that is refused, or reset, rejects.
    const loads = Promise.all(Array.from({ length: 8 }, load));
    loads.catch(() => {});
    const { status, stdout, stderr } = await picosocks5('reload', '--binary');
    assert.equal(status, 0, stderr);
    const pid = Number(/^process (\d+) serves from now on\n$/.exec(stdout)?.[1]);
    t.after(() => existsSync(`/proc/${pid}`) && process.kill(pid, 'SIGKILL'));
    assert.notEqual(pid, command.child.pid);
    // The old one stops to listen, and its connection goes on.
    await command.line(/stopped address=/);
    const before = served;
    while (served < before + 50) await new Promise((resolve) => setTimeout(resolve, 5));
    await assertEcho(held);
    isOver = true;
    await loads;
    const now = (await ask('GET', '/v1/status')).body as { pid: number; connections: object };
    assert.equal(now.pid, pid);
    held.socket.end();
    if (command.child.exitCode === null) await once(command.child, 'exit');
    assert.equal(command.child.exitCode, 0);
    // It has left what is the other's.
    assert.equal(((await ask('GET', '/v1/status')).body as { pid: number }).pid, pid);
    await assertEcho(await connected(t, port, echo));
    process.kill(pid, 'SIGTERM');
    process.kill(pid, 'SIGTERM');
    while (existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(stateOf(pid))) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
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
