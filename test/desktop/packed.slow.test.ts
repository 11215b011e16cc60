import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { AppWindow } from '../support/appwindow.js';
import { HEADLESS_ARGS } from '../support/desktopapp.js';
import { startDesktopSession } from '../support/desktopsession.js';
import { unlessDesktop } from '../support/electron.js';
import { temporaryDirectory } from '../support/files.js';
import { webServer } from '../support/http.js';
import { run } from '../support/programs.js';
import { freePort } from '../support/sockets.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** Where Chromium says that it can be driven: the packed app lets nobody debug its main process. */
async function debuggingAddress(app: ChildProcess): Promise<string> {
  if (app.stderr === null) throw new Error('no stderr');
  const said: string[] = [];
  for await (const line of createInterface({ input: app.stderr })) {
    const [, address] = /^DevTools listening on (ws:\S+)/.exec(line) ?? [];
    if (address !== undefined) return address;
    said.push(line);
  }
  throw new Error(`the app has ended:\n${said.join('\n')}`);
}

test('the packed app', { skip: unlessDesktop('curl') }, async (t) => {
  const output = temporaryDirectory(t);
  const { status, stdout, stderr } = await run(
    t,
    process.execPath,
    [
      'node_modules/electron-builder/cli.js',
      ...['--config', 'build/electron-builder.mjs', '--linux', 'dir'],
      `-c.directories.output=${output}`,
    ],
    { cwd: root },
  );
  assert.equal(status, 0, stdout + stderr);

  const session = await startDesktopSession(t);
  const program = `${output}/linux-unpacked/picosocks5-desktop`;
  const child = spawn(program, [...HEADLESS_ARGS, '--remote-debugging-port=0'], {
    env: session.env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  session.after(() => child.kill('SIGKILL'));
  const browser = await chromium.connectOverCDP(await debuggingAddress(child));
  session.after(() => browser.close());
  const [context] = browser.contexts();
  const page = context?.pages()[0] ?? (await context?.waitForEvent('page'));
  assert.ok(page !== undefined);

  const app = new AppWindow(page);
  await app.status('Stopped');
  const port = await freePort(t);
  await app.startServer(port);
  const { url } = await webServer(t, { '/': 'hello' });
  const curl = (user: string) =>
    run(t, 'curl', ['-sS', '--noproxy', '', '-x', `socks5h://${user}127.0.0.1:${port}`, url]);
  assert.equal((await curl('')).stdout, 'hello');
  await app.addUser('alice', 'secret');
  assert.equal((await curl('alice:secret@')).stdout, 'hello');
  assert.equal((await curl('alice:wrong@')).status, 97);
  const entry = { service: 'picosocks5', account: 'alice' };
  assert.equal(await session.secretLookup(entry), 'secret');
  assert.deepEqual(app.console, []);
});
