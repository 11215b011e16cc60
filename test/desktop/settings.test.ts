import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { DesktopApp } from '../support/desktopapp.js';
import { type DesktopSession, startDesktopSession } from '../support/desktopsession.js';
import { unlessDesktop } from '../support/electron.js';
import { freePort } from '../support/sockets.js';

const skip = unlessDesktop();

function folderOf(session: DesktopSession): string {
  return join(session.env['XDG_CONFIG_HOME'] ?? '', 'PicoSOCKS5');
}

test('settings and users outlive a restart', { skip }, async (t) => {
  const session = await startDesktopSession(t);
  const port = await freePort(t);
  const before = await DesktopApp.start(session);
  await before.setPort(port);
  await before.page.getByRole('checkbox', { name: 'Start the server at launch' }).check();
  await before.page.getByLabel('Theme').selectOption('dark');
  await before.page.locator('html[data-theme=dark]').waitFor();
  await before.addUser('alice', 'secret', 'staff');
  await before.electron.evaluate(({ BrowserWindow }) =>
    BrowserWindow.getAllWindows()[0]?.setBounds({ x: 60, y: 50, width: 800, height: 600 }),
  );
  await before.close();

  const after = await DesktopApp.start(session);
  await after.status('Running');
  await after.page.locator('html[data-theme=dark]').waitFor();
  await after.page
    .getByRole('button', { name: `127.0.0.1:${port}` })
    .first()
    .waitFor();
  const bounds = await after.electron.evaluate(({ BrowserWindow }) =>
    BrowserWindow.getAllWindows()[0]?.getBounds(),
  );
  assert.deepEqual([bounds?.width, bounds?.height], [800, 600]);
  await after.show('Users');
  const row = after.page.getByRole('row', { name: /^alice\b/ });
  await row.getByText('staff').waitFor();
  await row.getByText('in the keychain').waitFor();
});

test('values are checked while they are typed', { skip }, async (t) => {
  const session = await startDesktopSession(t);
  const app = await DesktopApp.start(session);
  await app.show('Settings');
  await app.field('Port').fill('99999');
  await app.sees('Port: expected a number from 1 to 65535');
  assert.equal(await app.field('Port').getAttribute('aria-invalid'), 'true');
  await app.field('Port').fill('2080');
  await app.page.getByText('Port: expected').waitFor({ state: 'detached' });
  await app.button('Reset: Port').click();
  await app.page.waitForFunction(`document.querySelector('#setting-port').value === '1080'`);

  await app.field('External address').fill('@nowhere0');
  await app.field('Request rules').fill('fly:*');
  await app.sees(/Request rules: .*fly/);
  await app.page.getByLabel('Search settings').fill('handshake');
  await app.field('Handshake timeout').waitFor();
  assert.equal(await app.page.getByRole('textbox').count(), 1);
  assert.deepEqual(app.console, []);
});

test('a damaged settings file is kept aside', { skip }, async (t) => {
  const session = await startDesktopSession(t);
  const folder = folderOf(session);
  mkdirSync(folder, { recursive: true });
  for (const damaged of [
    '{ "version": 1, "settings": {',
    '{"version":1,"settings":{"port":0},"users":[]}',
  ]) {
    writeFileSync(join(folder, 'settings.json'), damaged);
    const app = await DesktopApp.start(session);
    await app.status('Stopped');
    await app.sees(/The settings file cannot be used .* it is kept as .*settings\.damaged-/);
    await app.close();
    const aside = readdirSync(folder).filter((name) => name.startsWith('settings.damaged-'));
    assert.ok(aside.some((name) => readFileSync(join(folder, name), 'utf8') === damaged));
  }
});
