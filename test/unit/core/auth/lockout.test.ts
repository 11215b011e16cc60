import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { Lockout } from '#core/auth/lockout.js';
import { manualClock } from '../../../support/clock.js';

const HERE = '192.0.2.1';
const TIME = 600_000;
/** A digest, of which the first 16 characters count. */
const guess = (n: number) => `guess ${n}`.padEnd(44, '.');

/** A lockout under a clock that a test moves. */
function start(t: TestContext, failures = 3) {
  return { lockout: new Lockout({ failures, time: TIME }), ...manualClock(t) };
}

function fail(lockout: Lockout, count: number, user = 'alice', address = HERE, first = 0): void {
  for (let i = 0; i < count; i++) lockout.failed(address, user, guess(first + i));
}

describe('lockout', () => {
  test('answers come slower and slower, to 3 s, until a login succeeds', (t) => {
    const { lockout } = start(t, 100);
    const delays = () =>
      Array.from({ length: 7 }, (_, i) => lockout.failed(HERE, 'alice', guess(i)));
    assert.deepEqual(delays(), [100, 200, 400, 800, 1600, 3000, 3000]);
    assert.equal(lockout.failed(HERE, 'bob', guess(0)), 100);
    lockout.succeeded(HERE, 'alice');
    assert.deepEqual(delays(), [100, 200, 400, 800, 1600, 3000, 3000]);
  });

  test('N different wrong passwords lock a user out at an address', (t) => {
    const { lockout, pass } = start(t);
    fail(lockout, 2);
    assert.equal(lockout.check(HERE, 'alice', guess(9)), 'try');
    fail(lockout, 1, 'alice', HERE, 2);
    assert.equal(lockout.check(HERE, 'alice', guess(9)), 'locked');
    assert.equal(lockout.check(HERE, 'bob', guess(9)), 'try');
    assert.equal(lockout.check('192.0.2.2', 'alice', guess(9)), 'try');
    pass(TIME - 1);
    assert.equal(lockout.check(HERE, 'alice', guess(9)), 'locked');
    pass(1);
    assert.equal(lockout.check(HERE, 'alice', guess(9)), 'try');
    assert.equal(lockout.check(HERE, 'alice', guess(0)), 'try');
  });

  test('the same wrong password again never locks', (t) => {
    const { lockout } = start(t);
    for (let i = 0; i < 1000; i++) lockout.failed(HERE, 'alice', guess(1));
    assert.equal(lockout.check(HERE, 'alice', guess(1)), 'repeated');
    assert.equal(lockout.check(HERE, 'alice', guess(2)), 'try');
  });

  test('what is tried while locked out neither prolongs it nor counts as wrong', (t) => {
    const { lockout, pass } = start(t);
    fail(lockout, 3);
    for (let i = 0; i < 50; i++) {
      pass(TIME / 100);
      lockout.failed(HERE, 'alice', guess(50), 'locked');
      lockout.failed(HERE, 'bob', guess(50 + i), 'locked');
    }
    assert.equal(lockout.check(HERE, 'alice', guess(50)), 'locked');
    assert.equal(lockout.check(HERE, 'bob', guess(50)), 'try');
    pass(TIME / 2);
    assert.equal(lockout.check(HERE, 'alice', guess(50)), 'try');
  });

  test('ten times as many, for whatever users, lock the address out', (t) => {
    const { lockout, pass } = start(t);
    for (let i = 0; i < 29; i++) fail(lockout, 1, `user ${i}`, HERE, i);
    assert.equal(lockout.check(HERE, 'bob', guess(99)), 'try');
    fail(lockout, 1, 'user 29', HERE, 29);
    assert.equal(lockout.check(HERE, 'bob', guess(99)), 'locked');
    assert.equal(lockout.check('192.0.2.2', 'bob', guess(99)), 'try');
    pass(TIME);
    assert.equal(lockout.check(HERE, 'bob', guess(99)), 'try');
  });

  test('an IPv6 address stands for its /64', (t) => {
    const { lockout } = start(t);
    fail(lockout, 3, 'alice', '2001:db8::1');
    const cases = [
      ['2001:db8::2', 'locked'],
      ['2001:db8::ffff:0:0:1', 'locked'],
      ['2001:db8:0:0:ffff:ffff:ffff:ffff', 'locked'],
      ['2001:db8::1%eth0', 'locked'],
      ['2001:db8:0:1::1', 'try'],
      ['2001:db9::1', 'try'],
      ['::1', 'try'],
    ] as const;
    for (const [address, state] of cases) {
      assert.equal(lockout.check(address, 'alice', guess(9)), state, address);
    }
    fail(lockout, 3, 'alice', '::1');
    assert.equal(lockout.check('::2', 'alice', guess(9)), 'locked');
  });

  test('what is old is forgotten, and does not add up', (t) => {
    const { lockout, pass } = start(t);
    fail(lockout, 2);
    pass(TIME);
    fail(lockout, 2, 'alice', HERE, 2);
    assert.equal(lockout.check(HERE, 'alice', guess(9)), 'try');
    assert.equal(lockout.failed(HERE, 'alice', guess(2)), 400);
  });

  test('0 never locks, but slows down', (t) => {
    const { lockout } = start(t, 0);
    fail(lockout, 1000);
    assert.equal(lockout.check(HERE, 'alice', guess(2000)), 'try');
    assert.equal(lockout.failed(HERE, 'alice', guess(0)), 3000);
  });

  test('new passwords: none is known to be wrong, lockouts stay', (t) => {
    const { lockout } = start(t);
    fail(lockout, 1, 'bob');
    fail(lockout, 3);
    lockout.passwordsChanged();
    assert.equal(lockout.check(HERE, 'bob', guess(0)), 'try');
    assert.equal(lockout.check(HERE, 'alice', guess(0)), 'locked');
  });

  test('however often users change, as many guesses lock out', (t) => {
    const { lockout } = start(t);
    for (let i = 0; i < 3; i++) {
      assert.equal(lockout.check(HERE, 'alice', guess(i)), 'try');
      lockout.failed(HERE, 'alice', guess(i));
      lockout.failed(HERE, 'carol', guess(0));
      lockout.passwordsChanged();
    }
    assert.equal(lockout.check(HERE, 'alice', guess(9)), 'locked');
    // The same one again is no new guess.
    assert.equal(lockout.check(HERE, 'carol', guess(0)), 'try');
  });

  test('remembers no more than 10,000 pairs and addresses', (t) => {
    const { lockout } = start(t, 1);
    fail(lockout, 1, 'first');
    for (let i = 0; i < 9_999; i++) {
      lockout.failed(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, 'x', guess(0));
    }
    assert.equal(lockout.check(HERE, 'first', guess(1)), 'locked');
    lockout.failed('192.0.2.200', 'x', guess(0));
    assert.equal(lockout.check(HERE, 'first', guess(1)), 'try');
    assert.equal(lockout.check('10.0.0.0', 'x', guess(1)), 'locked');
  });
});
