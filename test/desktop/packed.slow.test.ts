import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { AppWindow } from '../support/appwindow.js';
import { HEADLESS_ARGS } from '../support/desktopapp.js';
import { runCommand } from '../support/desktopextensions.js';
import { startDesktopSession } from '../support/desktopsession.js';
import { unlessDesktop } from '../support/electron.js';
import { contributing, extension } from '../support/extensions.js';
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

/** One extension is in a folder outside of the app, the other one is part of it. */
async function usesExtensions(app: AppWindow): Promise<void> {
  await runCommand(app, 'Say');
  await app.sees('I see function UserError 40 40');
  // What is asked for wakes what has it.
  await app.show('Routing');
  await app.button('Add route').click();
  await app.field('New route').fill('127.0.0.9=ssh://somebody@127.0.0.1:1');
  await app.field('New route').press('Enter');
  await app.field('New route').waitFor({ state: 'detached' });
  await app.show('Extensions');
  const bundled = app.page.getByRole('region', { name: 'Bundled' });
  await bundled.getByRole('button', { name: /^SSH .*Active/i }).click();
  await app.page.getByRole('region', { name: 'README' }).waitFor();
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
  const folder = extension(
    t,
    contributing(
      { accessPolicies: ['outside'] },
      { commands: [{ command: 'ext.say', title: 'Say' }] },
    ),
    `import { readFileSync } from 'node:fs';
     import { UserError } from 'picosocks5';
     export function activate({ registries, commands, startHelper }) {
       const by = 'outside';
       registries.accessPolicies.register({ id: by,
         onAddress: ({ destination: { host } }) => host === 'localhost' ? { by } : undefined });
       commands.register('ext.say', async () => {
         const ask = (kind) => startHelper('helper.js', { kind }).ask(20);
         return ['I see', typeof readFileSync, new UserError('').name, await ask('thread'), await ask('process')].join(' ');
       });
     }`,
  );
  writeFileSync(join(folder, 'helper.js'), 'export const answer = (number) => number * 2;');
  const settings = join(session.env['XDG_CONFIG_HOME'] ?? '', 'PicoSOCKS5/settings.json');
  mkdirSync(dirname(settings), { recursive: true });
  const folders = [{ path: folder, enabled: true }];
  writeFileSync(settings, JSON.stringify({ version: 1, users: [], extensions: { folders } }));
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
  const curl = (user: string, target = url) =>
    run(t, 'curl', ['-sS', '--noproxy', '', '-x', `socks5h://${user}127.0.0.1:${port}`, target]);
  assert.equal((await curl('')).stdout, 'hello');
  await usesExtensions(app);
  const refused = await curl('', url.replace('127.0.0.1', 'localhost'));
  assert.equal(refused.status, 97);
  await app.addUser('alice', 'secret');
  assert.equal((await curl('alice:secret@')).stdout, 'hello');
  assert.equal((await curl('alice:wrong@')).status, 97);
  const entry = { service: 'picosocks5', account: 'alice' };
  assert.equal(await session.secretLookup(entry), 'secret');
  assert.deepEqual(app.console, []);
});
