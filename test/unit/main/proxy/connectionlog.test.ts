import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ConnectionLog } from '#main/proxy/connectionlog.js';
import { manualClock } from '../../../support/clock.js';

const client = { host: '127.0.0.1', port: 40_000 };
const destination = { host: 'example.com', port: 443 };

const nobody = {
  user: undefined,
  group: undefined,
  method: undefined,
  command: undefined,
  destination: undefined,
} as const;

function opened(log: ConnectionLog, id: number): void {
  log.handle({ type: 'connection', id, time: 1000, client });
}

function closed(log: ConnectionLog, id: number): void {
  log.handle({
    type: 'closed',
    id,
    time: 1500,
    client,
    reason: 'finished',
    duration: 500,
    user: undefined,
    group: undefined,
    method: 'none',
    command: 'connect',
    destination,
    up: 10,
    down: 20,
    dropped: 0,
    since: 1000,
  });
}

const ids = (log: ConnectionLog) => log.watch().map(({ id }) => id);

describe('log of connections', () => {
  test('tells the story of a connection in one row', () => {
    const log = new ConnectionLog();
    opened(log, 1);
    const about = { id: 1, time: 1000, client };
    log.handle({ type: 'authenticated', ...about, method: 'chap', user: 'alice', group: 'staff' });
    log.handle({ type: 'request', ...about, command: 'connect', destination });
    const remote = { host: '192.0.2.1', port: 443 };
    log.handle({ type: 'established', ...about, bound: client, remote, via: 'work' });
    const [row] = log.watch();
    const { began, ...rest } = row ?? {};
    assert.equal(typeof began, 'number');
    assert.deepEqual(rest, {
      id: 1,
      time: 1000,
      client: '127.0.0.1:40000',
      program: '',
      programPath: '',
      pid: undefined,
      user: 'alice',
      group: 'staff',
      method: 'chap',
      command: 'connect',
      destination: 'example.com:443',
      remote: '192.0.2.1:443',
      via: 'work',
      state: 'open',
      up: 0,
      down: 0,
      rateUp: 0,
      rateDown: 0,
      duration: undefined,
      reason: '',
      detail: '',
      diagnosis: undefined,
    });
    closed(log, 1);
    const { rows = [] } = log.changes() ?? {};
    assert.deepEqual(
      rows.map(({ state, up, down, duration, reason }) => ({ state, up, down, duration, reason })),
      [{ state: 'closed', up: 10, down: 20, duration: 500, reason: 'finished' }],
    );
  });

  test('an association one of whose destinations is refused goes on', () => {
    const log = new ConnectionLog();
    opened(log, 1);
    const about = { id: 1, time: 1000, client };
    const remote = undefined;
    log.handle({ type: 'established', ...about, bound: client, remote });
    const rejection = { reason: 'not-allowed', detail: 'rule "!assoc"', user: undefined } as const;
    const rest = { ...rejection, command: 'associate', destination, datagram: true } as const;
    log.handle({ type: 'rejected', ...about, ...rest });
    const [row] = log.watch();
    assert.deepEqual(
      [row?.state, row?.reason, row?.detail],
      ['open', '', 'datagrams to example.com:443: rule "!assoc"'],
    );
  });

  test('what was refused stays refused when it is closed', () => {
    const log = new ConnectionLog();
    opened(log, 1);
    log.handle({
      type: 'rejected',
      id: 1,
      time: 1200,
      client,
      reason: 'not-allowed',
      detail: 'rule',
      user: 'bob',
      command: 'connect',
      destination,
    });
    closed(log, 1);
    const [row] = log.watch();
    assert.equal(row?.state, 'refused');
    assert.equal(row?.reason, 'not-allowed');
    assert.equal(row?.detail, 'rule');
  });

  test('what the destination does not answer has failed, and was not refused', () => {
    for (const [reason, state] of [
      ['unreachable', 'failed'],
      ['internal-error', 'failed'],
      ['not-allowed', 'refused'],
      ['quota-exceeded', 'refused'],
      ['unavailable', 'refused'],
      ['too-many-connections', 'refused'],
      ['tls-failed', 'refused'],
    ] as const) {
      const log = new ConnectionLog();
      opened(log, 1);
      const about = { id: 1, time: 1200, client, user: undefined, destination } as const;
      log.handle({ type: 'rejected', ...about, reason, detail: '', command: 'connect' });
      closed(log, 1);
      assert.equal(log.watch()[0]?.state, state, reason);
    }
  });

  test('the program of a client comes when it is known, be the connection over or not', () => {
    const tell: ((program: { name: string; path: string; pid: number }) => void)[] = [];
    const log = new ConnectionLog(10, ({ port }, told) => {
      assert.equal(port, client.port);
      tell.push(told);
    });
    log.watch();
    opened(log, 1);
    closed(log, 1);
    log.changes();
    tell[0]?.({ name: 'curl', path: '/usr/bin/curl', pid: 7 });
    const [row] = log.changes()?.rows ?? [];
    assert.deepEqual([row?.program, row?.programPath, row?.pid], ['curl', '/usr/bin/curl', 7]);
    assert.equal(tell.length, 1);
    log.clear();
    log.changes();
    tell[0]?.({ name: 'curl', path: '/usr/bin/curl', pid: 7 });
    assert.equal(log.changes(), undefined);
  });

  test('how fast a connection is', (t) => {
    const clock = manualClock(t);
    const log = new ConnectionLog();
    opened(log, 1);
    log.watch();
    const info = { id: 1, client, since: 1000, dropped: 0, ...nobody };
    const rates = () => log.changes()?.rows.map(({ rateUp, rateDown }) => [rateUp, rateDown]);
    clock.pass(2000);
    log.count([{ ...info, up: 5000, down: 100 }]);
    assert.deepEqual(rates(), [[2500, 50]]);
    clock.pass(1000);
    log.count([{ ...info, up: 5000, down: 100 }]);
    assert.deepEqual(rates(), [[0, 0]]);
    clock.pass(1000);
    log.count([{ ...info, up: 5000, down: 100 }]);
    assert.equal(rates(), undefined);
    clock.pass(1000);
    log.count([{ ...info, up: 6000, down: 100 }]);
    closed(log, 1);
    assert.deepEqual(rates(), [[0, 0]]);
  });

  test('a failed login is a row of its own kind, and stays one', (t) => {
    const clock = manualClock(t);
    const log = new ConnectionLog();
    log.handle({ type: 'connection', id: 1, time: 1000, client });
    clock.pass(500);
    // The system's clock was set meanwhile.
    log.handle({
      type: 'authentication-failed',
      id: 1,
      time: 7,
      client,
      method: 'userpass',
      user: 'bob',
      detail: 'wrong user name or password',
    });
    closed(log, 1);
    const [row] = log.watch();
    assert.deepEqual(
      [row?.state, row?.reason, row?.user, row?.duration, row?.detail],
      ['login-failed', 'authentication-failed', 'bob', 500, 'wrong user name or password'],
    );
  });

  test('keeps no changes while nobody watches', () => {
    const log = new ConnectionLog();
    opened(log, 1);
    assert.equal(log.changes(), undefined);
    log.watch();
    assert.equal(log.changes(), undefined);
    opened(log, 2);
    assert.equal(log.changes()?.rows.length, 1);
    assert.equal(log.changes(), undefined);
    log.unwatch();
    opened(log, 3);
    assert.equal(log.changes(), undefined);
  });

  test('live byte counts are changes only if they have changed', () => {
    const log = new ConnectionLog();
    opened(log, 1);
    log.watch();
    const info = {
      id: 1,
      client,
      user: undefined,
      group: undefined,
      method: undefined,
      command: undefined,
      destination: undefined,
      up: 5,
      down: 6,
      dropped: 0,
      since: 1000,
    };
    log.count([info]);
    const [row] = log.changes()?.rows ?? [];
    assert.deepEqual([row?.up, row?.down], [5, 6]);
    // Its rate has become 0.
    log.count([info]);
    assert.equal(log.changes()?.rows.length, 1);
    log.count([info, { ...info, id: 99 }]);
    assert.equal(log.changes(), undefined);
  });

  test('when it is full, those that ended first leave before those that live', () => {
    const log = new ConnectionLog(3);
    for (const id of [1, 2, 3]) opened(log, id);
    closed(log, 2);
    opened(log, 4);
    assert.deepEqual(ids(log), [1, 3, 4]);
    opened(log, 5);
    assert.deepEqual(ids(log), [3, 4, 5]);
    opened(log, 6);
    assert.deepEqual(log.changes()?.removed, [3]);
  });

  test('clearing forgets what is over', () => {
    const log = new ConnectionLog();
    opened(log, 1);
    opened(log, 2);
    closed(log, 1);
    log.watch();
    log.clear();
    assert.deepEqual(log.changes(), { rows: [], removed: [1] });
    assert.deepEqual(ids(log), [2]);
  });

  test('ids go on when another server begins at 1', () => {
    const log = new ConnectionLog();
    opened(log, 1);
    opened(log, 2);
    closed(log, 2);
    log.beginRun();
    opened(log, 1);
    assert.deepEqual(ids(log), [1, 2, 3]);
    assert.equal(log.serverId(3), 1);
    assert.equal(log.serverId(2), undefined);
  });
});
