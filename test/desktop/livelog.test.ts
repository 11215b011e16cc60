import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createServer } from 'picosocks5';
import { DesktopApp } from '../support/desktopapp.js';
import { startDesktopSession } from '../support/desktopsession.js';
import { unlessDesktop } from '../support/electron.js';
import { run } from '../support/programs.js';
import { echoServer, freePort } from '../support/sockets.js';
import { address, assertEcho, connected, request } from '../support/socks.js';

async function started(t: TestContext): Promise<{ app: DesktopApp; port: number }> {
  const app = await DesktopApp.start(await startDesktopSession(t));
  const port = await freePort(t);
  await app.startServer(port);
  await app.show('Connections');
  return { app, port };
}

function row(app: DesktopApp, text: string) {
  return app.page.getByRole('grid').getByRole('row').filter({ hasText: text });
}

/** Asserts that at 800 by 600 nothing of the table's head is cut, whatever it is sorted by. */
async function allIsInView(app: DesktopApp): Promise<void> {
  await size(app, 800, 600);
  await app.until('innerWidth <= 800');
  const box = await app.page.getByRole('grid', { name: 'Connections' }).boundingBox();
  assert.ok(box !== null && box.x + box.width <= 800, JSON.stringify(box));
  // The sign of the order needs room as well.
  const cut = `[...document.querySelectorAll('.grid, .grid .head *')].filter(${isCut})`;
  for (const name of ['Command', 'Destination', 'Duration', 'Time']) {
    await app.page.getByRole('columnheader', { name }).getByRole('button').click();
    await app.page.locator(`[role=columnheader][aria-sort$=scending]`, { hasText: name }).waitFor();
    const texts = await app.page.evaluate(`${cut}.map(({ textContent }) => textContent.trim())`);
    assert.deepEqual(texts, [], name);
  }
  const last = await app.page.getByRole('columnheader', { name: 'Reason' }).boundingBox();
  assert.ok(last !== null && last.x + last.width <= 800, JSON.stringify(last));
}

const isCut = '({ scrollWidth, clientWidth }) => scrollWidth > clientWidth';

function size(app: DesktopApp, width: number, height: number): Promise<void> {
  return app.electron.evaluate(
    ({ BrowserWindow }, bounds) => BrowserWindow.getAllWindows()[0]?.setBounds(bounds),
    { x: 0, y: 0, width, height },
  );
}

/** Makes a connection that the server refuses, so that it has a row of its own. */
async function refused(t: TestContext, port: number): Promise<void> {
  await request(t, port, 1, address('127.0.0.1', await freePort(t)));
}

/** Sends something that is no SOCKS, and waits for the end. */
function sends(port: number, octets: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(octets));
    socket.on('error', reject).on('close', () => resolve());
    socket.resume();
  });
}

test('failed logins, and programs that are set up wrongly, are told in words', {
  skip: unlessDesktop('curl'),
}, async (t) => {
  const { app, port } = await started(t);
  await sends(port, 'GET / HTTP/1.1\r\n\r\n');
  await row(app, 'a browser opened the proxy as a page').waitFor();
  await sends(port, '\x16\x03\x01');
  await row(app, 'a TLS connection came').waitFor();

  await app.addUser('alice', 'secret');
  const proxy = ['-x', `socks5h://127.0.0.1:${port}`];
  await run(t, 'curl', ['-sS', '--noproxy', '', ...proxy, '-U', 'alice:wrong', 'http://a.test/']);
  await run(t, 'curl', ['-sS', '--noproxy', '', ...proxy, 'http://a.test/']);
  await app.show('Connections');
  const failed = row(app, 'alice');
  await failed
    .getByText('login failed (authentication-failed): wrong user name or password')
    .waitFor();
  const color = `getComputedStyle(document.querySelector('.row.login-failed .state')).color`;
  const dim = `getComputedStyle(document.querySelector('.counts')).color`;
  assert.notEqual(await app.page.evaluate(color), await app.page.evaluate(dim));
  await row(app, 'this program does not log in: give it a user name and password').waitFor();
  await app.page.getByLabel('State').selectOption('login failed');
  await app.sees('1 of 4 rows');

  await app.show('Overview');
  const refusals = app.page.getByRole('table').getByRole('row');
  await refusals.filter({ hasText: 'login failed' }).getByText('as alice: wrong user').waitFor();
  await refusals.filter({ hasText: 'what came is not SOCKS' }).getByText('TLS').waitFor();
});

test('filter, order and pause outlive a visit to another view', {
  skip: unlessDesktop(),
}, async (t) => {
  const { app, port } = await started(t);
  await refused(t, port);
  await app.sees(/^1 row$/);
  await app.page.getByLabel('Filter connections').fill('unreachable');
  await app.page.getByLabel('State').selectOption('failed');
  await app.button('Duration').click();
  await app.button('Pause').click();
  await refused(t, port);
  await app.show('Overview');
  await app.show('Connections');
  assert.equal(await app.page.getByLabel('Filter connections').inputValue(), 'unreachable');
  assert.equal(await app.page.getByLabel('State').inputValue(), 'failed');
  const header = app.page.getByRole('columnheader', { name: 'Duration' });
  assert.equal(await header.getAttribute('aria-sort'), 'descending');
  assert.equal(await app.button('Pause').getAttribute('aria-pressed'), 'true');
  await app.sees(/^1 row$/);
  await app.button('Pause').click();
  await app.sees(/^2 rows$/);
});

test('following ends where somebody reads, and goes on at the newest row', {
  skip: unlessDesktop(),
}, async (t) => {
  const { app, port } = await started(t);
  const grid = app.page.getByRole('grid', { name: 'Connections' });
  const follows = () => app.button('Follow').getAttribute('aria-pressed');
  const top = () => grid.evaluate((element) => element.scrollTop);
  const left = () =>
    grid.evaluate(({ scrollHeight, clientHeight, scrollTop }) =>
      Math.round(scrollHeight - clientHeight - scrollTop),
    );
  for (let i = 0; i < 50; i++) await refused(t, port);
  await app.sees(/^50 rows$/);
  assert.equal(await follows(), 'true');
  assert.equal(await left(), 0);

  // As the scrollbar does when it is dragged: no wheel, no key.
  await app.scroll(grid, 200);
  await app.page.locator('[aria-label=Follow][aria-pressed=false]').waitFor();
  for (let i = 0; i < 5; i++) await refused(t, port);
  await app.sees(/^55 rows$/);
  assert.equal(await top(), 200);

  await app.scroll(grid, await grid.evaluate(({ scrollHeight }) => scrollHeight));
  await app.page.locator('[aria-label=Follow][aria-pressed=true]').waitFor();
  for (let i = 0; i < 5; i++) await refused(t, port);
  await app.sees(/^60 rows$/);
  assert.equal(await left(), 0);

  // The newest first: what is read stays, though rows come above it.
  await app.button('Time').click();
  await app.until(`document.querySelector('.grid').scrollTop === 0`);
  await app.scroll(grid, 240);
  await app.page.locator('[aria-label=Follow][aria-pressed=false]').waitFor();
  await refused(t, port);
  await app.sees(/^61 rows$/);
  assert.equal(await top(), 264);
});

test('a screen reader is told of the table, and of the chosen row', {
  skip: unlessDesktop(),
}, async (t) => {
  const { app, port } = await started(t);
  const echo = await echoServer(t);
  const client = await connected(t, port, echo);
  await assertEcho(client);
  const grid = app.page.getByRole('grid', { name: 'Connections' });
  await row(app, `127.0.0.1:${echo}`).getByText('open').waitFor();
  assert.equal(await grid.getAttribute('aria-rowcount'), '2');
  const cells = `(grid => grid.ariaColCount - grid.querySelectorAll('[role=gridcell]').length)`;
  assert.equal(await app.page.evaluate(`${cells}(document.querySelector('[role=grid]'))`), 0);
  await grid.focus();
  await app.page.keyboard.press('ArrowDown');
  const chosen = grid.getByRole('row', { selected: true });
  await chosen.waitFor();
  assert.equal(await chosen.getAttribute('aria-rowindex'), '2');
  const id = await chosen.getAttribute('id');
  assert.equal(await grid.getAttribute('aria-activedescendant'), id);
  const said = app.page.locator('pico-connections [aria-live]');
  await said.getByText(`127.0.0.1:${echo}: open`).waitFor();
  await app.page.keyboard.press('Delete');
  await client.readAll();
  await said.getByText(`127.0.0.1:${echo}: closed, disconnected here (disconnected)`).waitFor();
  await app.page.getByRole('button', { name: 'Close details' }).click();
  await app.page.locator('[role=grid]:focus').waitFor();
});

test('the way out is a column where somebody leaves by another than the direct one', {
  skip: unlessDesktop(),
}, async (t) => {
  const { app, port } = await started(t);
  const other = createServer({ listen: ['127.0.0.1:0'] });
  const [{ port: through } = { port: 0 }] = await other.listen();
  t.after(() => other.close());
  const echo = await echoServer(t);
  await assertEcho(await connected(t, port, echo));
  await row(app, `127.0.0.1:${echo}`).getByText('open').waitFor();
  const via = app.page.getByRole('columnheader', { name: 'Via' });
  assert.equal(await via.count(), 0);
  const change = { key: 'via', value: [`socks5://127.0.0.1:${through}`] };
  await app.page.evaluate(`window.picosocks5.request('settings.set', ${JSON.stringify(change)})`);
  await assertEcho(await connected(t, port, echo));
  await via.waitFor();
  await row(app, `socks5://127.0.0.1:${through}`).waitFor();
  await allIsInView(app);
});

test('at 800 by 600 all of the table is in view, and reasons use the room there is', {
  skip: unlessDesktop(),
}, async (t) => {
  const { app, port } = await started(t);
  for (let i = 0; i < 40; i++) await refused(t, port);
  await sends(port, 'GET / HTTP/1.1\r\n\r\n');
  await app.sees(/^41 rows$/);

  await allIsInView(app);

  await size(app, 1300, 800);
  const reasons = `[...document.querySelectorAll('.row .reason')]`;
  await app.until(`!${reasons}.some(${isCut})`);
});
