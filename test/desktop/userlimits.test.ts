import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { DesktopApp } from '../support/desktopapp.js';
import { type DesktopSession, startDesktopSession } from '../support/desktopsession.js';
import { unlessDesktop } from '../support/electron.js';
import { webServer } from '../support/http.js';
import { run } from '../support/programs.js';
import { freePort } from '../support/sockets.js';

const PASSWORD = 'correct horse 7!';

/** The app's folder of settings. */
function folderOf(session: DesktopSession): string {
  return join(session.env['XDG_CONFIG_HOME'] ?? '', 'PicoSOCKS5');
}

/** A settings file with some users. */
function write(session: DesktopSession, users: readonly object[]): void {
  mkdirSync(folderOf(session), { recursive: true });
  const text = JSON.stringify({ version: 1, settings: {}, users });
  writeFileSync(join(folderOf(session), 'settings.json'), text);
}

/** Fetches a page through the proxy. @returns what it holds; undefined if it was refused. */
async function fetchAs(t: TestContext, port: number, user: string, url: string) {
  const proxy = ['-x', `socks5h://127.0.0.1:${port}`, '-U', `${user}:${PASSWORD}`];
  const { status, stdout } = await run(t, 'curl', ['-sS', '--noproxy', '', ...proxy, url]);
  return status === 0 ? stdout : undefined;
}

function cell(app: DesktopApp, user: string, key: string) {
  return app.page.getByRole('row', { name: new RegExp(`^${user}\\b`) }).locator(`.${key}`);
}

test('a quota is filled in, counts, is shown with what is used, and outlives the app', {
  skip: unlessDesktop('curl'),
}, async (t) => {
  const session = await startDesktopSession(t);
  const app = await DesktopApp.start(session);
  const port = await freePort(t);
  await app.startServer(port);
  await app.addUser('alice', PASSWORD);
  const { url } = await webServer(t, { '/': 'x'.repeat(3000) });
  assert.equal((await fetchAs(t, port, 'alice', url))?.length, 3000);
  await cell(app, 'alice', 'down').getByText('3.').waitFor();
  assert.notEqual(await cell(app, 'alice', 'lastSeen').textContent(), 'never');

  await app.button('Edit alice').click();
  await app.page.getByText('Limits', { exact: true }).click();
  await app.field('Per day').fill('2 lightyears');
  await app.button('Save').click();
  await app.page.locator('#user-problem').getByText('Per day: a number of bytes').waitFor();
  await app.field('Per day').fill('2 kB');
  await app.field('Connections').fill('3');
  await app.button('Save').click();
  await cell(app, 'alice', 'perDay').getByText('0 B of 2.0 kB').waitFor();
  await fetchAs(t, port, 'alice', url);
  await cell(app, 'alice', 'access').getByText('day used up').waitFor();
  assert.equal(await fetchAs(t, port, 'alice', url), undefined);
  const settings = readFileSync(join(folderOf(session), 'settings.json'), 'utf8');
  const [alice] = JSON.parse(settings).users;
  assert.deepEqual(alice.limits, { connections: 3, perDay: 2000 });
  assert.deepEqual(app.console, []);
  await app.close();

  const again = await DesktopApp.start(session);
  await again.show('Users');
  await cell(again, 'alice', 'access').getByText('day used up').waitFor();
  await again.startServer(port);
  assert.equal(await fetchAs(t, port, 'alice', url), undefined);
});

test('who has expired is told so, is refused for that reason, and is let in again', {
  skip: unlessDesktop('curl'),
}, async (t) => {
  const session = await startDesktopSession(t);
  const app = await DesktopApp.start(session);
  const port = await freePort(t);
  await app.startServer(port);
  await app.addUser('alice', PASSWORD);
  await app.button('Edit alice').click();
  const lastDay = app.page.getByLabel('Last day', { exact: true });
  await lastDay.fill('2020-01-31');
  await app.button('Save').click();
  await cell(app, 'alice', 'access').getByText('expired').waitFor();
  assert.equal(await cell(app, 'alice', 'expires').textContent(), 'Jan 31, 2020');
  const { url } = await webServer(t, { '/': 'hello' });
  assert.equal(await fetchAs(t, port, 'alice', url), undefined);
  await app.show('Connections');
  await app.sees(/this user expired at 2020-/);
  await app.show('Users');
  await app.page.getByLabel('Search users').fill('expired');
  await app.sees('1 user');
  await app.button('Edit alice').click();
  await lastDay.fill('');
  await app.page.getByLabel('Search users').fill('');
  await app.button('Save').click();
  await cell(app, 'alice', 'access').getByText('allowed').waitFor();
  assert.equal(await fetchAs(t, port, 'alice', url), 'hello');
});

test('an import tells how far it is, and Cancel takes all of it back', {
  skip: unlessDesktop('curl'),
}, async (t) => {
  const session = await startDesktopSession(t);
  const app = await DesktopApp.start(session);
  const file = join(session.home, 'many.txt');
  const lines = Array.from({ length: 10_000 }, (_, i) => `user${i}::$base64$c2VjcmV0\n`);
  writeFileSync(file, lines.join(''));
  await app.electron.evaluate(({ dialog }, path) => {
    dialog.showOpenDialog = async () => ({ canceled: false, filePaths: [path] });
  }, file);
  await app.show('Users');
  await app.button('Import …').click();
  await app.page.getByText(/Importing users: [1-9]\d* of 10,000/).waitFor();
  assert.equal(await app.button('Add user').isDisabled(), true);
  await app.show('Overview');
  await app.show('Users');
  await app.button('Cancel the import').click();
  await app.sees('The import was cancelled: no user was taken over.');
  await app.sees(/Nobody yet/);
  assert.deepEqual(await session.secretSearchAll({ service: 'picosocks5' }), []);
  assert.deepEqual(app.console, []);
});

test('ten thousand users: only those in view are drawn, and each is found', {
  skip: unlessDesktop(),
}, async (t) => {
  const session = await startDesktopSession(t);
  const users = Array.from({ length: 10_000 }, (_, i) => ({
    ...{ name: `user${i}`, group: `group${i % 10}`, disabled: i % 100 === 7, hashed: false },
  }));
  write(session, users);
  const app = await DesktopApp.start(session);
  await app.show('Users');
  await app.sees('10,000 users');
  const drawn = () => app.page.locator('pico-table.users .row').count();
  assert.ok((await drawn()) < 100);
  await app.page.getByRole('grid', { name: 'Users' }).press('End');
  await app.button('Edit user9999').waitFor();
  await app.page.getByRole('columnheader', { name: 'Name' }).getByRole('button').click();
  await app.page.getByRole('grid', { name: 'Users' }).press('Home');
  await app.page.locator('[aria-rowindex="2"]').getByText('user9999').waitFor();
  await app.page.getByLabel('Search users').fill('group7 disabled');
  await app.sees('100 of 10,000 users');
  await app.page.getByLabel('Search users').fill('user1234');
  await app.button('Disable user1234').click();
  await app.button('Enable user1234').waitFor();
  await app.sees('1 of 10,000 users');
  assert.deepEqual(app.console, []);
});
