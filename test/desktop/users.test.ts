import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { DesktopApp } from '../support/desktopapp.js';
import { type DesktopSession, startDesktopSession } from '../support/desktopsession.js';
import { unlessDesktop } from '../support/electron.js';
import { temporaryFile } from '../support/files.js';
import { webServer } from '../support/http.js';
import { plink } from '../support/plink.js';
import { run } from '../support/programs.js';
import { freePort, serve } from '../support/sockets.js';
import { plainSecret } from '../support/users.js';

const PASSWORD = 'correct horse 7!';
/** The exit status of curl when a proxy refuses it. */
const REFUSED = 97;

/** Tries to fetch through the proxy. @returns curl's exit status. */
async function fetchAs(t: TestContext, port: number, user: string, password: string) {
  const { url } = await webServer(t, { '/': 'hello' });
  const proxy = ['-x', `socks5h://127.0.0.1:${port}`, '-U', `${user}:${password}`];
  return (await run(t, 'curl', ['-sS', '--noproxy', '', ...proxy, url])).status;
}

function row(app: DesktopApp, user: string) {
  return app.page.getByRole('row', { name: new RegExp(`^${user}\\b`) });
}

/** The files below a session's home that have a text in them. */
async function filesWith(t: TestContext, session: DesktopSession, text: string): Promise<string> {
  const args = ['-rlFa', '-e', text, session.home, session.env['XDG_RUNTIME_DIR'] ?? ''];
  return (await run(t, 'grep', args)).stdout;
}

test('a user whose password is in the keychain and nowhere else', {
  skip: unlessDesktop('curl', 'plink'),
}, async (t) => {
  const session = await startDesktopSession(t);
  const app = await DesktopApp.start(session);
  const port = await freePort(t);
  await app.startServer(port);
  assert.equal(await fetchAs(t, port, 'anybody', 'x'), 0);

  await app.addUser('alice', PASSWORD, 'staff');
  assert.equal(await fetchAs(t, port, 'alice', PASSWORD), 0);
  assert.equal(await fetchAs(t, port, 'alice', 'wrong'), REFUSED);
  assert.equal(await fetchAs(t, port, 'anybody', 'x'), REFUSED);
  const target = await serve(t, (socket) => socket.end('welcome'));
  const login = { proxy: port, target, user: 'alice' };
  assert.equal((await plink(t, { ...login, password: PASSWORD })).stdout, 'welcome');
  assert.equal((await plink(t, { ...login, password: 'wrong' })).stdout, '');

  const entry = { service: 'picosocks5', account: 'alice' };
  assert.equal(await session.secretLookup(entry), PASSWORD);
  const html = await app.page.evaluate('document.documentElement.outerHTML');
  assert.ok(!String(html).includes(PASSWORD));
  await app.close();
  assert.equal(await filesWith(t, session, PASSWORD), '');
  assert.equal(await filesWith(t, session, Buffer.from(PASSWORD).toString('base64')), '');
});

test('renaming, disabling, deleting and undoing', { skip: unlessDesktop('curl') }, async (t) => {
  const session = await startDesktopSession(t);
  const app = await DesktopApp.start(session);
  const port = await freePort(t);
  await app.startServer(port);
  await app.addUser('alice', PASSWORD);

  await app.button('Edit alice').click();
  await app.field('User name').fill('bob');
  await app.button('Save').click();
  await row(app, 'bob').waitFor();
  await app.settled();
  assert.equal(await fetchAs(t, port, 'bob', PASSWORD), 0);
  assert.equal(await fetchAs(t, port, 'alice', PASSWORD), REFUSED);
  assert.deepEqual(
    (await session.secretSearchAll({ service: 'picosocks5' })).map(({ label }) => label),
    ['picosocks5/bob'],
  );

  await app.button('Edit bob').click();
  await app.field('Password').fill('another');
  await app.button('Save').click();
  await app.button('Save').waitFor({ state: 'detached' });
  assert.equal(await fetchAs(t, port, 'bob', 'another'), 0);
  assert.equal(await fetchAs(t, port, 'bob', PASSWORD), REFUSED);

  await app.button('Disable bob').click();
  await app.button('Enable bob').waitFor();
  assert.equal(await fetchAs(t, port, 'bob', 'another'), REFUSED);
  await app.button('Enable bob').click();
  await app.button('Disable bob').waitFor();
  assert.equal(await fetchAs(t, port, 'bob', 'another'), 0);

  await app.button('Delete bob').click();
  await row(app, 'bob').waitFor({ state: 'detached' });
  await app.settled();
  assert.deepEqual(await session.secretSearchAll({ service: 'picosocks5' }), []);
  await app.button('Undo').click();
  await row(app, 'bob').waitFor();
  assert.equal(await fetchAs(t, port, 'bob', 'another'), 0);
  assert.deepEqual(app.console, []);
});

test('no keychain, and one that is locked', { skip: unlessDesktop('curl') }, async (t) => {
  const without = await DesktopApp.start(await startDesktopSession(t, { keyring: 'none' }));
  const port = await freePort(t);
  await without.startServer(port);
  assert.equal(await fetchAs(t, port, 'anybody', 'x'), 0);
  await without.show('Users');
  await without.button('Add user').click();
  await without.field('User name').fill('alice');
  await without.field('Password').fill(PASSWORD);
  await without.button('Save').click();
  await without.sees(/No keychain can be used .* install a Secret Service/);
  await without.sees('Nothing was saved.');
  assert.equal(await fetchAs(t, port, 'anybody', 'x'), 0);
  await without.close();

  const session = await startDesktopSession(t);
  const before = await DesktopApp.start(session);
  await before.addUser('alice', PASSWORD);
  await before.close();
  await session.lock();
  const app = await DesktopApp.start(session);
  await app.startServer(port);
  await app.show('Users');
  await app.sees('The keychain is locked: unlock it and try again.');
  assert.equal(await fetchAs(t, port, 'alice', PASSWORD), REFUSED);
  assert.equal(await fetchAs(t, port, 'anybody', 'x'), REFUSED);
  await session.unlock();
  await row(app, 'alice').getByText('in the keychain').waitFor();
  assert.equal(await fetchAs(t, port, 'alice', PASSWORD), 0);

  await session.secretClear({ service: 'picosocks5', account: 'alice' });
  await app.show('Overview');
  await app.show('Users');
  await row(app, 'alice').getByText('no password').waitFor();
  assert.equal(await fetchAs(t, port, 'alice', PASSWORD), REFUSED);
});

test('password files come in and go out', { skip: unlessDesktop('curl') }, async (t) => {
  const session = await startDesktopSession(t);
  const app = await DesktopApp.start(session);
  const port = await freePort(t);
  await app.startServer(port);
  const file = temporaryFile(t, `carol:staff:${plainSecret('from a file')}\n`, 'old.txt');
  await app.electron.evaluate(({ dialog }, path) => {
    dialog.showOpenDialog = async () => ({ canceled: false, filePaths: [path] });
  }, file);
  await app.show('Users');
  await app.button('Import …').click();
  await app.sees('Users imported: 1.');
  assert.equal(await fetchAs(t, port, 'carol', 'from a file'), 0);

  const out = join(session.home, 'out.txt');
  await app.electron.evaluate(({ dialog }, path) => {
    dialog.showSaveDialog = async () => ({ canceled: false, filePath: path });
  }, out);
  writeFileSync(out, 'before', { mode: 0o644 });
  await app.button('Export …').click();
  await app.sees(`Users exported: 1, to ${out}. The file holds secrets readably.`);
  assert.equal(readFileSync(out, 'utf8'), readFileSync(file, 'utf8'));
  assert.equal(statSync(out).mode & 0o777, 0o600);

  const nowhere = join(session.home, 'not there', 'users.txt');
  await app.electron.evaluate(({ dialog }, path) => {
    dialog.showSaveDialog = async () => ({ canceled: false, filePath: path });
  }, nowhere);
  await app.button('Export …').click();
  const why = 'no such file or directory';
  await app.sees(`"${nowhere}" cannot be written: ${why}. Choose another place.`);
});

test('names that look the same, and the order of many', { skip: unlessDesktop() }, async (t) => {
  const app = await DesktopApp.start(await startDesktopSession(t));
  await app.addUser('user10', PASSWORD, 'staff');
  await app.addUser('user2', PASSWORD);
  await app.addUser('user1', PASSWORD);
  const names = () => app.page.locator('pico-table.users .row .name').allTextContents();
  assert.deepEqual(await names(), ['user1', 'user2', 'user10']);

  for (const [name, problem] of [
    [' user1 ', 'There is a user "user1" already.'],
    ['user1\u200b', /no invisible characters/],
    ['a:b', /no colon/],
  ] as const) {
    await app.button('Add user').click();
    await app.field('User name').fill(name);
    await app.field('Password').fill(PASSWORD);
    await app.button('Save').click();
    await app.page.locator('#user-problem').getByText(problem).waitFor();
  }
  await app.field('User name').fill('nul');
  await app.page.evaluate(
    `document.querySelector('[name=password]').value = String.fromCharCode(97, 0, 98)`,
  );
  await app.button('Save').click();
  await app.page
    .locator('#user-problem')
    .getByText(/no NUL character/)
    .waitFor();
  await app.button('Cancel').click();

  await app.page.getByLabel('Search users').fill('staff');
  await app.sees('1 of 3 users');
  assert.deepEqual(await names(), ['user10']);
  await app.show('Overview');
  await app.show('Users');
  assert.deepEqual(await names(), ['user10']);
});

test('a double click presses one button, and the focus stays near', {
  skip: unlessDesktop(),
}, async (t) => {
  const session = await startDesktopSession(t);
  const app = await DesktopApp.start(session);
  await app.electron.evaluate(({ dialog }) => {
    dialog.showOpenDialog = async () => {
      Object.assign(globalThis, { imported: true });
      return { canceled: true, filePaths: [] };
    };
  });
  const focused = (name: string) =>
    app.page.locator('button:focus').and(app.button(name)).waitFor();
  await app.show('Users');
  await app.button('Add user').dblclick();
  await app.field('User name').waitFor();
  const imported = await app.electron.evaluate(() => 'imported' in globalThis);
  assert.equal(imported, false);
  await app.button('Cancel').click();
  await focused('Add user');
  for (const name of ['ada', 'bob', 'eve']) await app.addUser(name, PASSWORD);
  await focused('Edit eve');

  await app.button('Delete ada').dblclick();
  await row(app, 'ada').waitFor({ state: 'detached' });
  await row(app, 'bob').waitFor();
  await focused('Delete bob');
  await app.button('Undo').click();
  await focused('Edit ada');
  await app.button('Delete eve').click();
  await focused('Delete bob');
  await app.page.getByRole('button', { name: 'Dismiss' }).first().press('Enter');
  await app.page.locator(':focus').waitFor();

  // A key that is held presses once.
  await app.button('Delete ada').focus();
  for (let i = 0; i < 5; i++) await app.page.keyboard.down('Enter');
  await focused('Delete bob');
  for (let i = 0; i < 5; i++) await app.page.keyboard.down('Enter');
  await app.page.keyboard.up('Enter');
  await app.settled();
  assert.deepEqual(
    await Promise.all(['ada', 'bob'].map((name) => row(app, name).count())),
    [0, 1],
    'the one that got the focus is there',
  );
  await app.button('Undo').last().click();
  await focused('Edit ada');

  await app.button('Disable bob').dblclick();
  await app.button('Enable bob').waitFor();
  await row(app, 'bob').getByText('disabled').waitFor();
  const looks = app.page.locator('[aria-label="Enable bob"] .codicon-circle-slash');
  assert.equal(await looks.count(), 0);

  // Who goes on elsewhere while the keychain takes its time stays there.
  session.freeze();
  t.after(() => session.thaw());
  await app.button('Delete bob').click();
  await app.page.getByLabel('Search users').focus();
  session.thaw();
  await row(app, 'bob').waitFor({ state: 'detached' });
  await app.settled();
  await app.page.locator('input.filter:focus').waitFor();

  await app.setPort(await freePort(t));
  await app.button('Start server').dblclick();
  await app.status('Running');
});

test('a long name hides nothing', { skip: unlessDesktop() }, async (t) => {
  const app = await DesktopApp.start(await startDesktopSession(t));
  await app.electron.evaluate(({ BrowserWindow }) =>
    BrowserWindow.getAllWindows()[0]?.setBounds({ width: 800, height: 600 }),
  );
  await app.until('innerWidth <= 800');
  const name = 'x'.repeat(255);
  await app.addUser(name, PASSWORD, 'g'.repeat(255));
  await row(app, name).waitFor();
  const box = await app.button(`Delete ${name}`).boundingBox();
  assert.ok(box !== null && box.x + box.width <= 800, JSON.stringify(box));
  const overflow = `document.querySelector('main').scrollWidth > document.querySelector('main').clientWidth`;
  assert.equal(await app.page.evaluate(overflow), false);
});
