import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { DesktopApp } from '../support/desktopapp.js';
import { becomes } from '../support/desktopextensions.js';
import { type DesktopSession, startDesktopSession } from '../support/desktopsession.js';
import { unlessDesktop } from '../support/electron.js';

/** A release as electron-builder describes it. */
function release(version: string, content: string): string {
  const sha512 = createHash('sha512').update(content).digest('base64');
  const name = `PicoSOCKS5-${version}.AppImage`;
  return (
    `version: ${version}\nfiles:\n  - url: ${name}\n    sha512: ${sha512}\n` +
    `    size: ${content.length}\npath: ${name}\nsha512: ${sha512}\n` +
    `releaseDate: '2026-11-01T00:00:00.000Z'\n` +
    `releaseNotes: |\n  ## Better\n\n  - Things of ${version}\n`
  );
}

/** Where newer versions are: what is asked for, and what there is. */
async function startFeed(t: TestContext, files: ReadonlyMap<string, string>) {
  const asked: string[] = [];
  const server = createServer(({ url = '' }, response) => {
    const name = url.slice(1).replace(/\?.*/, '');
    asked.push(name);
    const content = files.get(name);
    response.writeHead(content === undefined ? 404 : 200).end(content);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return { asked, port: (server.address() as AddressInfo).port };
}

/** Lets an app that is developed look there, as if it were an AppImage. */
function pointTo(session: DesktopSession, port: number, image: string): void {
  const config = join(session.home, 'app-update.yml');
  const cache = `updaterCacheDirName: picosocks5-test\n`;
  writeFileSync(config, `provider: generic\nurl: http://127.0.0.1:${port}/\n${cache}`);
  Object.assign(session.env, { PICOSOCKS5_UPDATE_CONFIG: config, APPIMAGE: image });
}

test('a newer version is looked for, fetched, told of with what is new, and begun with', {
  skip: unlessDesktop(),
}, async (t) => {
  const session = await startDesktopSession(t);
  const began = join(session.home, 'began');
  const program = (name: string) => `#!/bin/sh\necho ${name} > '${began}'\n`;
  const files = new Map([
    ['latest-linux.yml', release('0.0.1', program('older'))],
    ['beta-linux.yml', release('99.0.0-beta.1', program('newer'))],
    ['PicoSOCKS5-99.0.0-beta.1.AppImage', program('newer')],
  ]);
  const image = join(session.home, 'PicoSOCKS5.AppImage');
  writeFileSync(image, program('present'), { mode: 0o755 });
  const { asked, port } = await startFeed(t, files);
  pointTo(session, port, image);

  const app = await DesktopApp.start(session);
  const { page } = app;
  await app.status('Stopped');
  await page.keyboard.press('Control+Shift+P');
  await page.getByRole('combobox', { name: 'Command' }).fill('updates, and');
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog', { name: 'Updates' });
  await dialog.getByText('There is no newer version.').waitFor();
  assert.deepEqual(asked, ['latest-linux.yml']);
  const versions = dialog.getByRole('combobox', { name: 'Versions' });
  await versions.selectOption('Off');
  await dialog.getByText('It does not look for newer versions.').waitFor();
  assert.equal(asked.length, 1);

  await versions.selectOption('Preview versions as well');
  await dialog.getByText('Version 99.0.0-beta.1 is ready').waitFor();
  await dialog.getByRole('heading', { name: 'What is new in 99.0.0-beta.1' }).waitFor();
  await dialog.getByText('Things of 99.0.0-beta.1').waitFor();
  assert.deepEqual(asked.slice(1, 3), ['beta-linux.yml', 'PicoSOCKS5-99.0.0-beta.1.AppImage']);
  assert.equal(readFileSync(image, 'utf8'), program('present'), 'nothing is used before its time');

  // What the app did has ended before the other version begins, and nothing is fetched then.
  const before = asked.length;
  const exit = once(app.electron.process(), 'exit');
  await dialog.getByRole('button', { name: 'Restart to update' }).click();
  await exit;
  await becomes('newer\n', async () => (existsSync(began) ? readFileSync(began, 'utf8') : ''));
  assert.equal(readFileSync(image, 'utf8'), program('newer'));
  assert.equal(asked.length, before);
});
