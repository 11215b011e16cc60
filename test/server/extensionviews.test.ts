import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createServer, type ExtensionFilter, type Server } from 'picosocks5';
import { extension, writeExtension } from '../support/extensions.js';
import { temporaryDirectory } from '../support/files.js';

const VIEWS = [
  { id: 'ext.table', title: 'Table', kind: 'table' },
  { id: 'ext.form', title: 'Form', kind: 'form' },
  { id: 'ext.text', title: 'Text', kind: 'text' },
  { id: 'ext.status', title: 'Status', kind: 'status' },
];

const COMMANDS = [{ command: 'ext.drop', title: 'Ext: Drop' }];

/** An extension with a view of each kind. @param activate what is in its `activate(context)`. */
function viewing(t: TestContext, activate: string): string {
  const code = `export function activate(context) { const { views, commands } = context; ${activate} }`;
  return extension(t, { contributes: { views: VIEWS, commands: COMMANDS } }, code);
}

async function served(t: TestContext, folder: string, answerTimeout = 60): Promise<Server> {
  const server = createServer({ listen: ['127.0.0.1:0'], extensions: [folder], answerTimeout });
  await server.listen();
  t.after(() => server.close());
  return server;
}

test('views of each kind are described, and what they show is checked data', async (t) => {
  const server = await served(
    t,
    viewing(
      t,
      `
      views.register('ext.table', { content: () => ({
        columns: [{ id: 'a', title: 'A' }, { id: 'b', title: 'B' }],
        rows: Array.from({ length: 1200 }, (_, i) => ({ id: String(i), cells: ['x'.repeat(2000), i] })),
        rowActions: [{ command: 'ext.drop', title: 'Drop' }],
        html: '<b>', empty: 'none' }) });
      views.register('ext.form', { content: async () => ({ fields: [
        { id: 'delay', title: 'Delay', type: 'number', value: 5, minimum: 0, maximum: 9 } ] }) });
      views.register('ext.text', { content: () => ({ text: '# Hello' }) });
      views.register('ext.status', { content: () => ({ text: '3 of 4', severity: 'warning', command: 'ext.drop' }) });
    `,
    ),
  );
  const own = server.views.filter(({ extension: name }) => name === 'picosocks5-ext');
  assert.deepEqual(
    own,
    VIEWS.map((view) => ({ ...view, extension: 'picosocks5-ext' })),
  );
  const table = await server.viewContent('ext.table');
  assert.ok(table?.kind === 'table');
  assert.equal(table.rows.length, 1000);
  assert.equal(table.omitted, 200);
  assert.equal(String(table.rows[7]?.cells[0]).length, 1002);
  assert.equal(table.rows[7]?.cells[1], 7);
  assert.ok(!('html' in table));
  assert.deepEqual(await server.viewContent('ext.text'), { kind: 'text', text: '# Hello' });
  assert.deepEqual(await server.viewContent('ext.status'), {
    ...{ kind: 'status', text: '3 of 4', severity: 'warning', command: 'ext.drop' },
  });
  await assert.rejects(
    server.viewContent('ext.tabel'),
    /there is no view "ext.tabel"; did you mean/,
  );
});

test('a view shows nothing that is not data of its kind', async (t) => {
  const wrong: [id: string, content: string, problem: RegExp][] = [
    ['ext.table', '{ rows: [] }', /columns: expected a list/],
    [
      'ext.table',
      "{ columns: [{ id: 'a', title: 'A' }], rows: [{ id: '1', cells: [{}] }] }",
      /rows\[0\]\.cells\[0\]: expected a text/,
    ],
    [
      'ext.table',
      "{ columns: [], rows: [], actions: [{ command: 'server.stop', title: 'Stop' }] }",
      /actions\[0\]\.command: expected a command that package.json contributes/,
    ],
    ['ext.form', "{ fields: [{ id: 'a', title: 'A', type: 'html', value: 1 }] }", /type: expected/],
    ['ext.text', "'a text'", /expected an object/],
    ['ext.text', '{ text: 7 }', /text: expected a text/],
    ['ext.text', "{ get text() { throw new Error('no') } }", /no/],
    ['ext.status', 'new Promise(() => {})', /no answer within 1 s/],
  ];
  const ids = new Map<string, number>();
  for (const [id, content, problem] of wrong) {
    ids.set(id, (ids.get(id) ?? 0) + 1);
    const server = await served(
      t,
      viewing(t, `views.register('${id}', { content: () => (${content}) });`),
      content.includes('Promise') ? 1 : 60,
    );
    await assert.rejects(server.viewContent(id), (error: Error) => {
      assert.match(error.message, /^the extension "ext": its view/);
      assert.match(error.message, problem);
      return true;
    });
  }
});

test('a form takes what it asks for, and says what came of it', async (t) => {
  const server = await served(
    t,
    viewing(
      t,
      `
      let delay = 5;
      const view = views.register('ext.form', {
        content: () => ({ fields: [
          { id: 'delay', title: 'Delay', type: 'number', value: delay, minimum: 0, maximum: 9 },
          { id: 'preset', title: 'Preset', type: 'choice', value: '3g', choices: [{ value: '3g', title: '3G' }] },
        ] }),
        submit: (values) => {
          if (values.delay === 8) throw new Error('not 8');
          delay = values.delay; view.changed(); return 'The delay is ' + delay;
        },
      });
    `,
    ),
  );
  const changed = new Promise<string>((resolve) => {
    const listening = server.onViewChange((id) => {
      listening.dispose();
      resolve(id);
    });
  });
  const fill = (values: unknown) => server.submitView('ext.form', values);
  assert.equal(await fill({ delay: 7, preset: '3g' }), 'The delay is 7');
  assert.equal(await changed, 'ext.form');
  const form = await server.viewContent('ext.form');
  assert.ok(form?.kind === 'form' && form.fields[0]?.value === 7);
  await assert.rejects(fill({ delay: 10, preset: '3g' }), /Delay: expected a number from 0 to 9/);
  await assert.rejects(fill({ delay: 1, preset: '4g' }), /Preset: expected one of 3g/);
  await assert.rejects(fill({ delay: 1 }), /Preset: expected/);
  await assert.rejects(fill({ delay: 1, preset: '3g', x: 1 }), /there is no field "x"/);
  await assert.rejects(fill({ delay: 8, preset: '3g' }), /the extension "ext": not 8/);
});

test('what nobody may use is known, and not woken', async (t) => {
  const parts = { contributes: { views: VIEWS, commands: COMMANDS } };
  const code = `export function activate({ views, commands }) {
    views.register('ext.text', { content: () => ({ text: 'awake' }) });
    commands.register('ext.drop', () => 'dropped');
  }`;
  const folder = extension(t, parts, code);
  const start = async (permits: ExtensionFilter) => {
    const server = createServer({ listen: ['127.0.0.1:0'], extensionsDir: temporaryDirectory(t) });
    server.permits = permits;
    await server.listen();
    t.after(() => server.close());
    return server;
  };
  const server = await start(() => true);
  assert.deepEqual(
    server.views.filter(({ extension: name }) => name === 'picosocks5-ext'),
    [],
  );
  await server.reload({ listen: ['127.0.0.1:0'], extensions: [folder] });
  assert.equal(await server.runCommand('ext.drop'), 'dropped');

  const strict = createServer({ listen: ['127.0.0.1:0'], extensions: [folder] });
  strict.permits = ({ manifest, origin }) =>
    manifest.name !== 'picosocks5-ext' && origin !== 'folder';
  t.after(() => strict.close());
  await assert.rejects(strict.listen(), /the extension "picosocks5-ext" is disabled/);
});

test('what cannot be listed is in nobody’s way who wants no extension', async (t) => {
  const extensionsDir = temporaryDirectory(t);
  writeFileSync(join(extensionsDir, 'extensions.json'), 'damaged');
  const listen = ['127.0.0.1:0'];
  const server = createServer({ listen, extensionsDir });
  server.permits = () => true;
  await server.listen();
  t.after(() => server.close());
  await assert.rejects(server.runCommand('x.y'), /extensions\.json" is damaged/);
  await assert.rejects(server.reload({ listen, extensionsDir, extensions: ['x'] }), /is damaged/);
});

test('an extension is activated anew when that is asked for, though no file says so', async (t) => {
  const folder = writeExtension(
    join(temporaryDirectory(t), 'ext'),
    { contributes: { views: VIEWS } },
    `import { text } from './text.js';
     export function activate({ views }) { views.register('ext.text', { content: () => ({ text }) }); }`,
  );
  writeFileSync(join(folder, 'text.js'), "export const text = 'before';");
  const server = await served(t, folder);
  writeFileSync(join(folder, 'text.js'), "export const text = 'after';");
  await server.reload();
  assert.deepEqual(await server.viewContent('ext.text'), { kind: 'text', text: 'before' });
  await server.renewExtension('picosocks5-ext');
  assert.deepEqual(await server.viewContent('ext.text'), { kind: 'text', text: 'after' });
  // What is gone shows nothing any more.
  await server.reload({ listen: ['127.0.0.1:0'] });
  await assert.rejects(server.viewContent('ext.text'), /there is no view/);
});
