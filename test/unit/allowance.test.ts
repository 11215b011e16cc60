import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type AllowanceLimits, Allowances, Share } from '#core/access/allowance.js';
import { TokenBucket } from '#core/access/tokenbucket.js';
import { emptyUsage, readUsage, usageAt, writeUsage } from '#core/access/usage.js';
import { parseCount, parseSize } from '#core/config/sizes.js';
import { temporaryFile } from '../support/files.js';

function allowances(limits: AllowanceLimits, groupLimits: AllowanceLimits = {}): Allowances {
  const all = new Allowances();
  all.configure({ users: new Map([['ann', limits]]), groups: new Map([['staff', groupLimits]]) });
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
    assert.deepEqual(all.share(ann), { by: 'user ann has 1 connections already' });
    const second = share(all, bob);
    assert.deepEqual(all.share(bob), { by: 'group staff has 2 connections already' });
    second.dispose();
    first.dispose();
    share(all, ann);
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
    all.configure({ users: new Map([['ann', { connections: 2 }]]), groups: new Map() });
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

  test('is written and read, and damage is said', async (t) => {
    const file = temporaryFile(t, '');
    await writeUsage(file, { 'user ann': used });
    assert.deepEqual(await readUsage(file), { 'user ann': used });
    assert.deepEqual(await readUsage(`${file}.none`), {});
    for (const text of ['', '[', '7', '{"user a":{"day":1}}', '{"user a":null}']) {
      await assert.rejects(readUsage(temporaryFile(t, text)), /is damaged; move it away/);
    }
  });
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
