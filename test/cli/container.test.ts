import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { PICOSOCKS5 } from '../support/command.js';
import { unless } from '../support/programs.js';
import { echoServer, freePort } from '../support/sockets.js';
import { assertEcho, connected } from '../support/socks.js';

const skip = process.getuid?.() === 0 ? unless('unshare') : 'needs root';

/** The program as process 1 of a namespace. */
function first(t: TestContext, ...args: string[]) {
  const words = ['-pf', '--kill-child', '--mount-proc', process.execPath, PICOSOCKS5, ...args];
  const child = spawn('unshare', words, { stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  let said = '';
  child.stdout.on('data', (text) => {
    said += text;
  });
  child.stderr.on('data', (text) => {
    said += text;
  });
  return {
    child,
    said: () => said,
    /** Its id out here. */
    async pid(): Promise<number> {
      for (;;) {
        const [pid] = children(child.pid as number);
        if (pid !== undefined) return pid;
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    async listens(): Promise<void> {
      while (!/listening address/.test(said)) await once(child.stderr, 'data');
    },
  };
}

function children(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1');
  return text.split(' ').filter(Boolean).map(Number);
}

/** The exit status of unshare(1), which is that of its child. */
async function status(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.exitCode;
}

for (const workers of ['1', '2']) {
  test(`as process 1 it ends when it is told, at once the second time (${workers} workers)`, {
    skip,
  }, async (t) => {
    const port = await freePort(t);
    const server = first(t, '--workers', workers, '--grace', '60', `127.0.0.1:${port}`);
    await server.listens();
    const pid = await server.pid();
    await assertEcho(await connected(t, port, await echoServer(t)));
    process.kill(pid, 'SIGTERM');
    while (!/stopped address/.test(server.said())) await once(server.child.stderr, 'data');
    process.kill(pid, 'SIGTERM');
    assert.equal(await status(server.child), 143);
  });
}

test('as process 1 it misses no signal while it starts', { skip, timeout: 20_000 }, async (t) => {
  const server = first(t, '127.0.0.1:0');
  const pid = await server.pid();
  const SIGUSR2 = 1n << 11n;
  // The program takes its signals first of all, this one the last of them.
  for (;;) {
    const text = readFileSync(`/proc/${pid}/status`, 'latin1');
    const [, caught = '0'] = /^SigCgt:\s+(\w+)/m.exec(text) ?? [];
    if (/^Name:\s+(node|Main)/m.test(text) && (BigInt(`0x${caught}`) & SIGUSR2) !== 0n) break;
    await new Promise((resolve) => setImmediate(resolve));
  }
  process.kill(pid, 'SIGTERM');
  assert.equal(await status(server.child), 143);
  assert.doesNotMatch(server.said(), /listening/);
});
