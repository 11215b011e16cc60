import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { crashesIn } from '#main/desktop/crashes.js';
import { DesktopApp } from '../support/desktopapp.js';
import { startDesktopSession } from '../support/desktopsession.js';
import { unlessDesktop } from '../support/electron.js';
import { freePort } from '../support/sockets.js';

const skip = unlessDesktop();

async function started(t: TestContext): Promise<DesktopApp> {
  return DesktopApp.start(await startDesktopSession(t));
}

/** What a script in the window gives; undefined while there is no page. */
function inPage(app: DesktopApp, script: string): Promise<unknown> {
  return app.electron.evaluate(async ({ BrowserWindow }, source) => {
    const contents = BrowserWindow.getAllWindows()[0]?.webContents;
    if (contents === undefined || contents.isCrashed()) return undefined;
    return contents.executeJavaScript(source).catch(() => undefined);
  }, script);
}

/** Waits until a script in the window gives something true, at most 10 s. */
async function until(app: DesktopApp, script: string): Promise<void> {
  for (let i = 0; i < 100; i++) {
    if (await inPage(app, script)) return;
    await setTimeout(100);
  }
  throw new Error(`not in the page: ${script}`);
}

/** Ends the window's process. @returns once that is known. */
function crash(app: DesktopApp): Promise<void> {
  return app.electron.evaluate(
    ({ BrowserWindow }) =>
      new Promise<void>((resolve) => {
        const contents = BrowserWindow.getAllWindows()[0]?.webContents;
        contents?.once('render-process-gone', () => resolve());
        contents?.forcefullyCrashRenderer();
      }),
  );
}

async function logOf(app: DesktopApp): Promise<string> {
  const folder = await app.electron.evaluate((electron) => electron.app.getPath('logs'));
  return readFileSync(join(folder, 'picosocks5.log'), 'utf8');
}

test('a window whose process dies comes back as it was, and the log says so', {
  skip,
}, async (t) => {
  const app = await started(t);
  await app.startServer(await freePort(t));
  await app.show('Connections');
  await app.page.getByLabel('Filter connections').fill('nothing like it');
  await crash(app);
  const filter = `document.querySelector('[aria-label="Filter connections"]')?.value`;
  await until(app, `${filter} === 'nothing like it'`);
  await until(app, `document.querySelector('.statusbar [role=status]').textContent === 'Running'`);
  await until(
    app,
    `document.querySelector('.toast.warning')?.textContent.includes('loaded again')`,
  );
  await inPage(app, `[...document.querySelectorAll('.toast button')][0].click()`);
  await until(app, `document.querySelector('pico-log .level-err .text') !== null`);
  assert.match(await logOf(app), / err {4}the window's process is gone: \w+, exit code \d+/);

  // There is a report of it, which stays here, and what helps others has no secrets.
  const { folder, isSent } = await app.electron.evaluate(({ app: electron, crashReporter }) => ({
    folder: electron.getPath('crashDumps'),
    isSent: crashReporter.getUploadToServer(),
  }));
  assert.equal(isSent, false);
  for (let i = 0; i < 100 && crashesIn(folder).length === 0; i++) await setTimeout(100);
  assert.equal(crashesIn(folder).length, 1);
  const ask = (...request: unknown[]) =>
    inPage(app, `window.picosocks5.request(...${JSON.stringify(request)})`);
  await ask('users.add', { name: 'carol', group: 'staff', password: 'hunter2' });
  await ask('app.diagnostics');
  const copied = await app.electron.evaluate(({ clipboard }) => clipboard.readText());
  assert.match(copied, /^app: \d+\.\d+\.\d+$/m);
  assert.match(copied, /^state: running$/m);
  assert.match(copied, /^users: 1$/m);
  assert.match(copied, /the window's process is gone/);
  assert.doesNotMatch(copied, /carol|staff|hunter2/);
});

test('a hidden window gives its process back, and comes back as it was', { skip }, async (t) => {
  const app = await started(t);
  const show = (shown: boolean) =>
    app.electron.evaluate(({ app: electron, BrowserWindow }, isShown) => {
      if (isShown) electron.emit('activate');
      else BrowserWindow.getAllWindows()[0]?.hide();
    }, shown);
  const isThere = () =>
    app.electron.evaluate(({ app: electron, BrowserWindow }) => {
      const pid = BrowserWindow.getAllWindows()[0]?.webContents.getOSProcessId();
      return electron.getAppMetrics().some((one) => one.type === 'Tab' && one.pid === pid);
    });
  const becomes = async (expected: boolean) => {
    for (let i = 0; i < 100 && (await isThere()) !== expected; i++) await setTimeout(100);
    assert.equal(await isThere(), expected);
  };
  const rest = (seconds: number) =>
    app.page.evaluate(
      `window.picosocks5.request('settings.set', { key: 'restAfter', value: ${seconds} })`,
    );
  await rest(0.3);

  // What is being typed would be lost.
  await app.show('Users');
  await app.button('Add user').click();
  await app.field('User name').fill('half a na');
  await show(false);
  await setTimeout(1500);
  assert.equal(await isThere(), true);
  await show(true);
  assert.equal(await app.field('User name').inputValue(), 'half a na');
  await app.button('Cancel').click();

  await app.startServer(await freePort(t));
  await app.show('Settings');
  const main = `document.querySelector('main')`;
  // An error that nobody has dismissed is there again.
  await app.electron.evaluate(({ BrowserWindow }) =>
    BrowserWindow.getAllWindows()[0]?.webContents.send('notification', {
      ...{ severity: 'error', message: 'Something failed.' },
    }),
  );
  await app.sees('Something failed.');
  await app.page.evaluate(`${main}.scrollTop = 700`);
  await show(false);
  await becomes(false);
  assert.doesNotMatch(await logOf(app), /process is gone/);
  // What happens meanwhile is told by the page that comes.
  await app.electron.evaluate(({ Menu }) => {
    const view = Menu.getApplicationMenu()?.items.find(({ label }) => label === 'View');
    view?.submenu?.items.find(({ label }) => label === 'Log')?.click();
  });
  await until(app, `document.querySelector('pico-log .row') !== null`);
  await inPage(app, `document.querySelector('a[title=Settings]').click()`);
  await until(app, `document.querySelector('pico-settings') !== null`);
  await inPage(app, `${main}.scrollTop = 700`);
  await show(false);
  await becomes(false);
  const began = performance.now();
  await show(true);
  await until(app, `document.querySelector('pico-settings .setting') !== null`);
  t.diagnostic(`back after ${Math.round(performance.now() - began)} ms`);
  await until(app, `${main}.scrollTop === 700`);
  await until(app, `document.querySelector('.toast.error') !== null`);
  await until(app, `document.querySelector('.statusbar [role=status]').textContent === 'Running'`);
});

test('a window that keeps dying is not loaded for ever', { skip }, async (t) => {
  const app = await started(t);
  await app.electron.evaluate(({ dialog }) => {
    const asked: string[] = [];
    Object.assign(globalThis, { asked });
    dialog.showMessageBox = async (...args: unknown[]) => {
      asked.push((args.at(-1) as { message: string }).message);
      return { response: asked.length === 1 ? 1 : 0, checkboxChecked: false };
    };
  });
  const asked = () =>
    app.electron.evaluate(() => (globalThis as unknown as { asked: string[] }).asked);
  for (let i = 0; i < 3; i++) {
    await crash(app);
    await until(app, `document.querySelector('pico-workbench') !== null`);
  }
  assert.deepEqual(await asked(), []);
  await crash(app);
  for (let i = 0; i < 100 && (await asked()).length === 0; i++) await setTimeout(100);
  assert.deepEqual(await asked(), ['The window keeps failing.']);
  assert.equal(await inPage(app, 'true'), undefined);

  // Whoever opens the window again wants to see something.
  await app.electron.evaluate(({ app: electron }) => electron.emit('activate'));
  await until(app, `document.querySelector('pico-workbench') !== null`);
});

test('a command of the menu shows the window first', { skip }, async (t) => {
  const app = await started(t);
  await app.page.getByRole('heading', { name: 'Overview' }).waitFor();
  const visible = () =>
    app.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.isVisible());
  await app.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.hide());
  assert.equal(await visible(), false);
  await app.electron.evaluate(({ Menu }) => {
    const view = Menu.getApplicationMenu()?.items.find(({ label }) => label === 'View');
    view?.submenu?.items.find(({ label }) => label === 'Users')?.click();
  });
  await app.page.getByRole('heading', { name: 'Users' }).waitFor();
  assert.equal(await visible(), true);
});

test('one dialog at a time, and it belongs to the window', { skip }, async (t) => {
  const app = await started(t);
  await app.electron.evaluate(({ dialog }) => {
    const opened: unknown[] = [];
    let answer = () => {};
    Object.assign(globalThis, { opened, answer: () => answer() });
    dialog.showOpenDialog = async (...args: unknown[]) => {
      opened.push(args.length === 2 && (args[0] as object).constructor.name);
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
      return { canceled: true, filePaths: [] };
    };
  });
  const opened = () =>
    app.electron.evaluate(() => (globalThis as unknown as { opened: unknown[] }).opened);
  await app.show('Users');
  await app.button('Import …').click();
  await app.button('Import …').click();
  const again = await app.page.evaluate(`window.picosocks5.request('users.import')`);
  assert.deepEqual(again, { ok: true, value: undefined });
  assert.deepEqual(await opened(), ['BrowserWindow']);
  await app.electron.evaluate(() => (globalThis as unknown as { answer: () => void }).answer());
  await app.button('Import …').click();
  for (let i = 0; i < 100 && (await opened()).length < 2; i++) await setTimeout(100);
  assert.equal((await opened()).length, 2);
});
