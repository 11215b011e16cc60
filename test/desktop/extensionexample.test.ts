import assert from 'node:assert/strict';
import { cpSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { DesktopApp } from '../support/desktopapp.js';
import { answer, asked, becomes, details } from '../support/desktopextensions.js';
import { startDesktopSession } from '../support/desktopsession.js';
import { unlessDesktop } from '../support/electron.js';
import { contributing, extension } from '../support/extensions.js';
import { temporaryDirectory } from '../support/files.js';
import { webServer } from '../support/http.js';
import { npm, ROOT, unlessNpm } from '../support/npm.js';
import { run } from '../support/programs.js';
import { freePort } from '../support/sockets.js';
import { TRAY_HOST_PROGRAMS } from '../support/trayhost.js';

/** The example of the documentation, built and packed as its author would. @returns the tarball. */
async function packedExample(t: TestContext): Promise<string> {
  const folder = join(temporaryDirectory(t), 'blocklist');
  cpSync(join(ROOT, 'core/docs/example-extension'), folder, { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, '..', 'node_modules'));
  const built = await run(t, join(ROOT, 'node_modules/.bin/tsc'), [], { cwd: folder });
  assert.equal(built.status, 0, built.stdout);
  const { status, stderr } = await npm(t, ['pack', '--ignore-scripts'], { cwd: folder });
  assert.equal(status, 0, stderr);
  return join(folder, 'picosocks5-blocklist-1.0.0.tgz');
}

const skip = unlessNpm ?? unlessDesktop('curl');

test('the example, packed by npm, is installed by the window and refuses curl', {
  skip,
}, async (t) => {
  const file = await packedExample(t);
  const app = await DesktopApp.start(await startDesktopSession(t));
  const port = await freePort(t);
  await app.startServer(port);
  const { url } = await webServer(t, { '/': 'hello' });
  const local = url.replace('127.0.0.1', 'localhost');
  const curl = (target: string) =>
    run(t, 'curl', ['-sS', '--noproxy', '', '-x', `socks5h://127.0.0.1:${port}`, target]);
  assert.equal((await curl(local)).stdout, 'hello');
  await app.show('Extensions');
  await answer(app, { path: file });
  await app.button('Install from .tgz').click();
  await details(app, 'Blocklist').getByText('Active').first().waitFor();
  const [question = ''] = await asked(app);
  assert.match(question, new RegExp(`Enable the extension “Blocklist”[^]*from: ${file}`));
  await details(app, 'Blocklist').getByRole('button', { name: 'Settings' }).click();
  await app.field('Names').fill('localhost');
  await app.field('Names').press('Control+Enter');
  await becomes(97, async () => (await curl(local)).status);
  assert.equal((await curl(url)).stdout, 'hello');
  await app.show('Extensions');
  await app.button('Disable').click();
  await becomes('hello', async () => (await curl(local)).stdout);
  assert.deepEqual(app.console, []);
});

test('a command of an extension stands in the tray, while it can be run', {
  skip: unlessDesktop(...TRAY_HOST_PROGRAMS),
}, async (t) => {
  const session = await startDesktopSession(t, { trayHost: true });
  const app = await DesktopApp.start(session);
  const labels = async () => (await session.tray.menu()).map(({ label }) => label);
  const commands = [
    { command: 'ext.wave', title: 'Wave', tray: true },
    { command: 'ext.hide', title: 'Hide' },
  ];
  const folder = extension(
    t,
    contributing({}, { commands }),
    "export function activate({ commands }) { commands.register('ext.wave', () => 'It waves'); }",
  );
  await app.show('Extensions');
  await answer(app, { path: folder });
  await app.button('Load development folder').click();
  await details(app, 'ext').getByText('Enabled').first().waitFor();
  assert.equal((await labels()).includes('Wave'), false);
  await app.startServer(await freePort(t));
  await becomes(true, async () => (await labels()).includes('Wave'));
  assert.equal((await labels()).includes('Hide'), false);
  await session.tray.click('Wave');
  await app.sees('It waves');
  await app.show('Extensions');
  await app.button('Disable').click();
  await becomes(false, async () => (await labels()).includes('Wave'));
});
