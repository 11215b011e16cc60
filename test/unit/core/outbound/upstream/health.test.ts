import assert from 'node:assert/strict';
import { test } from 'node:test';
import { monotonic } from '#core/base/clock.js';
import { Health } from '#core/outbound/upstream/health.js';
import { manualClock } from '../../../../support/clock.js';

test('an upstream that fails is left alone for a second, then two, at last a minute', (t) => {
  const clock = manualClock(t);
  const health = new Health();
  assert.equal(health.resting, false);
  const rests: number[] = [];
  for (let i = 0; i < 9; i++) {
    health.trying();
    assert.equal(health.failed(monotonic()), i === 0, 'only the first is news');
    let rest = 0;
    for (; health.resting; rest++) clock.pass(1000);
    rests.push(rest);
  }
  assert.deepEqual(rests, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
  assert.equal(health.worked(), true);
  assert.equal(health.worked(), false);
  health.failed(monotonic());
  clock.pass(1000);
  assert.equal(health.resting, false, 'it begins anew');
});

test('after a rest one connection tries it, and the others leave it alone', (t) => {
  const clock = manualClock(t);
  const health = new Health();
  health.failed(monotonic());
  clock.pass(1000);
  assert.equal(health.resting, false);
  health.trying();
  assert.equal(health.resting, true);
  health.worked();
  assert.equal(health.resting, false);
});

test('those who tried it at the same time do not make its rest longer', (t) => {
  const clock = manualClock(t);
  const health = new Health();
  const since = monotonic();
  clock.pass(10);
  assert.equal(health.failed(since), true);
  for (let i = 0; i < 50; i++) assert.equal(health.failed(since), false);
  clock.pass(1000);
  assert.equal(health.resting, false);
});
