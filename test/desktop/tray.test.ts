import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { DesktopApp } from '../support/desktopapp.js';
import { becomes } from '../support/desktopextensions.js';
import { startDesktopSession } from '../support/desktopsession.js';
import { unlessDesktop } from '../support/electron.js';
import { echoServer, freePort } from '../support/sockets.js';
import { assertEcho, connected } from '../support/socks.js';
import { TRAY_HOST_PROGRAMS, type TrayHost } from '../support/trayhost.js';

const skip = unlessDesktop(...TRAY_HOST_PROGRAMS);

/** Waits until the tray's menu has an entry, at most 10 s. */
async function entry(tray: TrayHost, label: string) {
  for (let i = 0; i < 100; i++) {
    const found = (await tray.menu()).find((candidate) => candidate.label.includes(label));
    if (found !== undefined) return found;
    await setTimeout(100);
  }
  throw new Error(`no entry "${label}" in ${JSON.stringify(await tray.menu())}`);
}

test('the tray works with the window closed', { skip }, async (t) => {
  const session = await startDesktopSession(t, { trayHost: true });
  const { tray } = session;
  const app = await DesktopApp.start(session);
  const port = await freePort(t);
  await app.setPort(port);
  await entry(tray, 'Stopped');
  const stopped = await tray.icon();

  const windows = () =>
    app.electron.evaluate(
      ({ BrowserWindow }) => BrowserWindow.getAllWindows().filter((w) => w.isVisible()).length,
    );
  await app.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.close());
  assert.equal(await windows(), 0);

  await tray.click('Start server');
  await entry(tray, `Running: 127.0.0.1:${port}`);
  assert.notEqual((await tray.icon()).hash, stopped.hash);
  assert.match((await tray.icon()).tooltip, /Running/);
  const client = await connected(t, port, await echoServer(t));
  const open = await tray.menu();
  await assertEcho(client);
  await app.page
    .getByRole('button', { name: '1 connection', includeHidden: true })
    .waitFor({ state: 'attached' });
  // A menu that is open goes on to work while connections come and go.
  assert.deepEqual(await tray.menu(), open);
  await tray.click('Copy socks5');
  const copied = () => app.electron.evaluate(({ clipboard }) => clipboard.readText());
  await becomes(`socks5h://127.0.0.1:${port}`, copied);

  const startsAtLogin = async () => (await entry(tray, 'Start at login')).checked;
  await tray.click('Start at login');
  const autostart = join(session.env['XDG_CONFIG_HOME'] ?? '', 'autostart/picosocks5.desktop');
  await becomes(true, startsAtLogin);
  assert.ok(existsSync(autostart));
  await tray.click('Start at login');
  await becomes(false, startsAtLogin);
  assert.ok(!existsSync(autostart));

  // What went wrong is there, and leads to what it is about.
  const blocker = createServer().listen(0, '127.0.0.1');
  await once(blocker, 'listening');
  t.after(() => blocker.close());
  const { port: taken } = blocker.address() as AddressInfo;
  await app.page.evaluate(
    `window.picosocks5.request('settings.set', { key: 'port', value: ${taken} })`,
  );
  await app.page.evaluate(`window.picosocks5.request('server.restart')`);
  await entry(tray, 'Recent problems');
  const problems = await entry(tray, 'Recent problems');
  const [problem] = problems.entries;
  assert.match(problem?.label ?? '', new RegExp(`${taken}`));
  await tray.click(problem?.label ?? '');
  await app.page.getByRole('heading', { name: 'Overview' }).waitFor();
  assert.equal(await windows(), 1);
  await tray.click('Forget these');
  await app.page.evaluate(
    `window.picosocks5.request('settings.set', { key: 'port', value: ${port} })`,
  );
  await app.page.evaluate(`window.picosocks5.request('server.start')`);
  await entry(tray, `Running: 127.0.0.1:${port}`);
  await becomes(false, async () =>
    (await tray.menu()).some(({ label }) => label === 'Recent problems'),
  );

  await tray.click('Settings');
  await app.page.getByRole('heading', { name: 'Settings' }).waitFor();
  assert.equal(await windows(), 1);
  await tray.click('Stop server');
  await app.status('Stopped');

  const exit = once(app.electron.process(), 'exit');
  await tray.click('Quit');
  assert.deepEqual(await exit, [0, null]);
});

test('at login the app starts in the tray, and its window comes when asked for', {
  skip,
}, async (t) => {
  const session = await startDesktopSession(t, { trayHost: true });
  const electron = await DesktopApp.startHidden(session);
  await entry(session.tray, 'Stopped');
  assert.equal(electron.windows().length, 0);
  const window = electron.waitForEvent('window');
  await session.tray.click('Connections');
  await (await window).getByRole('grid', { name: 'Connections' }).waitFor();
  await electron.close();
});

test('a command of the menu opens the window that is not there yet', { skip }, async (t) => {
  const session = await startDesktopSession(t, { trayHost: true });
  const electron = await DesktopApp.startHidden(session);
  await entry(session.tray, 'Stopped');
  const opened = electron.waitForEvent('window');
  const labels = await electron.evaluate(({ Menu }) => {
    const view = Menu.getApplicationMenu()?.items.find(({ label }) => label === 'View');
    const items = view?.submenu?.items ?? [];
    items.find(({ label }) => label === 'Users')?.click();
    return items.map(({ label }) => label);
  });
  const window = await opened;
  await window.getByRole('heading', { name: 'Users' }).waitFor();

  // The menu and the activity bar have the same views, and the same keys for them.
  const bar = window.getByRole('navigation', { name: 'Views', exact: true }).getByRole('link');
  const titles = await bar.evaluateAll((links) => links.map(({ title }) => title));
  assert.deepEqual(labels.slice(0, titles.length), titles);
  for (const [i, title] of titles.entries()) {
    await window.keyboard.press(`Control+${i + 1}`);
    await window.getByRole('heading', { name: title, level: 1 }).waitFor({ state: 'attached' });
    assert.equal(await bar.nth(i).getAttribute('aria-current'), 'page');
  }
  await electron.close();
});
