import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { API_FILE, CHANGELOG, extensionApi, FINGERPRINT, fingerprint } from '#build/api.js';
import { temporaryDirectory } from '../support/files.js';
import { ROOT } from '../support/npm.js';
import { run } from '../support/programs.js';
import { wine } from '../support/wine.js';

test('the page of the API is as its sources are, and what has changed is in the CHANGELOG', () => {
  const api = extensionApi();
  assert.equal(readFileSync(API_FILE, 'utf8'), api, 'npm run api writes the page anew');
  const [, noted] = FINGERPRINT.exec(readFileSync(CHANGELOG, 'utf8')) ?? [];
  const message = 'CHANGELOG.md says what is new in the API; npm run api writes the fingerprint';
  assert.equal(noted, fingerprint(api), message);
});

test('another API has another fingerprint', () => {
  assert.notEqual(fingerprint('export type A = 1;'), fingerprint('export type A = 2;'));
});

test('the page is whole: it compiles alone', { skip: wine('tools') }, async (t) => {
  const folder = temporaryDirectory(t);
  const file = join(folder, 'api.ts');
  writeFileSync(file, readFileSync(API_FILE));
  const compiler = join(ROOT, 'node_modules/.bin/tsc');
  const options = ['--noEmit', '--strict', '--module', 'nodenext', '--types', 'node'];
  const args = [...options, '--typeRoots', join(ROOT, 'node_modules/@types'), '--target', 'es2023'];
  const { status, stdout } = await run(t, compiler, [...args, file], { cwd: folder });
  assert.equal(stdout, '');
  assert.equal(status, 0);
});
