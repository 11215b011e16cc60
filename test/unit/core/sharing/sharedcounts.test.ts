import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFull, LocalCounts } from '#core/limits/counts.js';
import type { CountMessage } from '#core/sharing/messages.js';
import { SharedCounts } from '#core/sharing/sharedcounts.js';

/** Counts that tell somebody. */
function shared() {
  const own = new LocalCounts();
  const counts = new SharedCounts(own);
  const told: CountMessage[] = [];
  const common = { refusal: undefined, tell: (all: readonly CountMessage[]) => told.push(...all) };
  counts.common = common;
  const take = (key: string, limit: number, of?: string) =>
    counts.take([of === undefined ? { key, limit } : { key, limit, of }]);
  const grant = (id: number, full: string | null, key = 'k') => {
    const grants = full === null ? ([[key, 1, 3, false]] as const) : [];
    counts.credits.handle({ type: 'permits', grants, answers: [[id, full]], recalls: [] });
  };
  return { own, counts, told, take, grant };
}

test('while nobody answers a server has its own limits, and claims later what it counted', () => {
  const { own, counts, told, take } = shared();
  const [one, two] = [take('k', 2), take('d', 2, 'all')];
  assert.ok(!(one instanceof Promise) && !isFull(one));
  assert.deepEqual(take('k', 1), { full: 'k' });
  assert.deepEqual(told, []);
  counts.credits.joinAgain();
  assert.deepEqual(told, [
    { claim: 'k', count: 1 },
    { claim: 'd', count: 1, of: 'all' },
  ]);
  assert.ok(!(two instanceof Promise) && !isFull(two));
  one.dispose();
  two.dispose();
  assert.equal(own.of('k'), 0);
  assert.equal(counts.credits.size, 2);
  counts.credits.returnUnused();
  counts.credits.returnUnused();
  counts.credits.flush();
  assert.equal(counts.credits.size, 0);
});

test('what others leave no room for is given back here; who waits when the way is lost is let in', async () => {
  const { own, counts, take, grant } = shared();
  counts.credits.joinAgain();
  const denied = take('k', 3);
  assert.equal(own.of('k'), 1);
  grant(1, 'k');
  assert.deepEqual(await denied, { full: 'k' });
  assert.equal(own.of('k'), 0);
  const granted = take('k', 3);
  grant(2, null);
  assert.ok(!isFull(await granted));
  const waiting = take('k', 3);
  counts.credits.goAlone();
  const lease = await waiting;
  assert.ok(!isFull(lease));
  assert.equal(own.of('k'), 2);
  lease.dispose();
  assert.equal(own.of('k'), 1);
});

test('where nobody is to be let in meanwhile, nothing is counted', async () => {
  const { own, counts, take } = shared();
  counts.credits.joinAgain();
  const waiting = take('k', 3);
  counts.credits.goAlone(new Error('away'));
  await assert.rejects(async () => waiting, /away/);
  counts.common = { refusal: new Error('away'), tell() {} };
  assert.throws(() => take('k', 3), /away/);
  assert.equal(own.of('k'), 0);
});
