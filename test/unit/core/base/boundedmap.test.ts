import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BoundedMap } from '#core/base/boundedmap.js';

test('a bounded map forgets what was set the longest ago', () => {
  const map = new BoundedMap<string, number>(2);
  map.set('a', 1).set('b', 2).set('a', 3).set('c', 4);
  assert.deepEqual(
    [...map],
    [
      ['a', 3],
      ['c', 4],
    ],
  );
  assert.equal(map.get('b'), undefined);
});

test('a bounded map may have entries set again and deleted, for ever', () => {
  const map = new BoundedMap<number, number>(3);
  for (let i = 0; i < 100; i++) {
    map.set(i, i).set(i - 1, -i);
    if (i % 7 === 0) map.delete(i);
    if (i % 31 === 0) map.clear();
    const keys = [...map.keys()];
    assert.ok(keys.length <= 3);
    if (keys.length > 1) assert.deepEqual(keys.slice(-1), [i - 1]);
  }
  map.set(1, 1).set(2, 2).set(3, 3).set(4, 4);
  assert.deepEqual([...map.keys()], [2, 3, 4]);
});
