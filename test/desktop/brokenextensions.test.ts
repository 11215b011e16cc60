import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { DesktopApp, HEADLESS_ARGS } from '../support/desktopapp.js';
import { answer, details } from '../support/desktopextensions.js';
import { type DesktopSession, startDesktopSession } from '../support/desktopsession.js';
import { ELECTRON, unlessDesktop } from '../support/electron.js';
import { extension } from '../support/extensions.js';
import { ROOT } from '../support/npm.js';
import { freePort } from '../support/sockets.js';

const skip = unlessDesktop();

async function started(t: TestContext): Promise<{ session: DesktopSession; app: DesktopApp }> {
  const session = await startDesktopSession(t);
  const app = await DesktopApp.start(session);
  return { session, app };
}

test('a broken extension keeps neither the app nor, once it is off, the server from starting', {
  skip,
}, async (t) => {
  const { session, app } = await started(t);
  const port = await freePort(t);
  await app.setPort(port);
  const bad = { displayName: 'Bad', contributes: { accessPolicies: [{ id: 'bad' }] } };
  const folder = extension(t, bad, "export function activate() { throw new Error('not today'); }");
  await app.show('Extensions');
  await answer(app, { path: folder });
  // Nothing runs while the server does not: it is enabled, and the app starts with it.
  await app.button('Load development folder').click();
  await details(app, 'Bad').getByText('Enabled').first().waitFor();
  await app.close();
  const again = await DesktopApp.start(session);
  await again.button('Start server').click();
  await again.status('Error');
  await again.sees(/"picosocks5-ext" cannot be activated: not today/);
  await again.show('Extensions');
  await details(again, 'Bad').getByText('Failed').first().waitFor();
  await details(again, 'Bad').getByRole('alert').getByText('not today').waitFor();
  await again.button('Disable').click();
  await details(again, 'Bad').getByText('Disabled').first().waitFor();
  await again.button('Start server').click();
  await again.status('Running');
  // While the server runs it is not enabled: the server goes on as it was.
  await again.button('Enable').click();
  await again.page.getByRole('alert').getByText('not today').first().waitFor();
  await details(again, 'Bad').getByText('Disabled').first().waitFor();
  await again.status('Running');
  // What is worked on is loaded anew when it changes.
  writeFileSync(join(folder, 'extension.js'), 'export function activate() {}');
  await again.button('Enable').click();
  await details(again, 'Bad').getByText('Active').first().waitFor();
  const loud = "export const activate = () => { throw new Error('a typing error'); };";
  writeFileSync(join(folder, 'extension.js'), loud);
  await again.sees(/a typing error/);
  await details(again, 'Bad').getByText('Active').first().waitFor();
  await again.button('Remove').click();
  await details(again, 'Bad').waitFor({ state: 'detached' });
});

test('after two crashes at start the app runs without extensions, until it is told otherwise', {
  skip,
}, async (t) => {
  const { session, app } = await started(t);
  const port = await freePort(t);
  await app.setPort(port);
  await app.page.getByRole('checkbox', { name: 'Start the server at launch' }).check();
  const code = (body: string) => `export function activate() { ${body} }`;
  const folder = extension(t, { displayName: 'Killer', contributes: {} }, code('process.exit(3);'));
  await app.show('Extensions');
  await answer(app, { path: folder });
  await app.button('Load development folder').click();
  await details(app, 'Killer').getByText('Enabled').first().waitFor();
  await app.close();
  for (let i = 0; i < 2; i++) {
    const env = { ...session.env };
    const child = spawn(ELECTRON, [ROOT, ...HEADLESS_ARGS], { env, stdio: 'ignore' });
    session.after(() => child.kill('SIGKILL'));
    assert.deepEqual(await once(child, 'exit'), [3, null]);
  }
  const safe = await DesktopApp.start(session);
  await safe.status('Running');
  await safe.sees(/ended twice in a row while its extensions were being started/);
  await safe.show('Extensions');
  await safe.sees(/^\s*Safe mode: no extension is used/);
  writeFileSync(join(folder, 'extension.js'), code(''));
  await safe.button('Use extensions again').first().click();
  await details(safe, 'Killer').getByText('Active').first().waitFor();
  await safe.close();
});

test('an extension that hangs when it is activated keeps the app from nothing', {
  skip,
}, async (t) => {
  const { session, app } = await started(t);
  await app.setPort(await freePort(t));
  await app.page.getByRole('checkbox', { name: 'Start the server at launch' }).check();
  const folder = extension(
    t,
    { displayName: 'Sleeper', contributes: { accessPolicies: [{ id: 'sleeper' }] } },
    'export const activate = () => new Promise(() => {});',
  );
  await app.show('Extensions');
  await answer(app, { path: folder });
  await app.button('Load development folder').click();
  await details(app, 'Sleeper').getByText('Enabled').first().waitFor();
  await app.close();
  const again = await DesktopApp.start(session);
  await again.page.getByRole('status').getByText('Starting').waitFor();
  await again.show('Users');
  await again.button('Add user').waitFor();
});
