import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DisposableStore, toDisposable } from '#core/base/disposable.js';

describe('DisposableStore', () => {
  test('undoes what it has, the last first, once', () => {
    const done: string[] = [];
    const store = new DisposableStore();
    for (const name of ['a', 'b']) store.add(toDisposable(() => done.push(name)));
    store.dispose();
    store.dispose();
    assert.deepEqual(done, ['b', 'a']);
    store.add(toDisposable(() => done.push('late')));
    assert.deepEqual(done, ['b', 'a', 'late']);
  });

  test('one that throws keeps none of the others', () => {
    const done: string[] = [];
    const store = new DisposableStore();
    store.add(toDisposable(() => done.push('a')));
    store.add({
      dispose() {
        throw new Error('no');
      },
    });
    assert.throws(() => store.dispose(), /^Error: no$/);
    assert.deepEqual(done, ['a']);
  });
});
