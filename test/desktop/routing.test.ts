import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { createServer } from 'picosocks5';
import { DesktopApp } from '../support/desktopapp.js';
import { type DesktopSession, startDesktopSession } from '../support/desktopsession.js';
import { unlessDesktop } from '../support/electron.js';
import { run } from '../support/programs.js';
import { echoServer, freePort } from '../support/sockets.js';
import { address, assertEcho, connected, request } from '../support/socks.js';
import { passwordFile, plainSecret } from '../support/users.js';

const skip = unlessDesktop();
const PASSWORD = 'weit weg';

interface Started {
  readonly session: DesktopSession;
  readonly app: DesktopApp;
  readonly port: number;
}

async function started(t: TestContext): Promise<Started> {
  const session = await startDesktopSession(t);
  const app = await DesktopApp.start(session);
  const port = await freePort(t);
  await app.startServer(port);
  await app.show('Routing');
  return { session, app, port };
}

/** Waits until a setting is kept with a value. */
async function keeps({ app, session }: Started, key: string, expected: unknown): Promise<void> {
  await app.settled();
  const file = join(session.env['XDG_CONFIG_HOME'] ?? '', 'PicoSOCKS5/settings.json');
  const kept = () => JSON.parse(readFileSync(file, 'utf8')).settings[key];
  for (let i = 0; i < 100 && !isDeepStrictEqual(kept(), expected); i++) await setTimeout(50);
  assert.deepEqual(kept(), expected);
}

async function add(app: DesktopApp, what: 'route' | 'rule', text: string): Promise<void> {
  await app.button(`Add ${what}`).click();
  await app.field(`New ${what}`).fill(text);
  await app.field(`New ${what}`).press('Enter');
  await app.field(`New ${what}`).waitFor({ state: 'detached' });
  await app.settled();
}

/** A server for others to go through; with a password for alice. @returns its port. */
async function upstream(t: TestContext): Promise<number> {
  const file = passwordFile(t, `alice::${plainSecret(PASSWORD)}`);
  const server = createServer({ listen: ['127.0.0.1:0'], auth: [file] });
  const [{ port } = { port: 0 }] = await server.listen();
  t.after(() => server.close());
  return port;
}

async function addUpstream(app: DesktopApp, port: number, password = PASSWORD): Promise<void> {
  await app.button('Add upstream server').click();
  await app.field('Name').fill('work');
  await app.field('Host').fill('127.0.0.1');
  await app.field('Port').fill(String(port));
  await app.field('User name').fill('alice');
  await app.field('Password').fill(password);
  await app.button('Save').click();
  await app.page.getByRole('row', { name: /^work\b/ }).waitFor();
}

test('rules are typed, checked, ordered and removed', { skip }, async (t) => {
  const all = await started(t);
  const { app } = all;
  const { page } = app;
  const row = (name: string | RegExp) => page.getByRole('row', { name });
  const focused = (name: RegExp) => row(name).and(page.locator(':focus')).waitFor();
  await app.sees('Everything leaves directly.');
  await app.button('Add route').click();
  await app.field('New route').fill('*.example=nowhere');
  await app.sees(/there is no upstream server "nowhere"; known are "direct", "block"/);
  await app.field('New route').press('Enter');
  assert.equal(await app.field('New route').getAttribute('aria-invalid'), 'true');
  // What is typed waits, in force no sooner than it is saved.
  await app.show('Overview');
  await app.show('Routing');
  assert.equal(await app.field('New route').inputValue(), '*.example=nowhere');
  await app.sees(/there is no upstream server "nowhere"/);
  await keeps(all, 'via', undefined);
  await app.field('New route').fill('*.example=block');
  await app.button('Save').click();
  await focused(/^route 1: \*\.example is blocked/);
  await add(app, 'route', '10.0.0.0/8=direct');
  await add(app, 'route', 'direct');
  await keeps(all, 'via', ['*.example=block', '10.0.0.0/8=direct', 'direct']);
  assert.equal(await page.getByText('leaves directly.').count(), 0);

  await focused(/^route 3: everything goes directly/);
  await page.keyboard.press('Alt+ArrowUp');
  await focused(/^route 2: everything/);
  await keeps(all, 'via', ['*.example=block', 'direct', '10.0.0.0/8=direct']);
  await page.keyboard.press('ArrowDown');
  await focused(/^route 3: 10\.0\.0\.0/);
  await row(/^route 3:/).dragTo(row(/^route 1:/));
  await keeps(all, 'via', ['10.0.0.0/8=direct', '*.example=block', 'direct']);
  await focused(/^route 1: 10\.0/);
  await app.button('Move route 1 down').click();
  await keeps(all, 'via', ['*.example=block', '10.0.0.0/8=direct', 'direct']);

  await page.keyboard.press('Home');
  await focused(/^route 1/);
  await page.keyboard.press('Enter');
  await app.field('Edit route 1').fill('a.example:443=block');
  await page.keyboard.press('Escape');
  await focused(/^route 1: \*\.example is blocked/);
  await app.button('Edit route 1').click();
  await app.field('Edit route 1').fill('a.example:443=block');
  await app.field('Edit route 1').press('Enter');
  await keeps(all, 'via', ['a.example:443=block', '10.0.0.0/8=direct', 'direct']);
  await focused(/^route 1: a\.example:443/);
  await page.keyboard.press('Delete');
  await keeps(all, 'via', ['10.0.0.0/8=direct', 'direct']);
  await app.button('Undo').click();
  await keeps(all, 'via', ['a.example:443=block', '10.0.0.0/8=direct', 'direct']);

  // One after the other, without waiting for what is shown.
  await row(/^route 1: a\.example/).press('Alt+ArrowDown');
  await page.keyboard.press('Alt+ArrowDown');
  await add(app, 'route', 'b.example=block');
  await keeps(all, 'via', [
    '10.0.0.0/8=direct',
    'direct',
    'a.example:443=block',
    'b.example=block',
  ]);

  // Who begins something else before the answer has come types on there.
  await page.evaluate(`(async () => {
    const list = document.querySelector('pico-rules');
    const key = { key: 'ArrowDown', altKey: true };
    list.querySelector('[data-at="0"]').dispatchEvent(new KeyboardEvent('keydown', key));
    list.querySelector('button.add').click();
    await list.updateComplete;
  })()`);
  await app.settled();
  await page.keyboard.type('c.example=block');
  await page.keyboard.press('Enter');
  await keeps(all, 'via', [
    'direct',
    '10.0.0.0/8=direct',
    'a.example:443=block',
    'b.example=block',
    'c.example=block',
  ]);

  await add(app, 'rule', '!all:192.0.2.0/24');
  await app.sees('Everything else is refused.');
  await app.button('Add rule').click();
  await app.field('New rule').fill('fly:*');
  await app.sees(/Request rules: .*fly/);
  await keeps(all, 'request', ['!all:192.0.2.0/24']);
  assert.deepEqual(app.console, []);
});

test('which way somebody would take, and which rule says so', { skip }, async (t) => {
  const { app } = await started(t);
  const ask = async (destination: string) => {
    await app.field('Destination').fill(destination);
    await app.field('Destination').press('Enter');
  };
  await ask('127.0.0.1:80');
  await app.sees(/An anonymous client may connect to 127\.0\.0\.1:80, and leaves directly/);
  await add(app, 'route', '*.example=block');
  await add(app, 'rule', '!connect:127.0.0.1:25');
  await add(app, 'rule', 'all');
  await ask('www.example:443');
  await app.sees(/may not connect to www\.example:443 \(.*\*\.example=block/);
  await ask('127.0.0.1:25');
  await app.page
    .getByRole('list', { name: 'Addresses' })
    .getByText(/refused \(rule "!connect:127\.0\.0\.1:25"\)/)
    .waitFor();
  await ask('127.0.0.1');
  await app.sees(/"127\.0\.0\.1": expected HOST:PORT/);
  // What is asked before the last answer has come is answered as well.
  await app.page.evaluate(`(async () => {
    const view = document.querySelector('pico-route-test');
    for (const destination of ['127.0.0.1:81', 'other.example:82']) {
      const input = view.querySelector('input');
      input.value = destination;
      input.dispatchEvent(new Event('input'));
      view.querySelector('button').click();
      await view.updateComplete;
    }
  })()`);
  await app.sees(/may not connect to other\.example:82/);
  await app.addUser('bob', 'x');
  await app.show('Routing');
  await app.page.getByLabel('Who').selectOption('bob');
  await ask('127.0.0.1:80');
  await app.sees(/bob may connect to 127\.0\.0\.1:80/);
  await app.button('Stop server').click();
  await app.status('Stopped');
  const command = app.page.getByRole('combobox', { name: 'Command', exact: true });
  await command.selectOption('bind');
  await ask('127.0.0.1:80');
  await app.sees(/bob may bind to 127\.0\.0\.1:80/);
});

test('an upstream server: its password, its test, and connections through it', {
  skip,
}, async (t) => {
  const all = await started(t);
  const { app, session, port } = all;
  const echo = await echoServer(t);
  await addUpstream(app, await upstream(t), 'wrong');
  await app.button('Test work').click();
  await app.sees(/^Upstream work cannot be used: /);
  await app.button('Edit work').click();
  await app.field('Password').fill(PASSWORD);
  await app.button('Save').click();
  await app.field('Password').waitFor({ state: 'detached' });
  await app.button('Test work').click();
  await app.page
    .getByRole('row', { name: /^work\b/ })
    .getByText(/\d m?s$/)
    .waitFor();
  const entry = { service: 'picosocks5', account: 'upstream:work' };
  assert.equal(await session.secretLookup(entry), PASSWORD);

  await add(app, 'route', '*=work');
  await keeps(all, 'via', ['*=work']);
  await assertEcho(await connected(t, port, echo));
  await app.show('Connections');
  const row = app.page.getByRole('row').filter({ hasText: `127.0.0.1:${echo}` });
  await row.getByRole('gridcell', { name: 'work', exact: true }).waitFor();
  await app.show('Routing');
  await app.button('Delete work').click();
  await app.sees('The route "*=work" leads through "work": change that first.');

  await app.button('Edit work').click();
  await app.field('Name').fill('office');
  await app.button('Save').click();
  await app.page.getByRole('row', { name: /^route 1: everything goes through office/ }).waitFor();
  await keeps(all, 'via', ['*=office']);
  await assertEcho(await connected(t, port, echo));

  const html = await app.page.evaluate('document.documentElement.outerHTML');
  assert.ok(!String(html).includes(PASSWORD));
  const state = await app.page.evaluate(
    `window.picosocks5.request('app.state').then((state) => JSON.stringify(state))`,
  );
  assert.ok(!String(state).includes(PASSWORD));
  await app.close();
  const found = await run(t, 'grep', ['-rlF', PASSWORD, join(session.home, '.config')]);
  assert.equal(found.stdout, '');

  const again = await DesktopApp.start(session);
  await again.button('Start server').click();
  await again.status('Running');
  await assertEcho(await connected(t, port, echo));
});

test('a destination of the live log is routed and denied', { skip }, async (t) => {
  const all = await started(t);
  const { app, port } = all;
  const { page } = app;
  const echo = await echoServer(t);
  const client = await connected(t, port, echo);
  await assertEcho(client);
  await app.show('Connections');
  const row = page.getByRole('row').filter({ hasText: `127.0.0.1:${echo}` });
  await row.click({ button: 'right' });
  await page.getByRole('menuitem', { name: 'Route this destination …' }).click();
  assert.equal(await app.field('New route').inputValue(), '127.0.0.1=direct');
  assert.equal(await page.evaluate('getSelection().toString()'), 'direct');
  await page.keyboard.type('block');
  await page.keyboard.press('Enter');
  await keeps(all, 'via', ['127.0.0.1=block']);
  assert.equal((await request(t, port, 1, address('127.0.0.1', echo))).reply.reply, 2);
  await app.button('Remove route 1').click();
  await keeps(all, 'via', undefined);

  // By the keyboard alone.
  await app.show('Connections');
  await page.getByRole('grid', { name: 'Connections' }).focus();
  await page.keyboard.press('Home');
  await page.keyboard.press('ContextMenu');
  await page.getByRole('menuitem', { name: 'Route this destination …' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('grid', { name: 'Connections' }).and(page.locator(':focus')).waitFor();
  await page.keyboard.press('ContextMenu');
  const deny = page.getByRole('menuitem', { name: 'Deny this destination' });
  await deny.waitFor();
  while (!(await deny.evaluate((item) => item.matches(':focus')))) {
    await page.keyboard.press('ArrowDown');
  }
  await page.keyboard.press('Enter');
  const rule = page.getByRole('row', { name: 'rule 1: deny all to 127.0.0.1' });
  await rule.and(page.locator(':focus')).waitFor();
  await keeps(all, 'request', ['!all:127.0.0.1', 'all']);
  assert.equal((await request(t, port, 1, address('127.0.0.1', echo))).reply.reply, 2);
  await assertEcho(client, 'goes on');
  assert.deepEqual(app.console, []);
});
