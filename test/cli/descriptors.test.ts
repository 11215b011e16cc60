import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { PICOSOCKS5 } from '../support/command.js';
import { Client, echoServer } from '../support/sockets.js';
import { address, connected } from '../support/socks.js';

const posix = process.platform === 'win32' ? 'Windows has no such limit' : undefined;

/** A server that may have so many descriptors. @returns its port, and what it logs. */
async function start(t: TestContext, soft: number, hard: number, ...args: string[]) {
  const limited = `ulimit -Sn ${soft} && ulimit -Hn ${hard} && exec "$@"`;
  const command = [process.execPath, PICOSOCKS5, '-v', 'debug', '127.0.0.1:0', ...args];
  const child = spawn('sh', ['-c', limited, 'sh', ...command], { stdio: 'pipe' });
  t.after(() => child.kill('SIGKILL'));
  const lines: string[] = [];
  const reader = createInterface({ input: child.stderr });
  reader.on('line', (line) => lines.push(line));
  const line = async (pattern: RegExp): Promise<RegExpExecArray> => {
    for (let i = 0; ; i++) {
      while (i >= lines.length) await once(reader, 'line');
      const found = pattern.exec(lines[i] ?? '');
      if (found !== null) return found;
    }
  };
  const port = Number((await line(/listening address=\S+:(\d+)/))[1]);
  return { port, lines, line };
}

test('a maxconn that the descriptors do not allow is told at start', { skip: posix }, async (t) => {
  const { lines } = await start(t, 256, 256, '--maxconn', '500');
  const warnings = lines.filter((line) => / warn /.test(line));
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? '', /maxconn 500 cannot be reached.*256.*112 connections.*ulimit -n/);
});

test('the limit is raised as far as the system allows', { skip: posix }, async (t) => {
  const { lines } = await start(t, 256, 1100, '--maxconn', '500');
  assert.deepEqual(
    lines.filter((line) => / warn /.test(line)),
    [],
  );
});

test('that descriptors have run out is told, and passes', { skip: posix }, async (t) => {
  const echo = await echoServer(t);
  const { port, lines, line } = await start(t, 64, 64);
  const clients: Client[] = [];
  for (let i = 0; i < 40; i++) {
    const client = await Client.connect(t, port).catch(() => undefined);
    client?.send(5, 1, 0, 5, 1, 0, address('127.0.0.1', echo));
    if (client !== undefined) clients.push(client);
  }
  await line(/ warn .*out of file descriptors \(EMFILE\).*ulimit -n.*lower maxconn/);
  for (const client of clients) client.socket.destroy();
  for (let served = false; !served; ) {
    served = await connected(t, port, echo).then(
      () => true,
      () => false,
    );
  }
  assert.equal(lines.filter((text) => /out of file descriptors \(/.test(text)).length, 1);
});

test('clients that only connect use them up as well', { skip: posix }, async (t) => {
  const { port, line } = await start(t, 64, 64);
  for (let i = 0; i < 80; i++) await Client.connect(t, port).catch(() => undefined);
  await line(/ warn .*out of file descriptors \(EMFILE\)/);
});
