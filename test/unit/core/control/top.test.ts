import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytes, span } from '#core/cli/control/text.js';
import { Model } from '#core/cli/control/top/model.js';
import { linesOf } from '#core/cli/control/top/screen.js';
import type { ConnectionAnswer, StatusAnswer } from '#core/control/answers.js';

function connection(
  id: number,
  up: number,
  more: Partial<ConnectionAnswer> = {},
): ConnectionAnswer {
  return {
    id,
    client: { host: '192.0.2.1', port: id },
    user: undefined,
    group: undefined,
    method: undefined,
    command: 'connect',
    destination: { host: 'example.com', port: 443 },
    up,
    down: 0,
    dropped: 0,
    since: new Date(0).toISOString(),
    ...more,
  };
}

const ids = (model: Model) => model.rows.map(({ one }) => one.id);

test('throughput is what has moved between two looks, the fastest first', () => {
  const model = new Model();
  model.take([connection(1, 1000), connection(2, 5000)], 0, 60_000);
  assert.equal(model.upRate, 0);
  model.take([connection(1, 9000), connection(2, 5000), connection(3, 500)], 2000, 62_000);
  assert.deepEqual(
    model.rows.map(({ one, upRate }) => [one.id, upRate]),
    [
      [1, 4000],
      [3, 250],
      [2, 0],
    ],
  );
  assert.equal(model.upRate, 4250);
  // One that is over takes its bytes along.
  model.take([connection(2, 6000)], 3000, 63_000);
  assert.deepEqual([model.upRate, ids(model)], [1000, [2]]);
});

test('a filter is a part of what is shown, or says what as other commands do', () => {
  const model = new Model();
  const home = { user: 'alice', client: { host: '10.0.0.7', port: 21 }, listener: 'lan' };
  const away = { user: 'malice', destination: { host: 'alice.example', port: 80 } };
  const list = [connection(11, 0, home), connection(12, 0, away), connection(13, 0)];
  model.take(list, 0, 0);
  model.order = 'id';
  const filters: [string, number[]][] = [
    ['alice', [11, 12]],
    ['ALICE.ex', [12]],
    ['user=alice', [11]],
    ['user=-', [13]],
    ['client=10.0.0.0/8 listener=lan', [11]],
    ['client=10.0.0.0/8 user=malice', []],
    ['destination=ice.example 80', [12]],
    ['command=connect id=12', [12]],
    ['13', [13]],
    ['client=nowhere', []],
    ['id=x', []],
    ['path=x', []],
  ];
  for (const [filter, found] of filters) {
    model.filter = filter;
    model.arrange();
    assert.deepEqual(ids(model), found, filter);
  }
});

test('rows can be in another order, and fewer', () => {
  const model = new Model();
  const alice = { user: 'alice', down: 7 };
  const list = [connection(1, 10), connection(2, 30, alice), connection(3, 20, { user: 'bob' })];
  model.take(list, 0, 0);
  model.order = 'bytes';
  model.arrange();
  assert.deepEqual(ids(model), [2, 3, 1]);
  model.isReversed = true;
  model.arrange();
  assert.deepEqual(ids(model), [1, 3, 2]);
  model.order = 'user';
  model.isReversed = false;
  model.filter = 'EXAMPLE b';
  model.arrange();
  assert.deepEqual(ids(model), [3]);
  model.filter = '';
  model.arrange();
  assert.deepEqual(ids(model), [1, 2, 3]);
});

test('a chosen connection stays chosen wherever it moves, and the choice is within bounds', () => {
  const model = new Model();
  model.order = 'id';
  model.take(
    [1, 2, 3].map((id) => connection(id, 0)),
    0,
    0,
  );
  model.move(1);
  assert.equal(model.chosen?.one.id, 2);
  model.isReversed = true;
  model.move(1);
  model.arrange();
  assert.deepEqual([model.chosen?.one.id, model.chosenIndex], [3, 0]);
  model.move(Number.POSITIVE_INFINITY);
  assert.equal(model.chosen?.one.id, 1);
  model.move(-1000);
  assert.equal(model.chosen?.one.id, 3);
  model.take([connection(1, 0)], 1, 1);
  assert.equal(model.chosen?.one.id, 1);
  model.take([], 2, 2);
  assert.equal(model.chosen, undefined);
});

const status = {
  version: '1.0.0',
  state: 'serving',
  uptime: 3725,
  connections: { total: 1, users: 1 },
  since: { failedLogins: 0, rejected: 2 },
} as StatusAnswer;

test('the screen fits any terminal, and shows nothing that could move the cursor', () => {
  const model = new Model();
  const evil = { user: '\x1b[2J\n', destination: { host: 'a\x1b]0;x\x07', port: 1 } };
  model.take(
    Array.from({ length: 100 }, (_, i) => connection(i + 1, i, evil)),
    0,
    90_000,
  );
  model.move(50);
  for (const [columns, rows] of [
    [80, 24],
    [200, 50],
    [20, 6],
    [1, 1],
  ] as const) {
    const around = { status, prompt: undefined, isPaused: false, unlisted: 0 };
    const lines = linesOf(model, around, { columns, rows });
    assert.equal(lines.length, rows);
    for (const line of lines) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: those are its own.
      const plain = line.replace(/\x1b\[[017]m/g, '');
      assert.equal(plain.length, columns);
      assert.match(plain, /^[\x20-\x7e]*$/);
    }
  }
  const lines = linesOf(
    model,
    { status, prompt: 'asked', isPaused: true, unlisted: 3 },
    { columns: 120, rows: 24 },
  );
  assert.match(lines[0] ?? '', /PicoSOCKS5 1\.0\.0: serving, up 1h 2m \(paused\)/);
  assert.match(lines[2] ?? '', /100 rows sorted by rate, 3 more are not listed/);
  assert.match(lines.at(-1) ?? '', /^asked +$/);
  // The chosen one is among those that are shown.
  assert.ok(lines.some((line) => line.startsWith(`\x1b[7m${' '.repeat(6)}51 `)));
});

test('numbers are short', () => {
  const texts = [0, 999, 1000, 1024, 10_189, 1024 ** 2 * 9.94, 1024 ** 3 * 500, 1024 ** 5].map(
    bytes,
  );
  assert.deepEqual(texts, ['0', '999', '1.0K', '1.0K', '10K', '9.9M', '500G', '1.0P']);
  assert.deepEqual([0.9, 59, 60, 3600, 90_061].map(span), ['0s', '59s', '1m 0s', '1h 0m', '1d 1h']);
});
