import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { CrashGuard } from '#main/extensions/crashguard.js';
import { temporaryDirectory } from '../../../support/files.js';

test('two starts that the app has not survived trip it', (t) => {
  const folder = temporaryDirectory(t);
  const first = new CrashGuard(folder);
  assert.equal(first.isTripped, false);
  first.begin();
  first.begin();
  const second = new CrashGuard(folder);
  assert.equal(second.isTripped, false);
  second.begin();
  const third = new CrashGuard(folder);
  assert.equal(third.isTripped, true);
  // An app that leaves them out ends as it is meant to: the next one leaves them out as well.
  third.close();
  assert.equal(new CrashGuard(folder).isTripped, true);
  third.reset();
  assert.equal(new CrashGuard(folder).isTripped, false);
});

test('an app that lives on, or ends as it is meant to, is not counted', async (t) => {
  const folder = temporaryDirectory(t);
  const file = join(folder, 'extensions-starting');
  const ended = new CrashGuard(folder);
  ended.begin();
  ended.close();
  assert.equal(existsSync(file), false);
  const calm = new CrashGuard(folder, 1);
  calm.begin();
  calm.end();
  for (let i = 0; i < 100 && existsSync(file); i++) await setTimeout(10);
  assert.equal(existsSync(file), false);
  writeFileSync(file, 'nonsense');
  assert.equal(new CrashGuard(folder).isTripped, false);
});
