import assert from 'node:assert/strict';
import {
  chmodSync,
  lstatSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import fsPromises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { parseCount, parseSize } from '#core/base/sizes.js';
import { type AllowanceLimits, Allowances, Share } from '#core/limits/allowance.js';
import { QuotaKeeper } from '#core/limits/quotakeeper.js';
import { TokenBucket } from '#core/limits/tokenbucket.js';
import { emptyUsage, readUsage, usageAt, writeUsage } from '#core/limits/usage.js';
import { temporaryDirectory, temporaryFile } from '../../../support/files.js';

const windows = process.platform === 'win32' ? 'no modes and links on Windows' : undefined;

function allowances(
  limits: AllowanceLimits,
  groupLimits: AllowanceLimits = {},
  perUser = 0,
): Allowances {
  const all = new Allowances();
  const users = new Map([['ann', limits]]);
  all.configure({ users, groups: new Map([['staff', groupLimits]]), perUser });
  return all;
}

const ann = { user: 'ann', group: 'staff' };
const bob = { user: 'bob', group: 'staff' };

function share(all: Allowances, who: typeof ann): Share {
  const taken = all.share(who);
  assert.ok(taken instanceof Share);
  return taken;
}

describe('allowances', () => {
  test('connections of a user and of a group', () => {
    const all = allowances({ connections: 1 }, { connections: 2 });
    const first = share(all, ann);
    const reason = 'quota-exceeded';
    assert.deepEqual(all.share(ann), { by: 'user ann has 1 connections already', reason });
    const second = share(all, bob);
    assert.deepEqual(all.share(bob), { by: 'group staff has 2 connections already', reason });
    second.dispose();
    first.dispose();
    share(all, ann);
  });

  test("connections of each user, where a user's own limit does not say otherwise", () => {
    const all = allowances({ connections: 3 }, {}, 2);
    const reason = 'too-many-connections';
    const first = share(all, bob);
    share(all, bob);
    assert.deepEqual(all.share(bob), { by: 'too many connections of this user', reason });
    for (let i = 0; i < 3; i++) share(all, ann);
    assert.ok('by' in all.share(ann));
    first.dispose();
    first.dispose();
    share(all, bob);
    assert.ok('by' in all.share(bob));
    share(all, { user: 'eve', group: 'other' });
  });

  test('connections that were made while there was no limit count when there is one', () => {
    const all = new Allowances();
    const first = share(all, ann);
    share(all, ann);
    all.configure({ users: new Map([['ann', { connections: 2 }]]), groups: new Map(), perUser: 0 });
    assert.ok('by' in all.share(ann));
    first.dispose();
    share(all, ann);
    all.configure({
      users: new Map(),
      groups: new Map([['staff', { connections: 2 }]]),
      perUser: 0,
    });
    assert.ok('by' in all.share(bob));
  });

  test('it is told how many connections share a rate, and of no others', () => {
    const all = allowances({ rateUp: 10 }, { connections: 5 });
    const told: [string, number][] = [];
    all.onConnections = (...args) => told.push(args);
    const first = share(all, ann);
    share(all, bob);
    share(all, ann);
    first.dispose();
    first.dispose();
    const users = new Map<string, AllowanceLimits>([['ann', {}]]);
    all.configure({ users, groups: new Map([['staff', { rateDown: 10 }]]), perUser: 0 });
    assert.deepEqual(told, [
      ['user ann', 1],
      ['user ann', 2],
      ['user ann', 1],
      ['user ann', 0],
      ['group staff', 2],
    ]);
  });

  test('bytes of a user, of a group, and of nobody else', () => {
    const all = allowances({ perDay: 100 }, { perMonth: 150 });
    assert.equal(share(all, ann).use(99), undefined);
    assert.deepEqual(share(all, ann).use(1), { by: "user ann has used up this day's bytes" });
    assert.deepEqual(share(all, bob).use(50), { by: "group staff has used up this month's bytes" });
    assert.ok('by' in all.share(bob));
    share(all, { user: 'eve', group: 'other' });
  });

  test('what was used is kept, of those without limits now, too', () => {
    const all = allowances({ perDay: 100 });
    all.setUsage({ 'user old': { day: '2020-01-01', dayBytes: 1, monthBytes: 2 } });
    share(all, ann).use(7);
    const usage = all.usage();
    assert.deepEqual(Object.keys(usage).sort(), ['group staff', 'user ann', 'user old']);
    assert.equal(usage['user ann']?.dayBytes, 7);
    const next = allowances({ perDay: 7 });
    next.setUsage(usage);
    assert.ok('by' in next.share(ann));
  });

  test('limits can change while connections last', () => {
    const all = allowances({ connections: 1 });
    share(all, ann);
    const users = new Map([['ann', { connections: 2 }]]);
    all.configure({ users, groups: new Map(), perUser: 0 });
    share(all, ann);
    assert.ok('by' in all.share(ann));
  });
});

test('a token bucket lets a second go at once, and then keeps to its rate', (t) => {
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  const bucket = new TokenBucket();
  assert.equal(bucket.take(1e9), 0, 'no limit');
  bucket.rate = 1000;
  now = 10_000;
  assert.equal(bucket.take(1000), 0);
  assert.equal(bucket.take(500), 500);
  now += 500;
  assert.equal(bucket.take(100), 100);
  now += 60_000;
  assert.equal(bucket.take(1001), 1, 'no more than a second is saved up');
});

test('a token bucket is taken from in steps of a tenth of a second, and given back to', (t) => {
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  const bucket = new TokenBucket();
  assert.equal(bucket.step, Number.POSITIVE_INFINITY);
  bucket.rate = 16_384;
  assert.equal(bucket.step, 1639);
  bucket.rate = 3;
  assert.equal(bucket.step, 1);
  bucket.rate = 1000;
  now = 1000;
  assert.equal(bucket.take(1500), 500);
  assert.equal(bucket.take(0), 500);
  bucket.give(500);
  assert.equal(bucket.take(0), 0);
});

test('of the rates of a user and a group the slower one counts', () => {
  const all = allowances({ rateUp: 50_000, rateDown: 1000 }, { rateUp: 10_000 });
  const { up, down } = share(all, ann).throttles;
  assert.deepEqual([up?.step, down?.step], [1000, 100]);
  assert.deepEqual(share(all, { user: 'eve', group: 'other' }).throttles, {
    up: undefined,
    down: undefined,
  });
});

describe('usage', () => {
  const used = { day: '2026-03-31', dayBytes: 5, monthBytes: 9 };
  test('days and months of local time start at zero', () => {
    assert.deepEqual(usageAt(used, new Date(2026, 2, 31, 23)), used);
    const nextDay = usageAt({ ...used, day: '2026-03-30' }, new Date(2026, 2, 31));
    assert.deepEqual(nextDay, { day: '2026-03-31', dayBytes: 0, monthBytes: 9 });
    const nextMonth = usageAt(used, new Date(2026, 3, 1));
    assert.deepEqual(nextMonth, { day: '2026-04-01', dayBytes: 0, monthBytes: 0 });
    assert.equal(usageAt(emptyUsage, new Date(2026, 3, 1)).monthBytes, 0);
  });

  test('a clock that is set back empties nothing', () => {
    const back = usageAt(used, new Date(2026, 1, 1));
    assert.deepEqual(back, { day: '2026-02-01', dayBytes: 5, monthBytes: 9 });
    assert.equal(usageAt(back, new Date(2026, 1, 2)).dayBytes, 0, 'the next day is a new one');
  });

  test('is written and read', async (t) => {
    const file = temporaryFile(t, '');
    await writeUsage(file, { 'user ann': used });
    assert.deepEqual(await readUsage(file, assert.fail), { 'user ann': used });
    assert.deepEqual(await readUsage(`${file}.none`, assert.fail), {});
    assert.deepEqual(readdirSync(dirname(file)), ['file'], 'and nothing is left');
  });

  test('is kept aside when it is empty or damaged, and counts from zero', async (t) => {
    for (const text of ['', '[', '7', '[]', '{"user a":{"day":1}}', '{"user a":null}']) {
      const file = temporaryFile(t, text);
      const warnings: string[] = [];
      assert.deepEqual(await readUsage(file, (message) => warnings.push(message)), {});
      const [, aside = ''] = readdirSync(dirname(file)).sort();
      assert.match(aside, /^file\.damaged-\d{4}-\d\d-\d\dT[\d.-]+Z$/);
      assert.equal(readFileSync(join(dirname(file), aside), 'utf8'), text);
      const [warning = ''] = warnings;
      assert.match(warning, text === '' ? /" is empty; it is kept as / : /" is damaged; it is/);
      assert.ok(warning.includes(`"${join(dirname(file), aside)}"`), warning);
      await writeUsage(file, { 'user ann': used });
      assert.deepEqual(await readUsage(file, assert.fail), { 'user ann': used });
    }
  });

  test('is found in the copy that is there while it is overwritten', async (t) => {
    const file = temporaryFile(t, '{"user ann":{"day":"2026');
    writeFileSync(`${file}.new`, JSON.stringify({ 'user ann': used }));
    const warnings: string[] = [];
    const usage = await readUsage(file, (message) => warnings.push(message));
    assert.deepEqual(usage, { 'user ann': used });
    assert.match(warnings.join(), /its copy ".*file\.new" counts/);
  });

  test('keeps its mode, and goes through a symbolic link', { skip: windows }, async (t) => {
    const file = temporaryFile(t, '{}');
    chmodSync(file, 0o640);
    const link = `${file}.link`;
    symlinkSync(file, link);
    await writeUsage(link, { 'user ann': used });
    assert.ok(lstatSync(link).isSymbolicLink());
    assert.equal(statSync(file).mode & 0o777, 0o640);
    assert.deepEqual(await readUsage(file, assert.fail), { 'user ann': used });
  });

  test('is overwritten where it cannot be replaced, all of it', async (t) => {
    const file = temporaryFile(t, `${JSON.stringify({ 'user ann': used })}${' '.repeat(500)}\n`);
    const rename = t.mock.method(fsPromises, 'rename', async () => {
      throw Object.assign(new Error('resource busy'), { code: 'EBUSY' });
    });
    syncBuiltinESMExports();
    t.after(() => {
      rename.mock.restore();
      syncBuiltinESMExports();
    });
    await writeUsage(file, { 'user b': used });
    assert.equal(rename.mock.callCount(), 1);
    assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), { 'user b': used });
    assert.ok(!readFileSync(file, 'utf8').includes('  \n\n'));
    assert.deepEqual(readdirSync(dirname(file)), ['file']);
  });
});

test('a quota keeper writes what was used in order, the last at the end', async (t) => {
  const file = join(temporaryDirectory(t), 'quota.json');
  const warnings: string[] = [];
  let bytes = 0;
  const usage = () => ({ 'user ann': { day: '2026-03-31', dayBytes: bytes, monthBytes: bytes } });
  const table = { usage, setUsage: () => {} };
  const keeper = new QuotaKeeper(file, {}, table, (message) => warnings.push(message));
  const saves: Promise<void>[] = [];
  for (; bytes < 20; bytes++) saves.push(keeper.save());
  saves.push(keeper.close());
  await Promise.all(saves);
  assert.deepEqual(warnings, []);
  assert.equal((await readUsage(file, assert.fail))['user ann']?.dayBytes, 20);
});

test('a quota keeper tells once that it cannot write', async (t) => {
  const folder = temporaryDirectory(t);
  const warnings: string[] = [];
  const table = { usage: () => ({}), setUsage: () => {} };
  const file = join(folder, 'none', 'quota.json');
  const keeper = new QuotaKeeper(file, {}, table, (message) => warnings.push(message));
  const message = `cannot write the quota file "${file}": no such file or directory`;
  await assert.rejects(keeper.save(), { name: 'UserError', message });
  await keeper.close();
  assert.deepEqual(warnings, [], 'who asked is told');
});

test('sizes and counts', () => {
  const sizes = ['1', '64K', '1.5m', '20G', '1TB', '2 K', '0', '-1', 'x', '1P', '0.0001'];
  const read = sizes.map((text) => {
    try {
      return parseSize(text);
    } catch {
      return undefined;
    }
  });
  const none = [undefined, undefined, undefined, undefined, undefined, undefined];
  assert.deepEqual(read, [1, 65536, 1572864, 20 * 2 ** 30, 2 ** 40, ...none]);
  assert.equal(parseCount('12'), 12);
  for (const text of ['0', '-1', '1.5', '', 'x']) assert.throws(() => parseCount(text), /whole/);
});
