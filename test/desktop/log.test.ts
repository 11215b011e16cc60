import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { DesktopApp } from '../support/desktopapp.js';
import { becomes } from '../support/desktopextensions.js';
import { startDesktopSession } from '../support/desktopsession.js';
import { unlessDesktop } from '../support/electron.js';
import { freePort } from '../support/sockets.js';
import { address, request } from '../support/socks.js';

test('the log is read in the window: level, filter, following, and its file', {
  skip: unlessDesktop(),
}, async (t) => {
  const app = await DesktopApp.start(await startDesktopSession(t));
  const { page } = app;
  const port = await freePort(t);
  await app.startServer(port);
  await app.show('Log');
  const grid = page.getByRole('grid', { name: 'Log' });
  const row = (text: string | RegExp) => grid.getByRole('row').filter({ hasText: text });
  await row('listening').waitFor();

  // Everything for a while: what a connection does is seen, and the level of the settings stays.
  const level = page.getByRole('combobox', { name: 'Log level' });
  await level.selectOption('debug 10');
  await level.locator('option:checked', { hasText: /^\s*Everything, until \d/ }).waitFor({
    state: 'attached',
  });
  const nobody = await freePort(t);
  await request(t, port, 1, address('127.0.0.1', nobody));
  await row('connection').first().waitFor();
  await row('rejected').first().waitFor();
  const setting = `window.picosocks5.request('app.state').then(({ value }) => value.settings.values.loglevel)`;
  assert.equal(await page.evaluate(setting), 'info');
  await level.selectOption('info');
  await level.locator('option:checked', { hasText: 'Connections' }).waitFor({ state: 'attached' });

  const filter = page.getByRole('searchbox', { name: 'Filter log' });
  await filter.fill(`:${nobody}`);
  await row('listening').waitFor({ state: 'detached' });
  await filter.fill('');
  await page.getByRole('combobox', { name: 'Lines shown' }).selectOption('Errors');
  await app.sees('No line fits the filter.');
  await page.getByRole('combobox', { name: 'Lines shown' }).selectOption('All lines');

  // Following pauses while somebody reads, and one button goes on.
  for (let i = 0; i < 60; i++) await request(t, port, 1, address('127.0.0.1', nobody));
  const left = () =>
    grid.evaluate(({ scrollHeight, clientHeight, scrollTop }) =>
      Math.round(scrollHeight - clientHeight - scrollTop),
    );
  await app.until(`document.querySelector('.grid').scrollHeight > 1300`);
  assert.ok((await left()) < 3);
  await app.scroll(grid, 220);
  await page.locator('[aria-label=Follow][aria-pressed=false]').waitFor();
  await request(t, port, 1, address('127.0.0.1', nobody));
  assert.equal(await grid.evaluate(({ scrollTop }) => scrollTop), 220);
  await app.button('Jump to newest').click();
  await page.locator('[aria-label=Follow][aria-pressed=true]').waitFor();
  assert.ok((await left()) < 3);

  // A line is read whole, copied, and the choice outlives another view.
  await row('rejected').last().click();
  const details = page.getByRole('complementary', { name: 'Line of the log' });
  const line = (await details.locator('code').textContent()) ?? '';
  await details.getByRole('button', { name: 'Copy line' }).click();
  await app.sees('1 line copied.');
  const copied = await app.electron.evaluate(({ clipboard }) => clipboard.readText());
  assert.equal(copied, line);
  const folder = await app.electron.evaluate((electron) => electron.app.getPath('logs'));
  await becomes(true, async () =>
    readFileSync(`${folder}/picosocks5.log`, 'utf8').includes(`${line}\n`),
  );
  await filter.fill('rejected');
  await app.show('Overview');
  await app.show('Log');
  assert.equal(await filter.inputValue(), 'rejected');
  await details.waitFor();

  await app.electron.evaluate(({ shell }) => {
    shell.openPath = async (path: string) => {
      Object.assign(globalThis, { opened: path });
      return '';
    };
  });
  await app.button('Open file').click();
  const opened = () =>
    app.electron.evaluate(() => (globalThis as unknown as { opened?: string }).opened);
  await becomes(`${folder}/picosocks5.log`, opened);
});
