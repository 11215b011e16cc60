import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ConnectionInfo } from 'picosocks5';
import { Traffic } from '#main/proxy/traffic.js';
import { manualClock } from '../../../support/clock.js';

const client = { host: '127.0.0.1', port: 40_000 };

function live(id: number, up: number, down: number): ConnectionInfo {
  return {
    id,
    client,
    user: undefined,
    group: undefined,
    method: undefined,
    command: undefined,
    destination: undefined,
    up,
    down,
    dropped: 0,
    since: 0,
  };
}

describe('traffic', () => {
  test('rates are those since the last sample; what closed counts on', () => {
    const traffic = new Traffic();
    traffic.handle({ type: 'connection', id: 1, time: 0, client });
    traffic.sample([live(1, 100, 1000)], 1000);
    const { since, ...info } = live(1, 300, 3000);
    traffic.handle({ ...info, since, type: 'closed', time: 2, duration: 2, reason: 'finished' });
    const { time, ...sample } = traffic.sample([], 3000);
    assert.ok(Math.abs(time - Date.now()) < 30_000);
    assert.deepEqual(sample, {
      instant: 3000,
      connections: 0,
      rateUp: 100,
      rateDown: 1000,
      totalUp: 300,
      totalDown: 3000,
      totalConnections: 1,
    });
  });

  test('rates are those of the time that passed, whatever becomes of the system’s clock', (t) => {
    const clock = manualClock(t, ['Date']);
    const traffic = new Traffic();
    traffic.sample([live(1, 0, 0)]);
    clock.pass(1000);
    t.mock.timers.setTime(5);
    assert.equal(traffic.sample([live(1, 500, 0)]).rateUp, 500);
    clock.pass(1000);
    t.mock.timers.setTime(2e12);
    const { time, rateUp } = traffic.sample([live(1, 1500, 0)]);
    assert.deepEqual([time, rateUp], [2e12, 1000]);
  });

  test('goes back five minutes', () => {
    const traffic = new Traffic();
    for (let i = 0; i < 400; i++) traffic.sample([], i * 1000);
    assert.equal(traffic.history.length, 300);
    assert.equal(traffic.history[0]?.instant, 100_000);
  });

  test('counts refusals by their reason, and knows the last', () => {
    const traffic = new Traffic();
    const refuse = (time: number, reason: 'not-allowed' | 'unreachable') =>
      traffic.handle({
        type: 'rejected',
        id: time,
        time,
        client,
        reason,
        detail: 'because',
        user: undefined,
        command: 'connect',
        destination: { host: 'example.com', port: 80 },
      });
    refuse(1, 'not-allowed');
    refuse(2, 'unreachable');
    refuse(3, 'not-allowed');
    assert.deepEqual(traffic.refusals, [
      {
        reason: 'not-allowed',
        count: 2,
        lastTime: 3,
        lastClient: '127.0.0.1:40000',
        lastDetail: 'to example.com:80: because',
        lastDiagnosis: undefined,
      },
      {
        reason: 'unreachable',
        count: 1,
        lastTime: 2,
        lastClient: '127.0.0.1:40000',
        lastDetail: 'to example.com:80: because',
        lastDiagnosis: undefined,
      },
    ]);
  });

  test('failed logins are refusals, and so is who says nothing in time', () => {
    const traffic = new Traffic();
    const login = { method: 'userpass', user: 'alice', detail: 'wrong user name or password' };
    traffic.handle({ type: 'authentication-failed', id: 1, time: 1, client, ...login });
    const closed = { ...live(1, 0, 0), type: 'closed', time: 2, duration: 1 } as const;
    traffic.handle({ ...closed, reason: 'authentication-failed' });
    traffic.handle({ ...closed, reason: 'handshake-timeout' });
    assert.deepEqual(
      traffic.refusals.map(({ reason, count, lastDetail }) => [reason, count, lastDetail]),
      [
        ['handshake-timeout', 1, ''],
        ['authentication-failed', 1, 'as alice: wrong user name or password'],
      ],
    );
  });
});
