import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type TestContext, test } from 'node:test';
import type { AxeResults, RunOptions } from 'axe-core';
import { DesktopApp } from '../support/desktopapp.js';
import { startDesktopSession } from '../support/desktopsession.js';
import { unlessDesktop } from '../support/electron.js';
import { echoServer, freePort } from '../support/sockets.js';
import { address, assertEcho, connected, request } from '../support/socks.js';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const THEMES = ['light', 'dark', 'high-contrast', 'high-contrast-light'] as const;
const SIZES = [
  [800, 600],
  [1100, 720],
  [1600, 1000],
] as const;

/** Longer than anything has room for. */
const LONG = 'anna-magdalena.of.the.accounting.department.in.the.second.building.on.the.left';

/** Opens a view by its place in the activity bar. @returns what it is called. */
async function open(app: DesktopApp, index: number): Promise<string> {
  const link = app.page.getByRole('navigation', { name: 'Views' }).getByRole('link').nth(index);
  await link.click();
  await app.until('document.querySelector("main.view")?.firstElementChild !== null');
  await app.settled();
  return (await link.getAttribute('aria-label')) ?? '';
}

function views(app: DesktopApp): Promise<number> {
  return app.page.getByRole('navigation', { name: 'Views' }).getByRole('link').count();
}

/** Looks at each view, at each of some states of the window. @returns what was found, and where. */
async function everywhere<T>(
  app: DesktopApp,
  states: readonly T[],
  enter: (state: T) => Promise<unknown>,
  look: (app: DesktopApp) => Promise<readonly string[]>,
): Promise<string[]> {
  const found: string[] = [];
  for (const state of states) {
    await enter(state);
    for (let i = 0; i < (await views(app)); i++) {
      const where = `${await open(app, i)}, ${state}`;
      found.push(...(await look(app)).map((what) => `${where}: ${what}`));
    }
  }
  return found;
}

/** What stands in the way of who does not see, or sees badly, as axe-core finds it. */
async function obstacles(app: DesktopApp): Promise<string[]> {
  const options: RunOptions = { resultTypes: ['violations'] };
  const { violations } = (await app.page.evaluate(
    `axe.run(document, ${JSON.stringify(options)})`,
  )) as AxeResults;
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')}: ${failureSummary}`),
    );
}

/** What is drawn beyond the window's edges, or pushed out of what holds it. */
const OUTSIDE = `(() => {
  const name = (element) =>
    [element.localName, ...element.classList].join('.') + ' "' + element.textContent.trim().slice(0, 40) + '"';
  const scrolls = (element) => {
    for (let at = element.parentElement; at !== null; at = at.parentElement) {
      if (/auto|scroll/.test(getComputedStyle(at).overflowX) && at.scrollWidth > at.clientWidth)
        return at.localName !== 'main';
    }
    return false;
  };
  const found = [];
  if (document.documentElement.scrollWidth > innerWidth) found.push('the page is too wide');
  const main = document.querySelector('main.view');
  if (main.scrollWidth > main.clientWidth) found.push('the view is too wide');
  for (const element of document.querySelectorAll('button, input, select, textarea, a, h1, h2')) {
    const { left, right, width } = element.getBoundingClientRect();
    if (width <= 1 || scrolls(element)) continue;
    if (left < 0 || right > innerWidth) found.push(name(element));
  }
  return found;
})()`;

async function outside(app: DesktopApp): Promise<string[]> {
  return (await app.page.evaluate(OUTSIDE)) as string[];
}

/** Gives the window a bit of everything to show, with names that are too long. */
async function fill(t: TestContext, app: DesktopApp): Promise<void> {
  const port = await freePort(t);
  await app.startServer(port);
  const echo = await echoServer(t);
  await assertEcho(await connected(t, port, echo));
  await request(t, port, 1, address('127.0.0.1', await freePort(t)));
  await request(t, port, 1, address(`${'long-name.'.repeat(20)}example`, 80));
  await app.addUser('alice', 'secret');
  await app.addUser(LONG, 'secret', LONG);
  const via = JSON.stringify({ key: 'via', value: [`*.${LONG} = direct`, '* = direct'] });
  await app.page.evaluate(`window.picosocks5.request('settings.set', ${via})`);
  const elsewhere = JSON.stringify({
    ...{
      name: LONG,
      way: 'tls',
      host: '127.0.0.1',
      port: await freePort(t),
      user: '',
      control: '',
    },
    ...{ fingerprint: '', ca: '', token: '0123456789abcdef' },
  });
  await app.page.evaluate(`window.picosocks5.request('servers.add', ${elsewhere})`);
}

test('every view can be used without seeing well, and fits into the window', {
  skip: unlessDesktop(),
}, async (t) => {
  const app = await DesktopApp.start(await startDesktopSession(t));
  await app.page.evaluate(AXE);
  const devtools = await app.page.context().newCDPSession(app.page);
  const resize = ([width, height]: readonly [number, number]) =>
    devtools.send('Emulation.setDeviceMetricsOverride', {
      ...{ width, height, deviceScaleFactor: 1, mobile: false },
    });
  const paint = (theme: string) =>
    app.page.evaluate(`document.documentElement.dataset.theme = '${theme}'`);

  await t.test('with nothing to show', async () => {
    assert.deepEqual(await everywhere(app, SIZES, resize, outside), []);
    assert.deepEqual(await everywhere(app, ['light'], paint, obstacles), []);
  });
  await fill(t, app);
  await t.test('in each size', async () => {
    assert.deepEqual(await everywhere(app, SIZES, resize, outside), []);
  });
  await t.test('in each theme', async () => {
    assert.deepEqual(await everywhere(app, THEMES, paint, obstacles), []);
  });
});
