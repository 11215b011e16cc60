import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { DesktopApp } from '../support/desktopapp.js';
import { type DesktopSession, startDesktopSession } from '../support/desktopsession.js';
import { unlessDesktop } from '../support/electron.js';
import { extension, type ManifestParts } from '../support/extensions.js';
import { echoServer, freePort } from '../support/sockets.js';
import { assertEcho, connected } from '../support/socks.js';

const skip = unlessDesktop();

/** What is chosen in dialogs, and what is answered to the question whom to trust. */
interface Answers {
  readonly path?: string;
  readonly trusts?: boolean;
}

/** Answers for the user. */
async function answer({ electron }: DesktopApp, { path, trusts = true }: Answers): Promise<void> {
  await electron.evaluate(
    ({ dialog }, given) => {
      dialog.showOpenDialog = async () => ({
        canceled: given.path === undefined,
        filePaths: given.path === undefined ? [] : [given.path],
      });
      const asked: string[] = [];
      Object.assign(globalThis, { asked });
      dialog.showMessageBox = async (...args: unknown[]) => {
        const { message, detail } = args.at(-1) as { message: string; detail: string };
        asked.push(`${message}\n${detail}`);
        return { response: given.trusts ? 0 : 1, checkboxChecked: false };
      };
    },
    { path, trusts },
  );
}

/** What was asked since the last {@link answer}. */
function asked({ electron }: DesktopApp): Promise<string[]> {
  return electron.evaluate(() => (globalThis as unknown as { asked: string[] }).asked);
}

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

function details(app: DesktopApp, name: string) {
  return app.page.getByRole('article', { name: `Extension ${name}` });
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

  await app.button('Remove').click();
  await details(app, 'Guard').waitFor({ state: 'detached' });
  assert.equal(index(), undefined);
  await assertEcho(client);
  assert.deepEqual(app.console, []);
});
