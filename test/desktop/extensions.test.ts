import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openStore } from 'picosocks5/store';
import { DesktopApp } from '../support/desktopapp.js';
import {
  answer,
  asked,
  becomes,
  details,
  install,
  runCommand,
} from '../support/desktopextensions.js';
import { type DesktopSession, startDesktopSession } from '../support/desktopsession.js';
import { unlessDesktop } from '../support/electron.js';
import { extension, type ManifestParts } from '../support/extensions.js';
import { echoServer, freePort } from '../support/sockets.js';
import { assertEcho, connected, connectTo, greeted } from '../support/socks.js';

const skip = unlessDesktop();

/** An extension that refuses what its setting names. */
const GUARD: ManifestParts = {
  displayName: 'Guard',
  publisher: 'ACME',
  description: 'Refuses names',
  contributes: {
    accessPolicies: [{ id: 'guard', description: 'Refuses names' }],
    configuration: {
      title: 'Guard',
      properties: {
        'ext.names': { type: 'array', description: 'Names that are refused' },
        'ext.level': { type: 'integer', minimum: 1, maximum: 9, default: 3 },
        'ext.token': { type: 'string', secret: true, description: 'What it logs in with' },
      },
    },
    commands: [{ command: 'ext.hello', title: 'Guard: Hello', tray: true }],
    views: [
      { id: 'ext.table', title: 'Guarded names', kind: 'table' },
      { id: 'ext.form', title: 'Guard form', kind: 'form' },
      { id: 'ext.text', title: 'Guard text', kind: 'text' },
      { id: 'ext.status', title: 'Guard status', kind: 'status' },
    ],
  },
};

const CODE = `
  let refused = 0;
  let limit = 5;
  export async function activate({ registries, configuration, commands, views, secrets, log }) {
    const token = await secrets.get('ext.token');
    const names = () => configuration.get('ext.names') ?? [];
    configuration.onDidChange(() => table.changed());
    const table = views.register('ext.table', { content: () => ({
      columns: [{ id: 'name', title: 'Name' }, { id: 'refused', title: 'Refused' }],
      rows: names().map((name) => ({ id: name, cells: [name, refused] })),
      rowActions: [{ command: 'ext.hello', title: 'Greet' }],
      empty: 'No name is guarded: <b>none</b>',
    }) });
    const status = views.register('ext.status', { content: () => ({ text: refused + ' refused', command: 'ext.hello' }) });
    const form = views.register('ext.form', {
      content: () => ({ fields: [
        { id: 'limit', title: 'Limit', type: 'number', value: limit, minimum: 1, maximum: 9 },
        { id: 'strict', title: 'Strict', type: 'boolean', value: false },
        { id: 'mode', title: 'Mode', type: 'choice', value: 'a', choices: [{ value: 'a', title: 'Mode A' }, { value: 'b', title: 'Mode B' }] } ],
        submit: 'Set the limit' }),
      submit: ({ limit: given, strict, mode }) => { limit = given; return 'limit ' + given + ' ' + strict + ' ' + mode; },
    });
    views.register('ext.text', { content: () => ({ text: '# Guard text\\n\\nIt *has* a token: ' + (token !== undefined) + '\\n\\n<img src=x onerror=alert(1)>' }) });
    commands.register('ext.hello', (row = 'world') => 'Hello ' + row);
    registries.accessPolicies.register({ id: 'guard', onAddress: ({ destination }) => {
      if (!names().includes(destination.host)) return undefined;
      refused++; table.changed(); status.changed();
      return { by: 'guard' };
    } });
  }`;

async function started(t: TestContext): Promise<{ session: DesktopSession; app: DesktopApp }> {
  const session = await startDesktopSession(t);
  const app = await DesktopApp.start(session);
  return { session, app };
}

test('an extension is installed, trusted, disabled and removed while connections run', {
  skip,
}, async (t) => {
  const { session, app } = await started(t);
  const port = await freePort(t);
  await app.startServer(port);
  const echo = await echoServer(t);
  const client = await connected(t, port, echo);
  const folder = extension(t, GUARD, CODE);
  await app.show('Extensions');

  // Who says no has it installed, and nothing runs.
  await answer(app, { path: folder, trusts: false });
  await app.button('Install from folder').click();
  await details(app, 'Guard').getByText('Disabled').first().waitFor();
  const [question = ''] = await asked(app);
  for (const part of [
    /^Enable the extension “Guard”\?/,
    /picosocks5-ext 1\.0\.0, by ACME/,
    new RegExp(`Installed from: ${folder}`),
    /Access policies: guard/,
    /Settings: ext\.names, ext\.level, ext\.token/,
    /all of your rights/,
  ]) {
    assert.match(question, part);
  }
  const file = join(session.home, '.local/share/picosocks5/extensions/extensions.json');
  const index = () => JSON.parse(readFileSync(file, 'utf8')).extensions['picosocks5-ext'];
  assert.equal(index().source, folder);

  await answer(app, {});
  await app.button('Enable').click();
  await details(app, 'Guard').getByText('Active').first().waitFor();
  assert.equal((await asked(app)).length, 1);
  assert.equal(index().enabled, true);
  await assertEcho(client);

  await app.button('Disable').click();
  await details(app, 'Guard').getByText('Disabled').first().waitFor();
  assert.equal(index().enabled, false);
  // Who was trusted is not asked about again.
  await answer(app, { trusts: false });
  await app.button('Enable').click();
  await details(app, 'Guard').getByText('Active').first().waitFor();
  assert.deepEqual(await asked(app), []);
  await assertEcho(client);

  // Another version, which the command has installed, is not what was allowed.
  await openStore(dirname(file)).install(folder);
  await app.show('Overview');
  await app.show('Extensions');
  await details(app, 'Guard')
    .getByText(/installed anew since it was enabled/)
    .waitFor();
  await app.button('Stop server').click();
  await app.status('Stopped');
  await app.button('Start server').click();
  await app.status('Error');
  await app.sees(/"picosocks5-ext" is disabled, and something asks for it/);
  await app.show('Extensions');
  await answer(app, {});
  await app.button('Enable').click();
  await app.settled();
  assert.equal((await asked(app)).length, 1);
  await app.button('Start server').click();
  await app.status('Running');
  await details(app, 'Guard').getByText('Active').first().waitFor();

  await app.button('Remove').click();
  await details(app, 'Guard').waitFor({ state: 'detached' });
  assert.equal(index(), undefined);
  assert.deepEqual(app.console, []);
});

/** Asks for a connection. @returns the reply of RFC 1928. */
async function replyOf(t: TestContext, port: number, host: string, target: number) {
  return (await connectTo(await greeted(t, port), host, target)).reply;
}

test('settings of an extension are set, checked and reset; a secret goes to the keychain', {
  skip,
}, async (t) => {
  const { session, app } = await started(t);
  const port = await freePort(t);
  await app.startServer(port);
  await install(app, extension(t, GUARD, CODE));
  const echo = await echoServer(t);
  assert.equal(await replyOf(t, port, 'localhost', echo), 0);
  await details(app, 'Guard').getByRole('button', { name: 'Settings' }).click();
  const section = app.page.getByRole('region', { name: 'Guard' });
  await section.getByRole('textbox', { name: 'Names' }).fill('localhost\nother.example');
  await section.getByRole('textbox', { name: 'Names' }).press('Control+Enter');
  await becomes(2, () => replyOf(t, port, 'localhost', echo));

  const level = section.getByRole('textbox', { name: 'Level' });
  assert.equal(await level.inputValue(), '3');
  await level.fill('12');
  await app.sees('expected a whole number from 1 to 9, not 12');
  await level.press('Escape');
  assert.equal(await level.inputValue(), '3');

  const token = section.getByRole('textbox', { name: 'Token' });
  await token.fill('very secret');
  await app.button('Save: Token').click();
  await app.button('Remove: Token').waitFor();
  await becomes('', () => token.inputValue());
  const account = 'extension:picosocks5-ext/ext.token';
  assert.equal(await session.secretLookup({ service: 'picosocks5', account }), 'very secret');
  assert.ok(!(await app.page.content()).includes('very secret'));
  const kept = readFileSync(join(session.env['XDG_CONFIG_HOME'] ?? '', 'PicoSOCKS5/settings.json'));
  assert.ok(!kept.includes('very secret'));
  // The extension has it: it was activated anew.
  await app.page.getByRole('link', { name: 'Guard text' }).click();
  await app.sees('It *has* a token: true');
  await app.show('Settings');
  await app.button('Remove: Token').click();
  await app.button('Remove: Token').waitFor({ state: 'detached' });
  await app.settled();
  assert.equal(await session.secretLookup({ service: 'picosocks5', account }), undefined);

  await app.button('Reset: Names').click();
  await app.button('Reset: Names').waitFor({ state: 'detached' });
  await becomes(0, () => replyOf(t, port, 'localhost', echo));
  assert.deepEqual(app.console, []);
});

test('views of an extension are drawn of its data, follow it, and have no HTML of it', {
  skip,
}, async (t) => {
  const { app } = await started(t);
  const { page } = app;
  const port = await freePort(t);
  await install(app, extension(t, GUARD, CODE));
  const bar = page.getByRole('navigation', { name: 'Contributed by extensions' });
  await bar.getByRole('link', { name: 'Guarded names' }).click();
  await app.sees('Extensions run with the server, which is stopped.');
  await app.startServer(port);
  await bar.getByRole('link', { name: 'Guarded names' }).click();
  await app.sees('No name is guarded: <b>none</b>');

  await app.show('Settings');
  await app.field('Names').fill('localhost');
  await app.field('Names').blur();
  await app.button('Reset: Names').waitFor();
  await bar.getByRole('link', { name: 'Guarded names' }).click();
  const table = page.getByRole('table', { name: 'Guarded names' });
  await table.getByRole('row', { name: /^localhost 0/ }).waitFor();
  await becomes(2, () => replyOf(t, port, 'localhost', 1));
  await table.getByRole('row', { name: /^localhost [12]/ }).waitFor();
  await page.getByRole('button', { name: /^[12] refused$/ }).click();
  await app.sees('Hello world');
  await table.getByRole('button', { name: 'Greet' }).click();
  await app.sees('Hello localhost');
  await runCommand(app, 'Guard: Hello');

  await runCommand(app, 'View: Guard form');
  await app.field('Limit').fill('12');
  await app.button('Set the limit').click();
  await app.sees('Limit: expected a number from 1 to 9, not 12');
  await app.field('Limit').fill('7');
  await page.getByRole('checkbox', { name: 'Strict' }).check();
  await page.getByRole('combobox', { name: 'Mode' }).selectOption({ label: 'Mode B' });
  await app.button('Set the limit').click();
  await app.sees('limit 7 true b');

  await bar.getByRole('link', { name: 'Guard text' }).click();
  await page.getByRole('heading', { name: 'Guard text', level: 2 }).waitFor();
  await app.sees('<img src=x onerror=alert(1)>');
  assert.equal(await page.locator('main img').count(), 0);

  // What goes takes its views with it.
  await app.show('Extensions');
  await runCommand(app, 'Extensions: Disable the chosen one');
  await bar.getByRole('link', { name: 'Guarded names' }).waitFor({ state: 'detached' });
  assert.equal(await page.locator('[data-view="ext.status"]').count(), 0);
  assert.deepEqual(app.console, []);
});
