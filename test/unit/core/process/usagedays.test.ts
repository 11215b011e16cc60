import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ConnectionInfo, ServerEvent } from 'picosocks5';
import { UsageDays } from '#core/process/usagedays.js';
import { temporaryDirectory, temporaryFile } from '../../../support/files.js';

const open = (id: number, up: number, user?: string) =>
  ({ id, user, up, down: 0 }) as ConnectionInfo;
const closed = (id: number, up: number, user?: string) =>
  ({ type: 'closed', ...open(id, up, user) }) as unknown as ServerEvent;
const never = (message: string) => assert.fail(message);
const usersOf = (days: UsageDays) => days.last(1)[0]?.users ?? [];

test('bytes are counted once, while a connection lasts and when it ends, over restarts', async (t) => {
  const file = join(temporaryDirectory(t), 'usage');
  const days = await UsageDays.open(file, never);
  await days.sample(async () => [open(1, 10, 'alice'), open(2, 5)]);
  await days.sample(async () => [open(1, 30, 'alice'), open(2, 5)]);
  days.handle(closed(1, 100, 'alice'));
  days.handle(closed(3, 7, 'alice'));
  await days.close();
  const expected = [
    { name: 'alice', up: 107, down: 0, connections: 2 },
    { name: '-', up: 5, down: 0, connections: 1 },
  ];
  assert.deepEqual(usersOf(days), expected);
  // Modes mean nothing on Windows.
  if (process.platform !== 'win32') assert.equal(statSync(file).mode & 0o077, 0);
  const again = await UsageDays.open(file, never);
  assert.deepEqual(usersOf(again), expected);
  again.handle(closed(1, 3, 'alice'));
  assert.deepEqual(usersOf(again)[0], { name: 'alice', up: 110, down: 0, connections: 3 });
});

test('a connection that ends while it is asked for those that are open counts once', async (t) => {
  const days = await UsageDays.open(join(temporaryDirectory(t), 'usage'), never);
  await days.sample(async () => {
    const told = [open(1, 50, 'alice')];
    days.handle(closed(1, 60, 'alice'));
    return told;
  });
  await days.sample(async () => []);
  assert.deepEqual(usersOf(days), [{ name: 'alice', up: 60, down: 0, connections: 1 }]);
});

test('a file of something else is not written over', async (t) => {
  for (const text of ['', '{', '{"days":[]}', '{"days":{"2026-01-01":{"a":{"up":-1}}}}']) {
    const file = temporaryFile(t, text);
    await assert.rejects(UsageDays.open(file, never), /is damaged, or is something else/, text);
    assert.equal(readFileSync(file, 'utf8'), text);
  }
});

test('a file that cannot be written is warned of, and nothing is forgotten', async (t) => {
  const folder = join(temporaryDirectory(t), 'folder');
  const file = join(folder, 'usage');
  await assert.rejects(
    UsageDays.open(file, never),
    /cannot write the usage file ".*": no such file/,
  );
  mkdirSync(folder);
  const warnings: string[] = [];
  const days = await UsageDays.open(file, (message) => warnings.push(message));
  rmSync(folder, { recursive: true });
  days.handle(closed(1, 3));
  await days.save();
  assert.match(warnings[0] ?? '', /the usage file: cannot write ".*": no such file or directory/);
  assert.equal(usersOf(days)[0]?.up, 3);
});
