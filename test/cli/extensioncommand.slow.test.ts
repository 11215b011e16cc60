import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Command } from '../support/command.js';
import { Home, TRAP } from '../support/extensioncommand.js';
import { contributing, extension } from '../support/extensions.js';
import { temporaryDirectory, temporaryFile } from '../support/files.js';
import { ROOT, unlessNpm } from '../support/npm.js';
import { run } from '../support/programs.js';

const parts = contributing(
  { accessPolicies: ['guard'], eventSinks: ['sink'] },
  {
    configuration: {
      title: 'Extension',
      properties: {
        'ext.port': { type: 'integer', minimum: 1, default: 25, description: 'Where it asks' },
        'ext.key': { type: 'string', secret: true, description: 'What it logs in with' },
        'ext.word': { type: 'string', pattern: '^a+$', description: 'Some\u001b[31mthing' },
      },
    },
    commands: [{ command: 'ext.test', title: 'Ext: Test it' }],
    views: [{ id: 'ext.view', title: 'Ext', kind: 'table' }],
  },
);

test('list and info: installed, named and broken ones', async (t) => {
  const home = new Home(t);
  const none = await home.extension('list');
  assert.doesNotMatch(none.stdout, / (installed|folder) /);
  const folder = extension(t, { ...parts, publisher: 'Somebody' }, TRAP);
  await home.extension('install', folder);
  await home.extension('install', extension(t, { name: 'picosocks5-gone' }, TRAP));
  rmSync(join(home.installed, String(home.index()['picosocks5-gone']?.['folder'])), {
    recursive: true,
  });
  const other = extension(t, { name: 'picosocks5-other' }, TRAP);
  const ini = temporaryFile(t, `extension = ${other}\n`, 'p.ini');

  const { status, stdout, stderr } = await home.extension('list', '-c', ini);
  assert.deepEqual([status, stderr], [0, '']);
  const [head, ...rows] = stdout.trimEnd().split('\n');
  assert.match(head ?? '', /^NAME +VERSION +FROM +STATE +CONTRIBUTES$/);
  const own = rows.filter((row) => /-(ext|gone|other)\b/.test(row));
  assert.match(
    own[0] ?? '',
    /^picosocks5-ext +1\.0\.0 +installed +enabled +accessPolicies guard, eventSinks sink, 3 settings, 1 command, 1 view$/,
  );
  assert.match(own[1] ?? '', /^picosocks5-gone +1\.0\.0 +- +broken +.* is no extension/);
  assert.match(own[2] ?? '', /^picosocks5-other +1\.0\.0 +folder +enabled +-$/);

  const json = JSON.parse((await home.extension('list', '--json', '-c', ini)).stdout);
  const byName = Object.fromEntries(json.map((item: { name: string }) => [item.name, item]));
  const { origin, enabled, source, settings, publisher } = byName['picosocks5-ext'];
  assert.deepEqual([origin, enabled, source, publisher], ['installed', true, folder, 'Somebody']);
  assert.deepEqual([settings['ext.port'].default, settings['ext.word'].pattern], [25, '^a+$']);
  assert.match(byName['picosocks5-gone'].error, /is no extension/);

  const info = (await home.extension('info', 'ext')).stdout;
  for (const part of [
    'ext (picosocks5-ext 1.0.0, installed)',
    'publisher  Somebody',
    `source     ${folder}`,
    'accessPolicies guard',
    'ext.port = a whole number of 1 or more: Where it asks [25]',
    'PICOSOCKS5_SECRET_EXT_KEY',
    'command ext.test\n      Ext: Test it',
    'view ext.view (table)',
    'Some\ufffd[31mthing',
  ]) {
    assert.ok(info.includes(part), `no ${part} in ${info}`);
  }
  assert.match((await home.extension('info', other)).stdout, /picosocks5-other 1\.0\.0, folder/);
  const one = JSON.parse((await home.extension('info', '--json', 'picosocks5-ext')).stdout);
  assert.equal(one.short, 'ext');
  assert.match((await home.extension('info', 'gone')).stderr, /picosocks5-gone.* is no extension/);
  assert.match(
    (await home.extension('info', 'exd')).stderr,
    /no extension "exd"; did you mean "ext"\?/,
  );
  assert.ok(!existsSync(join(other, 'loaded')));
  assert.ok(!home.files('picosocks5-ext').includes('loaded'));
});

test('disabled, enabled and removed: what a server then says of it', async (t) => {
  const home = new Home(t);
  await home.extension('install', extension(t, parts, TRAP));
  const ini = temporaryFile(t, 'extension = ext\nlisten = 127.0.0.1:0\n', 'p.ini');
  const start = () => new Command(t, ['-c', ini], home.env);
  assert.equal((await home.extension('disable', 'ext')).stdout, 'disabled picosocks5-ext\n');
  assert.equal(
    (await home.extension('disable', 'picosocks5-ext')).stdout,
    'picosocks5-ext was disabled already\n',
  );
  await start().line(
    /p\.ini.*the extension "picosocks5-ext" is disabled; enable it with: picosocks5 extension enable picosocks5-ext|^picosocks5: .*is disabled; enable it with: picosocks5 extension enable picosocks5-ext/,
  );
  assert.match((await home.extension('info', 'ext')).stdout, /installed, disabled/);
  assert.equal((await home.extension('enable', 'ext')).stdout, 'enabled picosocks5-ext\n');
  const command = start();
  await command.line(/ext: active/);
  await command.port();
  const removed = await home.extension('remove', 'ext');
  assert.match(removed.stdout, /^removed picosocks5-ext(; what it has stored stays in .*)?\n$/);
  assert.deepEqual(home.index(), {});
  if (process.platform !== 'win32') {
    command.child.kill('SIGHUP');
    await command.line(/nothing was reloaded: .*there is no extension "ext"/);
  }
  await command.stop();
  await start().line(
    /there is no extension "ext"; expected .*installed \("picosocks5 extension list" shows them\)/,
  );
  for (const name of ['remove', 'enable', 'disable']) {
    const { status, stderr } = await home.extension(name, 'ext');
    assert.equal(status, 1);
    assert.match(stderr, /there is no installed extension "ext"; "picosocks5 extension list"/);
    const bundled = await home.extension(name, 'picosocks5-ldap');
    assert.equal(bundled.status, 1);
    assert.match(bundled.stderr, /"ldap" is bundled, not installed: /);
  }
});

test('--extensions-dir, also from a file', async (t) => {
  const home = new Home(t);
  const folder = join(temporaryDirectory(t), 'own');
  const ini = temporaryFile(t, `extensions-dir = ${folder}\n`, 'p.ini');
  assert.equal((await home.extension('install', '-c', ini, extension(t, parts, TRAP))).status, 0);
  assert.ok(existsSync(join(folder, 'extensions.json')));
  const { stdout } = await home.extension('list', '--extensions-dir', folder);
  assert.match(stdout, /picosocks5-ext/);
  assert.ok(!existsSync(home.installed));
});

test('help, and mistakes', async (t) => {
  const home = new Home(t);
  const help = await home.extension('--help');
  assert.equal(help.status, 0);
  for (const name of ['list', 'info', 'install', 'remove', 'enable', 'disable', 'new']) {
    assert.match(help.stdout, new RegExp(`^ {2}${name} `, 'm'));
    const own = await home.extension(name, '--help');
    assert.deepEqual([own.status, own.stderr], [0, '']);
    assert.match(own.stdout, new RegExp(`^Usage: picosocks5 extension ${name} `));
  }
  for (const [args, message] of [
    [[], /extension: expected list, info, .* or new; --help says more/],
    [['instal', 'x'], /there is no command "instal"; did you mean "install"\?/],
    [['list', 'x'], /extension list: expected no argument/],
    [['remove'], /extension remove: expected one NAME/],
    [['install', 'a', 'b'], /extension install: expected one SOURCE/],
    [['remove', '--json', 'x'], /unknown option --json/],
    [['list', '--jsn'], /unknown option --jsn/],
  ] as const) {
    const { status, stdout, stderr } = await home.extension(...args);
    assert.deepEqual([status, stdout], [1, '']);
    assert.match(stderr, message);
    assert.equal(stderr.split('\n').length, 2, stderr);
  }
});

test('a damaged extensions.json is left as it is', async (t) => {
  const home = new Home(t);
  mkdirSync(home.installed, { recursive: true });
  writeFileSync(join(home.installed, 'extensions.json'), '{"extensions":');
  const { status, stderr } = await home.extension('install', extension(t, parts, TRAP));
  assert.equal(status, 1);
  assert.match(stderr, /extensions\.json" is damaged: /);
  assert.equal(readFileSync(join(home.installed, 'extensions.json'), 'utf8'), '{"extensions":');
});

test('new: what it writes builds, passes its test, packs and installs', {
  skip: unlessNpm,
}, async (t) => {
  const home = new Home(t);
  symlinkSync(join(ROOT, 'node_modules'), join(home.folder, 'node_modules'));
  const { status, stdout, stderr } = await home.extension('new', 'my-list');
  assert.deepEqual([status, stderr], [0, '']);
  assert.match(stdout, /^picosocks5-my-list is in .*my-list\n/);
  const folder = join(home.folder, 'my-list');
  const own = Object.entries(home.env).filter(([name]) => !/^NODE_TEST/.test(name));
  const env = Object.fromEntries(own);
  const tested = await run(t, 'npm', ['test'], { cwd: folder, env });
  assert.equal(tested.status, 0, tested.stdout + tested.stderr);
  assert.match(tested.stdout, /pass 1\b/);
  const packing = await run(t, 'npm', ['pack'], { cwd: folder, env });
  assert.equal(packing.status, 0, packing.stderr);
  const file = join(folder, 'picosocks5-my-list-0.1.0.tgz');
  const installed = await home.extension('install', file);
  assert.deepEqual([installed.status, installed.stderr], [0, '']);
  assert.ok(!home.files('picosocks5-my-list').some((name) => name.includes('test')));
  const again = await home.extension('new', 'my-list');
  assert.match(again.stderr, /"my-list" is there already, with something in it/);
  assert.equal((await home.extension('new', '@me/other')).status, 0);
  assert.ok(existsSync(join(home.folder, 'other/package.json')));
  for (const wrong of ['My List', '../', '.', '-x']) {
    const { status: failed, stderr: why } = await home.extension('new', '--', wrong);
    assert.equal(failed, 1);
    assert.match(why, /expected a name of lower-case letters/);
  }
});
