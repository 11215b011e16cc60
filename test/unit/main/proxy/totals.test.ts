import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ConnectionRow } from '#main/ipc/contract.js';
import { ConnectionTotals, OTHERS } from '#main/proxy/totals.js';

const ROW: ConnectionRow = {
  id: 1,
  time: 0,
  began: 0,
  client: '127.0.0.1:40000',
  program: '',
  programPath: '',
  pid: undefined,
  user: 'alice',
  group: '',
  method: 'userpass',
  command: 'connect',
  destination: 'Example.com:443',
  remote: '',
  via: '',
  state: 'open',
  up: 0,
  down: 0,
  rateUp: 0,
  rateDown: 0,
  duration: undefined,
  reason: '',
  detail: '',
  diagnosis: undefined,
};

const NOTHING = { open: 0, refused: 0, failed: 0, up: 0, down: 0, rateUp: 0, rateDown: 0 };

describe('what connections come to', () => {
  test('by host, user and program, whatever happens to them', () => {
    const totals = new ConnectionTotals();
    totals.take({ ...ROW, up: 10, down: 20, rateUp: 1, rateDown: 2 });
    totals.take({ ...ROW, up: 15, down: 30, rateUp: 5, rateDown: 10 });
    totals.take({ ...ROW, id: 2, destination: '[::1]:80', state: 'failed' });
    totals.take({ ...ROW, id: 3, destination: '', state: 'login-failed' });
    const moved = { ...NOTHING, up: 15, down: 30 };
    assert.deepEqual(totals.of('host'), {
      rows: [
        { name: 'example.com', connections: 1, ...moved, open: 1, rateUp: 5, rateDown: 10 },
        { name: '[::1]', connections: 1, ...NOTHING, failed: 1 },
      ],
      more: 0,
    });
    totals.take({ ...ROW, up: 15, down: 31, state: 'closed' });
    assert.deepEqual(totals.of('user').rows, [
      { name: 'alice', connections: 3, ...moved, down: 31, failed: 1, refused: 1 },
    ]);
  });

  test('a program that is known late is counted from the beginning, and nobody else is', () => {
    const totals = new ConnectionTotals();
    totals.take({ ...ROW, up: 7 });
    totals.identify({ ...ROW, up: 7, program: 'curl' });
    totals.take({ ...ROW, program: 'curl', up: 8, state: 'closed' });
    assert.deepEqual(totals.of('program').rows, [
      { name: 'curl', connections: 1, ...NOTHING, up: 8 },
    ]);
  });

  test('what is no longer kept stays counted, and is not open', () => {
    const totals = new ConnectionTotals();
    totals.take({ ...ROW, up: 7, rateUp: 7 });
    totals.leave(ROW);
    assert.deepEqual(totals.of('user').rows, [
      { name: 'alice', connections: 1, ...NOTHING, up: 7 },
    ]);
  });

  test('names are bounded: those that are too many are one', () => {
    const totals = new ConnectionTotals();
    for (let id = 0; id < 6000; id++) {
      const row = { ...ROW, id, destination: `${id}.test:1`, up: id };
      totals.take(row);
      totals.leave(row);
    }
    const { rows, more } = totals.of('host');
    assert.deepEqual([rows.length, more], [500, 4501]);
    assert.deepEqual([rows[0]?.name, rows[0]?.connections], [OTHERS, 1000]);
    const all = rows.reduce((sum, { up }) => sum + up, 0);
    assert.ok(all <= (5999 * 6000) / 2);
  });
});
