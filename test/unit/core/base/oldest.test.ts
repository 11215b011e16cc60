import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Oldest } from '#core/base/oldest.js';

test('the oldest of a map is found however entries come and go', () => {
  const map = new Map([
    ['a', 1],
    ['b', 2],
    ['c', 3],
  ]);
  const oldest = new Oldest(map);
  const take = () => {
    const key = oldest.next();
    if (key !== undefined) map.delete(key);
    return key;
  };
  assert.equal(take(), 'a');
  map.delete('b');
  map.set('a', 4);
  assert.deepEqual([take(), take(), take()], ['c', 'a', undefined]);
  map.set('d', 5);
  assert.equal(take(), 'd');
  map.set('e', 6).set('f', 7);
  map.clear();
  oldest.forget();
  map.set('g', 8);
  assert.deepEqual([take(), take()], ['g', undefined]);
});

test('a set that is full takes as long for each entry as an empty one', () => {
  const time = (size: number) => {
    const set = new Set(Array.from({ length: size }, (_, i) => i));
    const oldest = new Oldest(set);
    const begin = process.cpuUsage();
    for (let i = size; i < size + 200_000; i++) {
      set.add(i);
      set.delete(oldest.next() as number);
    }
    const { user, system } = process.cpuUsage(begin);
    assert.equal(set.size, size);
    return user + system;
  };
  time(10);
  assert.ok(time(10_000) < 20 * time(10));
});
