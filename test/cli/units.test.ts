import assert from 'node:assert/strict';
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryDirectory } from '../support/files.js';
import { ROOT } from '../support/npm.js';
import { run, unless } from '../support/programs.js';

const UNITS = ['picosocks5.service', 'picosocks5.socket'];
const folder = join(ROOT, 'core/systemd');

test('the package has the units', () => {
  const { files } = JSON.parse(readFileSync(join(ROOT, 'core/package.json'), 'utf8'));
  assert.ok(files.includes('systemd'));
});

test('systemd takes the units', { skip: unless('systemd-analyze') }, async (t) => {
  const copies = temporaryDirectory(t);
  for (const unit of UNITS) copyFileSync(join(folder, unit), join(copies, unit));
  const paths = UNITS.map((unit) => join(copies, unit));
  const { status, stdout, stderr } = await run(t, 'systemd-analyze', ['verify', ...paths]);
  const about = (stdout + stderr).split('\n').filter((line) => line.includes('picosocks5.'));
  // The manual page and the account are there where the package is installed.
  const trouble = about.filter((line) => !/man\(?:? ?picosocks5|documentation/i.test(line));
  assert.deepEqual(trouble, []);
  assert.notEqual(status, null);
});

test('systemd finds little that the service could do without', {
  skip: unless('systemd-analyze'),
}, async (t) => {
  const help = await run(t, 'systemd-analyze', ['--help']);
  if (!help.stdout.includes('--offline')) return t.skip('this systemd-analyze needs a systemd');
  const copy = join(temporaryDirectory(t), 'picosocks5.service');
  copyFileSync(join(folder, 'picosocks5.service'), copy);
  const args = ['security', '--offline=yes', '--no-pager', copy];
  const { status, stdout, stderr } = await run(t, 'systemd-analyze', args);
  assert.equal(status, 0, stderr);
  const exposure = /Overall exposure level[^:]*: ([\d.]+)/.exec(stdout)?.[1];
  assert.ok(Number(exposure) <= 3, stdout);
});
