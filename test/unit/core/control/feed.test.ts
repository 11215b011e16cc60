import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServerEvent } from 'picosocks5';
import { EventFeed } from '#core/control/feed.js';

const warning = (message: string): ServerEvent => ({ type: 'warning', time: 0, message });
const debug = (id: number): ServerEvent => ({
  type: 'connection',
  id,
  time: 0,
  client: { host: '127.0.0.1', port: 1 },
});

/** A target that takes so many writes before it is full. */
function target(room: number) {
  const texts: string[] = [];
  return {
    texts,
    room,
    write(text: string) {
      texts.push(text);
      this.room--;
      return this.room > 0;
    },
    get lines() {
      return texts
        .join('')
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line));
    },
  };
}

test('a reader has the events of its level, and what it asks for is observed', () => {
  const observed: string[] = [];
  const feed = new EventFeed((level) => observed.push(level));
  const out = target(Number.POSITIVE_INFINITY);
  const all = target(Number.POSITIVE_INFINITY);
  const reader = feed.read('warn', out);
  feed.handle(debug(1));
  const other = feed.read('debug', all);
  feed.handle(debug(2));
  feed.handle(warning('x'));
  feed.leave(other);
  feed.handle(warning('y'));
  feed.leave(reader);
  feed.handle(warning('z'));
  assert.deepEqual(observed, ['info', 'debug', 'info']);
  assert.deepEqual(
    out.lines.map(({ message }) => message),
    ['x', 'y'],
  );
  assert.deepEqual(
    all.lines.map(({ type }) => type),
    ['connection', 'warning'],
  );
});

test('the last events are kept, up to 1000 of them, but none of debug', () => {
  const feed = new EventFeed(() => {});
  for (let i = 0; i < 1500; i++) {
    feed.handle(warning(String(i)));
    feed.handle(debug(i));
  }
  const messages = feed.last(1000, 'debug').map((line) => JSON.parse(line).message);
  assert.deepEqual([messages.length, messages[0], messages.at(-1)], [1000, '500', '1499']);
  assert.equal(JSON.parse(feed.last(1, 'info')[0] ?? '').message, '1499');
  assert.deepEqual(feed.last(0, 'info'), []);
  assert.deepEqual(feed.last(10, 'err'), []);
});

test('a reader that is slow is told how many events it has lost', () => {
  const feed = new EventFeed(() => {});
  const out = target(1);
  const reader = feed.read('info', out);
  for (let i = 0; i < 7001; i++) feed.handle(warning(String(i)));
  assert.equal(out.texts.length, 1);
  out.room = 100;
  reader.drained();
  const { lines } = out;
  assert.deepEqual(
    lines.slice(0, 5001).map(({ message }) => message),
    Array.from({ length: 5001 }, (_, i) => String(i)),
  );
  assert.deepEqual([lines[5001].type, lines[5001].count, lines.length], ['lost', 2000, 5002]);
  feed.handle(warning('again'));
  assert.equal(out.lines.at(-1).message, 'again');
});

test('a reader is told of what was lost on the way to it', () => {
  const feed = new EventFeed(() => {});
  const out = target(100);
  feed.read('info', out);
  feed.take({ events: [warning('a')], lost: 3 });
  assert.deepEqual(
    out.lines.map(({ type, count }) => [type, count]),
    [
      ['warning', undefined],
      ['lost', 3],
    ],
  );
});
