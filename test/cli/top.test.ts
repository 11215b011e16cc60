import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { PICOSOCKS5 } from '../support/command.js';
import { startControlled } from '../support/control.js';
import { temporaryDirectory } from '../support/files.js';
import { run, unless } from '../support/programs.js';
import { echoServer } from '../support/sockets.js';
import { connected } from '../support/socks.js';

/** A terminal of tmux(1) that a program runs in. */
async function terminal(t: TestContext, program: readonly string[], env: Record<string, string>) {
  const socket = join(temporaryDirectory(t), 'tmux');
  const tmux = async (...args: string[]) => {
    const { status, stdout, stderr } = await run(t, 'tmux', ['-S', socket, ...args], {
      // The user who runs the tests may have none that runs commands, as nobody has.
      env: { ...process.env, ...env, TERM: 'xterm', SHELL: '/bin/sh' },
    });
    assert.equal(status, 0, stderr);
    return stdout;
  };
  t.after(() => run(t, 'tmux', ['-S', socket, 'kill-server']));
  const quoted = program.map((word) => `'${word}'`).join(' ');
  // What it leaves behind, and how it ended, stays to be seen.
  const shell = `${quoted}; echo "status $?"; exec sleep 60`;
  await tmux('-f', '/dev/null', 'new-session', '-d', '-x', '120', '-y', '30', shell);
  const screen = () => tmux('capture-pane', '-p');
  return {
    screen,
    press: (...keys: string[]) => tmux('send-keys', ...keys),
    /** Waits until the screen looks so. */
    async shows(pattern: RegExp): Promise<string> {
      const end = performance.now() + 60_000;
      for (;;) {
        const text = await screen();
        if (pattern.test(text)) return text;
        if (performance.now() > end) assert.fail(`no ${pattern} in:\n${text}`);
        await new Promise((resolve) => setTimeout(resolve, 30));
      }
    },
    resize: (width: number, height: number) =>
      tmux('resize-window', '-x', String(width), '-y', String(height)),
  };
}

test('top shows who moves how much, sorts, filters and disconnects', {
  skip: unless('tmux'),
}, async (t) => {
  const { port, path, command } = await startControlled(t, ['--grace', '0']);
  const echo = await echoServer(t);
  const clients = [];
  for (let i = 0; i < 3; i++) clients.push(await connected(t, port, echo));
  const busy = clients[1];
  const moving = setInterval(() => busy?.send(Buffer.alloc(100_000)), 50);
  t.after(() => clearInterval(moving));
  busy?.socket.on('data', () => {}).resume();
  const env = { PICOSOCKS5_CONTROL: `unix:${path}` };
  const program = [process.execPath, PICOSOCKS5, 'top', '--interval', '0.2'];
  const { shows, press, resize, screen } = await terminal(t, program, env);
  // The fastest is the first, and chosen.
  await shows(/^PicoSOCKS5 \S+: serving, up [\s\S]*^3 connections, 0 users; [\d.]+[KM]\/s up/m);
  await shows(/AGE *\n +2 - .* connect +127\.0\.0\.1:\d+ +[\d.]+[KM] +[\d.]+[KM] /);
  await press('s', 's', 's', 's', 's', 's');
  await shows(/3 rows sorted by id *\n.*\n +1 .*\n +2 .*\n +3 /);
  await press('r');
  await shows(/sorted by id, reversed *\n.*\n +3 .*\n +2 .*\n +1 /);
  await press('/');
  await press('-l', 'nothing like it');
  await shows(/^filter: "?nothing like it"?_/m);
  await press('Enter');
  await shows(/^0 rows .*filter "?nothing like it"?/m);
  await press('/', 'Escape');
  await shows(/^3 rows /m);
  await resize(60, 12);
  await shows(/^3 rows /m);
  assert.ok((await screen()).split('\n').every((line) => line.length <= 60));
  await resize(120, 30);
  await press('Down', 'Down', 'k');
  await shows(/^disconnect #1\? y or n/m);
  await press('n');
  await shows(/^q quit/m);
  await press('k', 'y');
  await shows(/^#1 ended/m);
  await clients[0]?.readAll();
  await shows(/^2 connections[\s\S]*^2 rows /m);
  await press('q');
  await shows(/^status 0$/m);
  // The usual screen is back, without the table.
  assert.doesNotMatch(await screen(), /PicoSOCKS5/);
  assert.equal(await command.stop(), 0);
});

test('top ends when it is quit while the server has not answered yet', {
  skip: unless('tmux'),
}, async (t) => {
  const { path } = await startControlled(t);
  // Answers as the server does, and when it is let.
  let held = Promise.resolve();
  let asked = () => {};
  const slow = join(temporaryDirectory(t), 'slow');
  const proxy = createServer(async ({ url, method, headers }, response) => {
    asked();
    await held;
    request({ socketPath: path, path: url, method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    }).end();
  }).listen(slow);
  await once(proxy, 'listening');
  t.after(() => proxy.close().closeAllConnections());
  const program = [process.execPath, PICOSOCKS5, 'top', '--interval', '0.2'];
  const env = { PICOSOCKS5_CONTROL: `unix:${slow}` };
  const { screen, press, shows } = await terminal(t, program, env);
  await shows(/^PicoSOCKS5 \S+: serving, up /m);
  let answer = () => {};
  const isAsked = new Promise<void>((resolve) => {
    asked = resolve;
    held = new Promise((release) => {
      answer = release;
    });
  });
  await isAsked;
  await press('q');
  // The usual screen is back; the answer changes nothing any more.
  while (/PicoSOCKS5/.test(await screen()));
  answer();
  await shows(/^status 0$/m);
  assert.doesNotMatch(await screen(), /PicoSOCKS5/);
});

test('top needs a terminal, and a server', {
  skip: process.platform === 'win32' ? 'no UNIX sockets on Windows' : undefined,
}, async (t) => {
  const { status, stderr } = await run(t, process.execPath, [
    PICOSOCKS5,
    'top',
    '--control',
    `unix:${join(temporaryDirectory(t), 'none')}`,
  ]);
  assert.equal(status, 1);
  assert.match(stderr, /needs a terminal; "picosocks5 connections" lists/);
});
