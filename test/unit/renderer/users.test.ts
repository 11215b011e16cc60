import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { User, UserActivity } from '#main/ipc/contract.js';
import { rendererModule } from '../../support/renderer.js';

const { exactBytes, lastDay, parseBytes, parseLastDay, parseLimits, parseWhole } =
  await rendererModule<typeof import('../../../renderer/views/userlimits.js')>(
    'views/userlimits.ts',
  );
const { accessOf, selectUsers, userColumns } =
  await rendererModule<typeof import('../../../renderer/views/userrows.js')>('views/userrows.ts');

describe('limits as they are typed', () => {
  test('bytes, and what is none', () => {
    for (const [text, bytes] of [
      ['', undefined],
      ['500', 500],
      ['500 kB', 500_000],
      ['1,5 GB/s', 1_500_000_000],
      ['20G', 20 * 2 ** 30],
      ['1.5 GiB', 1.5 * 2 ** 30],
    ] as const) {
      assert.equal(parseBytes(text, 'Per day'), bytes, text);
    }
    for (const text of ['0', '-1', 'much', '1 EB', '1e9', '99999999 TB', '1 2']) {
      assert.throws(() => parseBytes(text, 'Per day'), /^Error: Per day: a number of bytes/, text);
    }
  });

  test('bytes are shown to the byte', () => {
    for (const bytes of [1, 999, 1000, 1024, 1536, 123_456_789, 20e9, 20 * 2 ** 30, 2 ** 53 - 1]) {
      assert.equal(parseBytes(exactBytes(bytes), ''), bytes, exactBytes(bytes));
    }
    assert.deepEqual([20e9, 2 ** 30, 1536].map(exactBytes), ['20 GB', '1 GiB', '1.5 KiB']);
  });

  test('whole numbers', () => {
    assert.equal(parseWhole(' ', 'Devices'), undefined);
    assert.equal(parseWhole('3', 'Devices'), 3);
    for (const text of ['0', '1.5', '-1', '12345678']) {
      assert.throws(() => parseWhole(text, 'Devices'), /Devices: a whole number/);
    }
  });

  test('the last day counts as a whole, and a moment stays where its day does', () => {
    const end = new Date(2027, 1, 1).getTime();
    assert.equal(parseLastDay('2027-01-31', undefined), end);
    assert.equal(lastDay(end), '2027-01-31');
    const moment = new Date(2027, 0, 31, 18).getTime();
    assert.equal(parseLastDay('2027-01-31', moment), moment);
    assert.equal(parseLastDay('', moment), undefined);
    for (const text of ['2027-02-31', 'soon', '2027-1-1']) {
      assert.throws(() => parseLastDay(text, undefined), /Last day: a date is expected/);
    }
  });

  test('what is filled in is all that there is', () => {
    const fields: Record<string, string> = { connections: '2', perDay: '1 GB' };
    const limits = parseLimits((name) => fields[name] ?? '', { devices: 5 });
    assert.deepEqual(limits, { connections: 2, perDay: 1e9 });
  });
});

function user(name: string, more: Partial<User> = {}): User {
  return { name, group: '', disabled: false, limits: {}, password: 'set', ...more };
}

const NOW = new Date(2026, 10, 25).getTime();

describe('the list of users', () => {
  const activities = new Map<string, UserActivity>([
    [
      'bob',
      {
        ...{ name: 'bob', lastSeen: NOW, connections: 1 },
        ...{ up: 5, down: 7, dayBytes: 10, monthBytes: 30 },
      },
    ],
  ]);
  const columns = userColumns((name) => activities.get(name));
  const rows = [
    user('alice', { group: 'staff', limits: { expires: 1 } }),
    user('bob', { limits: { perDay: 10 } }),
    user('carol', { group: 'Staff', disabled: true }),
    user('dave', { limits: { expires: 9e15, connections: 3 } }),
  ].map((one, id) => ({ id, user: one }));
  const names = (search: string, sort = 'name', descending = false) =>
    selectUsers(rows, { search, sort, descending }, columns).map((row) => row.user.name);

  test('why somebody may not log in', () => {
    const why = (one: User) => accessOf(one, activities.get(one.name), NOW)[0];
    assert.deepEqual(
      rows.map((row) => why(row.user)),
      ['expired', 'day used up', 'disabled', 'allowed'],
    );
    assert.equal(why(user('bob', { limits: { perMonth: 30 } })), 'month used up');
    assert.equal(why(user('bob', { limits: { perDay: 11, perMonth: 31 } })), 'allowed');
  });

  test('words are searched for in names, groups and access', () => {
    assert.deepEqual(names('staff'), ['alice', 'carol']);
    assert.deepEqual(names('STAFF disabled'), ['carol']);
    assert.deepEqual(names('expired'), ['alice']);
    assert.deepEqual(names('nobody'), []);
  });

  test('the order of any column, and back', () => {
    assert.deepEqual(names(''), ['alice', 'bob', 'carol', 'dave']);
    assert.deepEqual(names('', 'name', true), ['dave', 'carol', 'bob', 'alice']);
    assert.deepEqual(names('', 'up', true), ['bob', 'alice', 'carol', 'dave']);
    assert.deepEqual(names('', 'expires'), ['alice', 'dave', 'bob', 'carol']);
    assert.deepEqual(names('', 'lastSeen', true), ['bob', 'alice', 'carol', 'dave']);
  });

  test('ten thousand are searched and ordered in no time', () => {
    const many = Array.from({ length: 10_000 }, (_, id) => ({ id, user: user(`user${id}`) }));
    // The best of some: a busy machine stands still now and then.
    let time = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 5 && time >= 500; i++) {
      const start = performance.now();
      const found = selectUsers(
        many,
        { search: 'user99', sort: 'access', descending: true },
        columns,
      );
      assert.equal(found.length, 111);
      time = Math.min(time, performance.now() - start);
    }
    assert.ok(time < 500, `${time} ms`);
  });

  test('what is used is shown with its limit', () => {
    const textOf = (key: string, name: string) => {
      const row = rows.find((one) => one.user.name === name);
      return row && columns.find((column) => column.key === key)?.text(row, 0);
    };
    assert.equal(textOf('perDay', 'bob'), '10 B of 10 B');
    assert.equal(textOf('perDay', 'dave'), '');
    assert.equal(textOf('connections', 'dave'), '0 of 3');
    assert.equal(textOf('connections', 'bob'), '1');
    assert.equal(textOf('lastSeen', 'dave'), 'never');
  });
});
