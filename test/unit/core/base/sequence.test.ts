import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Sequence } from '#core/base/sequence.js';

test('a sequence: each begins when the one before is over, even if that failed', async () => {
  const sequence = new Sequence();
  const done: string[] = [];
  let release = () => {};
  const first = sequence.run(async () => {
    await new Promise<void>((resolve) => {
      release = resolve;
    });
    done.push('first');
    throw new Error('the first fails');
  });
  const second = sequence.run(() => done.push('second'));
  await new Promise(setImmediate);
  assert.deepEqual(done, []);
  release();
  await assert.rejects(first, /the first fails/);
  assert.equal(await second, 2);
  assert.deepEqual(done, ['first', 'second']);
});
