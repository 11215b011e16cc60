import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { Disposable } from '#core/base/disposable.js';
import { Startups, startupLimit } from '#core/limits/startups.js';

/** Startups with a limit, and the names of those that gave way. */
function start(limit: number) {
  const startups = new Startups();
  startups.limit = limit;
  const gone: string[] = [];
  const places = new Map<string, Disposable>();
  const add = (name: string, network: string, stalled = true) => {
    const giveWay = () => {
      gone.push(name);
      places.get(name)?.dispose();
    };
    places.set(name, startups.add(network, { stalled, giveWay }));
  };
  /** One more, if there is room. */
  const come = (name: string, network: string, stalled = true) => {
    const room = startups.makeRoom(network);
    if (room) add(name, network, stalled);
    return room;
  };
  return { startups, gone, come, leave: (name: string) => places.get(name)?.dispose() };
}

describe('startups', () => {
  test('the oldest gives way when there are too many', () => {
    const { gone, come } = start(2);
    for (const name of ['a', 'b', 'c', 'd']) assert.ok(come(name, name));
    assert.deepEqual(gone, ['a', 'b']);
  });

  test('those that left make room', () => {
    const { gone, come, leave } = start(2);
    come('a', '1');
    come('b', '2');
    leave('b');
    leave('b');
    come('c', '3');
    assert.deepEqual(gone, []);
    leave('a');
    leave('c');
    for (const name of ['d', 'e', 'f']) come(name, name);
    assert.deepEqual(gone, ['d']);
  });

  test('networks with many give way before those with few', () => {
    const { gone, come } = start(4);
    come('old', 'quiet');
    for (let i = 0; i < 20; i++) come(`many ${i}`, 'loud');
    assert.equal(gone.length, 17);
    assert.ok(!gone.includes('old'));
    come('new', 'other');
    assert.equal(gone.at(-1), 'many 17');
  });

  test('those that wait for an answer stay, as long as others wait for their clients', () => {
    const { gone, come } = start(2);
    come('busy', '1', false);
    come('silent', '1');
    come('next', '1');
    assert.deepEqual(gone, ['silent']);
  });

  test('where all wait for answers a crowd gets no more, and others do', () => {
    const { gone, come } = start(2);
    come('a', 'loud', false);
    come('b', 'loud', false);
    assert.equal(come('c', 'loud'), false);
    assert.equal(come('d', 'other'), true);
    assert.deepEqual(gone, ['a']);
  });

  test('who has waited for a second may have to go for others', (t: TestContext) => {
    let now = 0;
    t.mock.method(performance, 'now', () => now);
    const { startups, gone, come } = start(10);
    come('busy', '1', false);
    come('a', '1');
    now = 500;
    come('b', '2');
    now = 999;
    assert.equal(startups.endStalled(), false);
    now = 1000;
    assert.equal(startups.endStalled('2'), false);
    assert.equal(startups.endStalled(), true);
    assert.equal(startups.endStalled(), false);
    now = 1500;
    assert.equal(startups.endStalled('2'), true);
    assert.deepEqual(gone, ['a', 'b']);
  });

  test('their share is never more than half, of all processes together', () => {
    assert.equal(startupLimit(1024, 16_384, 1), 1024);
    assert.equal(startupLimit(1024, 100, 1), 50);
    assert.equal(startupLimit(1024, 1, 1), 1);
    assert.equal(startupLimit(0, 100, 1), 50);
    assert.equal(startupLimit(1024, 0, 1), 1024);
    assert.equal(startupLimit(0, 0, 1), Number.POSITIVE_INFINITY);
    assert.equal(startupLimit(10, 0, 4), 3);
  });
});
