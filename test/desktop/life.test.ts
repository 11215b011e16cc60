import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { DesktopApp, HEADLESS_ARGS } from '../support/desktopapp.js';
import { startDesktopSession } from '../support/desktopsession.js';
import { ELECTRON, unlessDesktop } from '../support/electron.js';
import { run } from '../support/programs.js';
import { freePort } from '../support/sockets.js';

const skip = unlessDesktop();
const root = fileURLToPath(new URL('../../../', import.meta.url));

function visibleWindows(app: DesktopApp): Promise<number> {
  return app.electron.evaluate(
    ({ BrowserWindow }) => BrowserWindow.getAllWindows().filter((w) => w.isVisible()).length,
  );
}

/** Closes the window as its title bar does, and answers what is asked then. */
function closeWindow(app: DesktopApp, answer: number): Promise<void> {
  return app.electron.evaluate(
    ({ BrowserWindow, dialog }, response) =>
      new Promise<void>((resolve) => {
        dialog.showMessageBox = async () => {
          setTimeout(resolve);
          return { response, checkboxChecked: false };
        };
        BrowserWindow.getAllWindows()[0]?.close();
      }),
    answer,
  );
}

async function started(t: TestContext): Promise<DesktopApp> {
  return DesktopApp.start(await startDesktopSession(t));
}

test('without a tray, closing asks; a second start brings the window back', { skip }, async (t) => {
  const session = await startDesktopSession(t);
  const app = await DesktopApp.start(session);
  await app.startServer(await freePort(t));
  await closeWindow(app, 2);
  assert.equal(await visibleWindows(app), 1);
  await closeWindow(app, 1);
  assert.equal(await visibleWindows(app), 0);

  const second = await run(t, ELECTRON, [root, ...HEADLESS_ARGS], { env: session.env });
  assert.equal(second.status, 0);
  await app.until(`document.visibilityState === 'visible'`);
  assert.equal(await visibleWindows(app), 1);
  await app.status('Running');

  const exit = once(app.electron.process(), 'exit');
  await closeWindow(app, 0).catch(() => {});
  assert.deepEqual(await exit, [0, null]);
});

test('the window can reach nothing but the app', { skip }, async (t) => {
  const app = await started(t);
  const page = app.page;
  assert.equal(await page.evaluate(`typeof require + typeof process`), 'undefinedundefined');
  assert.equal(await page.evaluate(`window.open('https://example.com') === null`), true);
  assert.equal(await page.evaluate(`fetch('https://example.com').catch(() => 'denied')`), 'denied');
  assert.equal(await page.evaluate(`fetch('file:///etc/passwd').catch(() => 'denied')`), 'denied');
  const permission = `navigator.permissions.query({ name: 'geolocation' }).then((p) => p.state)`;
  assert.equal(await page.evaluate(permission), 'denied');
  const script = `new Promise((resolve) => {
    const element = document.createElement('script');
    element.textContent = 'window.injected = true';
    document.body.append(element);
    setTimeout(() => resolve(window.injected ?? false), 50);
  })`;
  assert.equal(await page.evaluate(script), false);

  const ask = (...request: unknown[]) =>
    page.evaluate(`window.picosocks5.request(...${JSON.stringify(request)})`);
  for (const [request, message] of [
    [['nothing'], 'There is no such request.'],
    [['__proto__'], 'There is no such request.'],
    [[{}], 'There is no such request.'],
    [['server.start', 1], 'server.start: the argument is not valid.'],
    [
      ['users.add', { name: 'a', group: '', password: ['secret'] }],
      'users.add: the argument "password" is not valid.',
    ],
    [['users.delete', 'nobody'], 'There is no user "nobody".'],
  ] as const) {
    assert.deepEqual(await ask(...request), { ok: false, error: { message } });
  }

  await page.evaluate(`location.href = 'https://example.com/'`);
  const there = () =>
    app.electron.evaluate(({ BrowserWindow }) =>
      BrowserWindow.getAllWindows()[0]?.webContents.executeJavaScript(
        `location.href + ' ' + document.querySelector('[role=status]').textContent`,
      ),
    );
  assert.equal(await there(), 'app://picosocks5/index.html Stopped');
});

test('every command is in the palette, and the keyboard reaches all', { skip }, async (t) => {
  const app = await started(t);
  const { page } = app;
  await app.setPort(await freePort(t));
  await page.keyboard.press('Control+Shift+P');
  await page.keyboard.type('server start');
  await page.keyboard.press('Enter');
  await app.status('Running');
  await page.keyboard.press('Control+3');
  await page.getByRole('heading', { name: 'Users' }).waitFor();
  await page.keyboard.press('Control+Shift+P');
  await page.keyboard.type('high contrast');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.locator('html[data-theme=high-contrast-light]').waitFor();
  await page.keyboard.press('Control+Shift+P');
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'hidden' });

  // Who asks for it again before its closing is told of has it.
  await page.keyboard.press('Control+Shift+P');
  const dialog = `document.querySelector('pico-palette dialog')`;
  const isOpen = await page.evaluate(`new Promise((resolve) => {
    const key = { key: 'P', ctrlKey: true, shiftKey: true };
    ${dialog}.addEventListener('close', () => setTimeout(() => resolve(${dialog}.open), 50));
    ${dialog}.close();
    window.dispatchEvent(new KeyboardEvent('keydown', key));
  })`);
  assert.equal(isOpen, true);
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'hidden' });

  await page.locator('body').press('Tab');
  const seen = new Set<string>();
  for (let i = 0; i < 18; i++) {
    const name = `(document.activeElement.ariaLabel ?? document.activeElement.textContent).trim()`;
    seen.add(String(await page.evaluate(name)).replace(/\s+/g, ' '));
    await page.keyboard.press('Tab');
  }
  for (const name of ['Stop server', 'Overview', 'Connections', 'Users', 'Settings', 'Add user']) {
    assert.ok(seen.has(name), `${name} is not in ${[...seen].join('; ')}`);
  }
});
