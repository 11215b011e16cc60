import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { FairQueue } from '#core/outbound/fairqueue.js';

/** A job that runs until it is finished. */
class Work {
  running = false;
  finish: () => void = () => {};

  run(): Promise<void> {
    this.running = true;
    return new Promise((resolve) => {
      this.finish = resolve;
    });
  }
}

const works = (count: number) => Array.from({ length: count }, () => new Work());
const running = (list: readonly Work[]) => list.filter((work) => work.running).length;

describe('FairQueue', () => {
  test('one client has half of the places, and there is always one for the next', () => {
    const queue = new FairQueue(8);
    const clients = Array.from({ length: 6 }, () => works(20));
    for (const [i, list] of clients.entries()) for (const work of list) queue.add(`${i}`, work);
    assert.deepEqual(clients.map(running), [4, 2, 1, 1, 0, 0]);
  });

  test('of two places one client has one, and of one place that one', () => {
    for (const limit of [1, 2]) {
      const queue = new FairQueue(limit);
      const slow = works(5);
      for (const work of slow) queue.add('slow', work);
      assert.equal(running(slow), 1);
      const other = new Work();
      queue.add('other', other);
      assert.equal(other.running, limit === 2);
    }
  });

  test('those who wait take turns', async () => {
    const queue = new FairQueue(1);
    const first = new Work();
    queue.add('a', first);
    const order: string[] = [];
    for (const client of ['a', 'a', 'a', 'b', 'b', 'c']) {
      queue.add(client, {
        run: () => {
          order.push(client);
          return Promise.resolve();
        },
      });
    }
    first.finish();
    while (order.length < 6) await nextTurn();
    assert.deepEqual(order, ['a', 'b', 'c', 'a', 'b', 'a']);
  });

  test('what waits for two clients runs with the first of them, once', async () => {
    const queue = new FairQueue(4);
    const slow = works(3);
    for (const work of slow) queue.add('slow', work);
    const shared = slow[2] as Work;
    assert.equal(shared.running, false);
    queue.add('other', shared);
    assert.equal(shared.running, true);
    shared.finish();
    await nextTurn();
    assert.equal(running(slow), 3, 'they have been begun, each once');
  });

  test('what is taken back does not run; what finishes makes room', async () => {
    const queue = new FairQueue(2);
    const [first, second, third] = works(3) as [Work, Work, Work];
    for (const work of [first, second, third]) queue.add('a', work);
    queue.remove(second);
    first.finish();
    await nextTurn();
    assert.deepEqual([second.running, third.running], [false, true]);
  });

  test('no more than 256 of a client wait', () => {
    const queue = new FairQueue(2);
    for (const work of works(257)) assert.ok(queue.add('a', work));
    assert.equal(queue.add('a', new Work()), false);
    assert.ok(queue.add('b', new Work()));
  });
});
