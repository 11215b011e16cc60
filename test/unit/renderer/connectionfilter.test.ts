import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ConnectionRow } from '#main/ipc/contract.js';
import { rendererModule } from '../../support/renderer.js';

type Filters = typeof import('../../../renderer/views/connectionfilter.js');
type Groups = typeof import('../../../renderer/views/connectiongroups.js');

const { parseFilter, FIELDS, groupRows, linesOf } = await rendererModule<Filters & Groups>(
  'views/connectionfilter.ts',
  'views/connectiongroups.ts',
);

const ROW: ConnectionRow = {
  id: 1,
  time: 0,
  began: 1000,
  client: '127.0.0.1:40000',
  user: 'alice',
  group: 'staff',
  method: 'userpass',
  command: 'connect',
  destination: 'git.corp:443',
  remote: '192.0.2.1:443',
  via: 'work',
  state: 'open',
  up: 400_000,
  down: 700_000,
  rateUp: 1000,
  rateDown: 2000,
  duration: undefined,
  reason: '',
  detail: '',
  diagnosis: undefined,
  program: 'curl',
  programPath: '/usr/bin/curl',
  pid: 77,
};

/** The present instant: the row is 90 s old. */
const NOW = 91_000;

const fits = (filter: string, change: Partial<ConnectionRow> = {}) =>
  parseFilter(filter).fits({ ...ROW, ...change }, NOW);
const mistakeOf = (filter: string) => parseFilter(filter).mistake;

describe('the filter of connections', () => {
  for (const filter of [
    '',
    'user:alice state:open host:*.corp >1MB',
    'USER:Alice',
    'user:a*',
    'user:bob,alice',
    'group:staff method:userpass command:connect via:work',
    'client:127.0.0.1',
    'client:127.0.0.1:40000',
    'host:git.corp',
    'host:git.corp:443',
    'host:g?t.*',
    'program:curl pid:77',
    'program:CURL.EXE',
    'port:443 port>442 port<=443',
    'size>1MB size<2mb',
    '>1.05MB <1,15MB',
    '>=1100000 <=1100000',
    'up<1MB down:>600kB',
    'down=700kB',
    'speed>2kB/s speed:>2.9kb',
    'duration>1m duration<2min duration>=90s duration<1h duration>80',
    '-user:bob -refused',
    '-state:closed',
    'git curl',
    '"127.0.0.1:40000 alice"',
    ':443',
    'corp:443',
    'GIT.CORP:443',
    'http://git -git',
  ]) {
    const isWanted = filter !== 'http://git -git';
    test(`${filter || 'none'} ${isWanted ? 'lets it through' : 'keeps it out'}`, () => {
      assert.equal(fits(filter), isWanted);
      assert.equal(mistakeOf(filter), undefined);
    });
  }

  for (const filter of [
    'user:ali',
    'user:alice2',
    'user:""',
    'state:closed',
    'state:failed,refused',
    'host:corp',
    'host:*.corp.example',
    'host:git',
    'program:cur',
    'port:80',
    '>2MB',
    '<1MB',
    'up>1MB',
    'speed>1MB/s',
    'duration<1m',
    '-user:alice',
    '-curl',
    'curl wget',
    'localhost:80',
  ]) {
    test(`${filter} keeps it out`, () => {
      assert.equal(fits(filter), false);
      assert.equal(mistakeOf(filter), undefined);
    });
  }

  test('an empty value is one of nobody', () => {
    assert.equal(fits('user:""', { user: '' }), true);
    assert.equal(fits('-user:""'), true);
  });

  test('IPv6 hosts, with brackets or without', () => {
    const change = { destination: '[2001:db8::1]:443', client: '[::1]:40000' };
    for (const filter of ['host:2001:db8::1', 'host:[2001:db8::1]', 'host:2001:*', 'client:::1']) {
      assert.equal(fits(filter, change), true, filter);
    }
    assert.equal(fits('[2001:db8::1]', change), true);
    assert.equal(fits('2001:db8::1', change), true);
    assert.equal(fits('db8::1', change), true);
    assert.equal(fits('port:443', change), true);
  });

  test('reasons by their terms, and by what is read', () => {
    const change = { state: 'refused', reason: 'not-allowed', detail: 'rule 3' } as const;
    for (const filter of ['reason:not-allowed', 'not-allowed', '"by a rule"', 'reason:not-*']) {
      assert.equal(fits(filter, change), true, filter);
    }
    assert.equal(fits('state:login-failed', { state: 'login-failed' }), true);
    assert.equal(fits('state:*failed', { state: 'failed' }), true);
  });

  for (const [filter, mistake] of [
    ['usr:alice', /^There is no field “usr”; there are user, .*, pid\.$/],
    ['state:opn', /^There is no state “opn”; there are negotiating, .*\.$/],
    ['user:', /^Say what user has to be, such as user:a\*\.$/],
    ['user>3', /^“user>3” compares something that is no number: write user:VALUE\.$/],
    ['>big', /^“>big” needs a size, such as >1MB\.$/],
    ['>', /^“>” needs a size/],
    ['size:1PB', /^“size:1PB” needs a size/],
    ['duration>soon', /^“duration>soon” needs a time, such as >10s\.$/],
    ['port:https', /^“port:https” needs a number, such as >1024\.$/],
  ] as const) {
    test(`${filter} is a mistake, and the rest of the filter goes on`, () => {
      assert.match(mistakeOf(`git ${filter}`) ?? '', mistake);
      assert.equal(fits(`git ${filter}`), true);
      assert.equal(fits(`bob ${filter}`), false);
    });
  }

  test('nothing that can be typed is more than a mistake', () => {
    for (const text of [
      '"',
      '""',
      '-',
      '--',
      '-"',
      ':',
      '::',
      '>=',
      'a:b:c',
      '*',
      'host:***',
      '[',
    ]) {
      assert.doesNotThrow(() => fits(text), text);
    }
    assert.equal(FIELDS.includes('host'), true);
    assert.equal(parseFilter(' - ').isEmpty, true);
  });
});

describe('groups of connections', () => {
  const rows = [
    { ...ROW, id: 1 },
    { ...ROW, id: 2, destination: 'WWW.test:80', rateUp: 0, rateDown: 0 },
    { ...ROW, id: 3, destination: 'GIT.corp:22', duration: 5 },
    { ...ROW, id: 4, destination: '' },
  ];

  test('the largest first, with what they come to', () => {
    const groups = groupRows(rows, 'host', new Set(['www.test']));
    assert.deepEqual(
      groups.map(({ title, expanded }) => [title, expanded]),
      [
        ['git.corp', true],
        ['without a destination', true],
        ['www.test', false],
      ],
    );
    assert.equal(
      groups[0]?.facts,
      '2 connections, 1 open, 800 kB up, 1.4 MB down · 2.0 kB/s up, 4.0 kB/s down',
    );
    const [git, none, www] = groups.map(({ id }) => id);
    assert.deepEqual(
      linesOf(groups).map(({ id }) => id),
      [git, 1, 3, none, 4, www],
    );
  });

  test('a group keeps its number, which no connection has', () => {
    const [first] = groupRows(rows, 'user', new Set());
    const [again] = groupRows(rows.slice(1), 'user', new Set());
    assert.equal(first?.id, again?.id);
    assert.ok((first?.id ?? 0) < 0);
  });
});
