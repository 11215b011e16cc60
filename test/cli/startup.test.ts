import assert from 'node:assert/strict';
import { cpSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { Command } from '../support/command.js';
import { contributing, extension } from '../support/extensions.js';
import { temporaryDirectory, temporaryFile } from '../support/files.js';
import { ROOT } from '../support/npm.js';
import { run } from '../support/programs.js';

/** Prints what Node has loaded of its own when the process ends. */
const printing = `
  const { writeSync } = require('node:fs');
  process.on('exit', () => {
    const own = process.moduleLoadList.filter((name) => name.startsWith('NativeModule '));
    writeSync(2, own.map((name) => 'LOADED ' + name.slice(13) + '\\n').join(''));
  });`;

/** What takes long to load, and only some servers need. */
const SELDOM = ['http2', 'https', 'http', 'tls', '_tls_wrap'];

const unix = process.platform === 'win32' ? 'no signals on Windows' : undefined;

test('a plain server loads nothing of Node that only others need', { skip: unix }, async (t) => {
  const preload = temporaryFile(t, printing, 'printing.cjs');
  const command = new Command(t, ['127.0.0.1:0'], { NODE_OPTIONS: `-r ${preload}` });
  await command.port();
  assert.equal(await command.stop(), 0);
  const loaded = command.lines.flatMap((line) => /^LOADED (.*)/.exec(line)?.[1] ?? []);
  assert.ok(loaded.includes('net'), 'what is loaded is told');
  assert.deepEqual(
    SELDOM.filter((name) => loaded.includes(name)),
    [],
  );
});

test('the program runs what was built of its modules, or these, where they are newer', async (t) => {
  const core = temporaryDirectory(t);
  const from = join(ROOT, 'core');
  for (const file of ['package.json', 'bin/picosocks5.cjs', 'bin/node-version.cjs']) {
    mkdirSync(dirname(join(core, file)), { recursive: true });
    cpSync(join(from, file), join(core, file));
  }
  const write = (file: string, text: string, time: number) => {
    mkdirSync(dirname(join(core, file)), { recursive: true });
    writeFileSync(join(core, file), text);
    utimesSync(join(core, file), time, time);
  };
  const main = (name: string) => `export function main() { console.log(${JSON.stringify(name)}); }`;
  const said = async () =>
    (await run(t, process.execPath, [join(core, 'bin/picosocks5.cjs')])).stdout.trim();
  for (const part of ['load', 'loaded']) write(`dist/config/${part}.js`, '', 1000);
  write('dist/cli/main.js', main('modules'), 1000);
  assert.equal(await said(), 'modules');
  write('program/common/main.js', main('built'), 2000);
  assert.equal(await said(), 'built');
  write('dist/.tsbuildinfo', '', 1500);
  assert.equal(await said(), 'built');
  write('dist/.tsbuildinfo', '', 2500);
  assert.equal(await said(), 'modules');
});

test('what an extension imports as picosocks5 is what the program runs', {
  skip: unix,
}, async (t) => {
  const folder = extension(
    t,
    contributing({ accessPolicies: ['mine'] }),
    `import { UserError } from 'picosocks5';
     export function activate({ log, registries }) {
       try { registries.accessPolicies.register({ id: 'other' }); } catch (error) { log.info('same: ' + (error instanceof UserError)); }
     }`,
  );
  const command = new Command(t, ['--extension', folder, '127.0.0.1:0']);
  await command.line(/ext: same: true/);
  assert.equal(await command.stop(), 0);
});
