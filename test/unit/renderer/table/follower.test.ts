import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { rendererModule } from '../../../support/renderer.js';

const { Follower } =
  await rendererModule<typeof import('../../../../renderer/table/follower.js')>(
    'table/follower.ts',
  );

const HEIGHTS = { row: 20, head: 30 };

/** The element that scrolls, of which no more is asked. */
type Body = NonNullable<Parameters<InstanceType<typeof Follower>['slice']>[1]>;

/** A table of 200 px under its head, scrolled to somewhere. */
function body(scrollTop: number, rows: number) {
  const element = { scrollTop, clientHeight: 230, scrollHeight: 30 + rows * HEIGHTS.row };
  return element as typeof element & Body;
}

function listing(count: number, follows: boolean, newestFirst = false, first = 1) {
  return { ids: Array.from({ length: count }, (_, i) => first + i), newestFirst, follows };
}

describe('what is drawn of a long table', () => {
  test('of any number of rows, as many as are seen and some more', () => {
    const { start, end } = new Follower(HEIGHTS).slice(listing(10_000, true), body(0, 10_000));
    assert.equal(end, 10_000);
    assert.ok(end - start >= 10 && end - start <= 30, `${start} to ${end}`);
  });

  test('rows that come and go leave what is read where it is', () => {
    const follower = new Follower(HEIGHTS);
    const before = listing(1000, false);
    const place = body(4007, 1000);
    follower.slice(before, place);
    follower.hold(before.ids, place);
    // The first hundred leave: the row that was at the top is a hundred rows higher now.
    const after = listing(900, false, false, 101);
    follower.slice(after, place);
    follower.settle(place);
    assert.equal(place.scrollTop, 4007 - 100 * HEIGHTS.row);
  });

  test('following ends when somebody scrolls back, and goes on at the end', () => {
    const follower = new Follower(HEIGHTS);
    const rows = listing(100, true);
    const place = body(0, 100);
    follower.slice(rows, place);
    follower.settle(place);
    assert.equal(place.scrollTop, 1800);
    place.scrollTop = 1000;
    assert.equal(follower.scrolled(rows, place), false);
    place.scrollTop = 1500;
    assert.equal(follower.scrolled(rows, place), undefined);
    place.scrollTop = 1800;
    assert.equal(follower.scrolled(rows, place), true);
  });
});
