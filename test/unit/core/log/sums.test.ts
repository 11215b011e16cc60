import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConnectionInfo } from '#core/log/events.js';
import { type SumKey, sumsOf } from '#core/log/sums.js';

function connection(more: Partial<ConnectionInfo>): ConnectionInfo {
  return {
    id: 1,
    client: { host: '127.0.0.1', port: 5 },
    user: undefined,
    group: undefined,
    method: 'none',
    command: 'connect',
    destination: { host: 'example.com', port: 443 },
    up: 1,
    down: 10,
    dropped: 0,
    since: 0,
    ...more,
  };
}

const connections = [
  connection({ group: 'a' }),
  connection({ group: 'a', destination: { host: 'example.com', port: 80 }, dropped: 3 }),
  connection({ group: 'b', command: 'associate', destination: { host: 'example.org', port: 80 } }),
  connection({ command: undefined, destination: undefined }),
];

const cases: [by: SumKey[], sums: object[]][] = [
  [[], [{ of: {}, connections: 4, up: 4, down: 40, dropped: 3 }]],
  [
    ['group'],
    [
      { of: { group: 'a' }, connections: 2, up: 2, down: 20, dropped: 3 },
      { of: { group: 'b' }, connections: 1, up: 1, down: 10, dropped: 0 },
      { of: {}, connections: 1, up: 1, down: 10, dropped: 0 },
    ],
  ],
  [
    ['destination', 'command'],
    [
      {
        of: { destination: 'example.com', command: 'connect' },
        ...{ connections: 2, up: 2, down: 20, dropped: 3 },
      },
      {
        of: { destination: 'example.org', command: 'associate' },
        ...{ connections: 1, up: 1, down: 10, dropped: 0 },
      },
      { of: {}, connections: 1, up: 1, down: 10, dropped: 0 },
    ],
  ],
];
for (const [by, sums] of cases) {
  test(`connections are summed up by ${by.join(' and ') || 'nothing'}`, () => {
    assert.deepEqual(sumsOf(connections, by), sums);
  });
}

test('what no connection has is an error, and nothing is one as well', () => {
  assert.throws(() => sumsOf(connections, ['id' as SumKey]), /expected some of listener.*not "id"/);
  assert.deepEqual(sumsOf([], []), []);
});
