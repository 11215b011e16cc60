import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, type TestContext, test } from 'node:test';
import { CryptPool, CryptPoolBusyError } from '#core/auth/crypt/pool.js';
import { Lockout } from '#core/auth/lockout.js';
import { PasswordChecker } from '#core/auth/passwords.js';
import type { AuthenticationSource, Secret } from '#core/auth/source.js';
import { Users } from '#core/auth/users.js';
import { type ManualClock, manualClock } from '../../../support/clock.js';

const HERE = '192.0.2.1';
const octets = (text: string) => new TextEncoder().encode(text);
const plain = (password: string, group?: string): Secret => ({
  kind: 'plain',
  password: octets(password),
  group,
});
const crypt = (hash: string, group?: string): Secret => ({ kind: 'crypt', hash, group });

/** A pool for which the hash of a password is `hash of PASSWORD`; it answers when it is told. */
class FakePool extends CryptPool {
  readonly calls: string[] = [];
  busy = false;
  #answers: (() => void)[] = [];
  /** Whether answers wait for {@link answer}. */
  waits = false;

  override async verify(password: Uint8Array, hash: string): Promise<boolean> {
    if (this.busy) throw new CryptPoolBusyError();
    const text = Buffer.from(password).toString();
    this.calls.push(`${text} ? ${hash}`);
    if (this.waits) await new Promise<void>((resolve) => this.#answers.push(resolve));
    return hash === `hash of ${text}`;
  }

  answer(): void {
    for (const resolve of this.#answers.splice(0)) resolve();
  }
}

function source(users: Readonly<Record<string, readonly Secret[]>>): AuthenticationSource {
  const decoys = Object.values(users).flat();
  return {
    name: 'test',
    kinds: new Set(decoys.map(({ kind }) => kind)),
    find: (user) => (Object.hasOwn(users, user) ? (users[user] ?? []) : []),
    decoys,
  };
}

describe('PasswordChecker', () => {
  const pool = new FakePool();
  const accounts = new Users([
    source({
      alice: [crypt('hash of secret', 'staff')],
      bob: [plain('plain', undefined)],
      both: [plain('first'), crypt('hash of second')],
    }),
  ]);
  let checker: PasswordChecker;

  beforeEach(() => {
    pool.calls.length = 0;
    pool.busy = false;
    pool.waits = false;
    checker = new PasswordChecker(accounts, new Lockout({ failures: 3, time: 600_000 }), { pool });
  });
  afterEach(() => pool.answer());

  /** What comes of a login, without the name that it was given, and whether it led to a lockout. */
  const checkBy = async (by: PasswordChecker, name: string, password: string, client = HERE) => {
    const checked = await by.check(client, name, octets(password));
    const { user, lockout: _, ...result }: Record<string, unknown> = { ...checked };
    assert.equal(user, name);
    return result;
  };
  const check = (user: string, password: string, client?: string) =>
    checkBy(checker, user, password, client);

  /** The outcome of a check whose answer is slowed down, without the wait. */
  async function soon<T>(clock: ManualClock, slow: Promise<T>): Promise<T> {
    let done = false;
    const settled = slow.finally(() => {
      done = true;
    });
    while (!done) {
      await new Promise(setImmediate);
      clock.pass(3000);
    }
    return settled;
  }

  /** From here on, time passes only when the test says so. */
  const stopClock = (t: TestContext) => manualClock(t, ['setTimeout']);

  const wrong = { failure: 'wrong user name or password', code: 'wrong' };
  const locked = { failure: 'locked out after too many wrong passwords', code: 'locked' };

  test('a right password: the group of the user', async () => {
    assert.deepEqual(await check('alice', 'secret'), { group: 'staff' });
    assert.deepEqual(await check('bob', 'plain'), { group: undefined });
    assert.deepEqual(pool.calls, ['secret ? hash of secret']);
  });

  test('fifty at once and those that follow are hashed once', async () => {
    pool.waits = true;
    const fifty = Array.from({ length: 50 }, () => check('alice', 'secret'));
    pool.answer();
    for (const result of await Promise.all(fifty)) assert.deepEqual(result, { group: 'staff' });
    assert.deepEqual(await check('alice', 'secret'), { group: 'staff' });
    assert.equal(pool.calls.length, 1);
  });

  test('a right password is remembered for one address, ten minutes from the last login', async (t) => {
    const clock = stopClock(t);
    await check('alice', 'secret');
    await check('alice', 'secret', '192.0.2.2');
    assert.equal(pool.calls.length, 2);
    for (let logins = 0; logins < 3; logins++) {
      clock.pass(10 * 60_000 - 1);
      await check('alice', 'secret');
    }
    assert.equal(pool.calls.length, 2);
    clock.pass(10 * 60_000);
    await check('alice', 'secret');
    assert.equal(pool.calls.length, 3);
  });

  test('a right password is remembered as long as a lockout lasts', async (t) => {
    const clock = stopClock(t);
    const lockout = new Lockout({ failures: 2, time: 3_600_000 });
    checker = new PasswordChecker(accounts, lockout, { pool });
    await check('alice', 'secret');
    clock.pass(3_500_000);
    for (const guess of ['a', 'b', 'c']) await soon(clock, check('alice', guess));
    assert.deepEqual(await check('alice', 'secret'), { group: 'staff' });
  });

  test('an IPv6 client is known in its whole /64, as it is locked out', async (t) => {
    const clock = stopClock(t);
    await check('alice', 'secret', '2001:db8::1');
    for (const guess of ['a', 'b', 'c']) {
      await soon(clock, check('alice', guess, '2001:db8::bad'));
    }
    assert.deepEqual(await check('alice', 'secret', '2001:db8::2'), { group: 'staff' });
    assert.deepEqual(await soon(clock, check('alice', 'other', '2001:db8::2')), locked);
  });

  test('users who are read again stay known while their secret is the same', async (t) => {
    const clock = stopClock(t);
    await check('alice', 'secret');
    await check('bob', 'plain');
    for (const guess of ['a', 'b', 'c']) {
      await soon(clock, check('alice', guess));
      await soon(clock, check('bob', guess));
    }
    pool.calls.length = 0;
    const again = { alice: [crypt('hash of secret', 'other group')], bob: [plain('plain')] };
    checker.setUsers(new Users([source(again)]));
    assert.deepEqual(await check('alice', 'secret'), { group: 'other group' });
    assert.deepEqual(await check('bob', 'plain'), { group: undefined });
    assert.deepEqual(pool.calls, [], 'nothing is hashed again');

    const changed = { alice: [crypt('hash of changed')], bob: [plain('changed')] };
    checker.setUsers(new Users([source(changed)]));
    assert.deepEqual(await soon(clock, check('alice', 'secret')), locked);
    assert.deepEqual(await soon(clock, check('bob', 'plain')), locked);
  });

  test('users of another realm have passwords of their own, and the same lockouts', async (t) => {
    const clock = stopClock(t);
    let others = new Users([source({ alice: [plain('other')] })], 'other');
    const other = checker.of(() => others);
    const checkOther = async (password: string) => {
      const { user, ...result } = await other.check(HERE, 'alice', octets(password));
      assert.equal(user, 'alice');
      return result;
    };
    assert.deepEqual(await soon(clock, check('alice', 'other')), wrong);
    assert.deepEqual(await checkOther('other'), { group: undefined });
    assert.deepEqual(await soon(clock, checkOther('secret')), wrong);
    assert.deepEqual(await check('alice', 'secret'), { group: 'staff' });
    assert.deepEqual(await soon(clock, check('alice', 'guess')), wrong);
    assert.deepEqual(await soon(clock, checkOther('another')), locked);
    assert.deepEqual(await checkOther('other'), { group: undefined }, 'it is known');
    others = new Users([source({ alice: [plain('changed')] })], 'other');
    assert.deepEqual(await soon(clock, checkOther('other')), locked);
  });

  test('a user whom a source no longer has is not known any more', async (t) => {
    const clock = stopClock(t);
    const users: Record<string, Secret[]> = { alice: [crypt('hash of secret')] };
    checker.setUsers(new Users([source(users)]));
    await check('alice', 'secret');
    delete users['alice'];
    assert.deepEqual(await soon(clock, check('alice', 'secret')), wrong);
  });

  test('who has logged in at one process is known to the others', async (t) => {
    const clock = stopClock(t);
    const key = Buffer.alloc(32, 1);
    const lockouts = [0, 1].map(() => new Lockout({ failures: 3, time: 600_000 }));
    const [here, there] = lockouts as [Lockout, Lockout];
    const [first, second] = lockouts.map(
      (lockout) => new PasswordChecker(accounts, lockout, { pool, key }),
    ) as [PasswordChecker, PasswordChecker];
    const told: unknown[] = [];
    here.onNews = (news) => {
      told.push(news);
      there.hear(structuredClone(news));
    };
    await checkBy(first, 'alice', 'secret');
    await checkBy(first, 'alice', 'secret');
    assert.equal(told.length, 1, 'the same is not told at each login');
    for (const guess of ['a', 'b', 'c']) {
      await soon(clock, checkBy(first, 'alice', guess));
    }
    assert.deepEqual(await soon(clock, checkBy(second, 'alice', 'd')), locked);
    assert.deepEqual(await checkBy(second, 'alice', 'secret'), { group: 'staff' });
    clock.pass(5 * 60_000);
    await checkBy(first, 'alice', 'secret');
    clock.pass(6 * 60_000);
    assert.deepEqual(await checkBy(second, 'alice', 'secret'), { group: 'staff' });
  });

  test('the guess that locks out is told apart, once', async (t) => {
    const clock = stopClock(t);
    const guess = async (password: string) => {
      const checked = await soon(clock, checker.check(HERE, 'alice', octets(password)));
      return 'lockout' in checked && checked.lockout;
    };
    assert.deepEqual([await guess('a'), await guess('a'), await guess('b')], [false, false, false]);
    assert.deepEqual(await Promise.all([guess('c'), guess('c')]), [true, false]);
    assert.deepEqual([await guess('c'), await guess('d')], [false, false]);
  });

  test('wrong ones fail, and the same one again is not hashed', async (t) => {
    const clock = stopClock(t);
    assert.deepEqual(await soon(clock, check('alice', 'guess')), wrong);
    const again = { failure: 'the same wrong password again', code: 'repeated' };
    assert.deepEqual(await soon(clock, check('alice', 'guess')), again);
    assert.deepEqual(await soon(clock, check('alice', 'secre')), wrong);
    assert.deepEqual(pool.calls, ['guess ? hash of secret', 'secre ? hash of secret']);
    assert.deepEqual(await soon(clock, check('bob', 'plai')), wrong);
    assert.deepEqual(await soon(clock, check('bob', 'plain\0')), wrong);
    assert.deepEqual(await check('alice', 'secret'), { group: 'staff' });
  });

  test('a failure waits before it is told', async (t) => {
    const clock = stopClock(t);
    let told = false;
    const result = check('alice', 'guess').then(() => {
      told = true;
    });
    await new Promise(setImmediate);
    clock.pass(99);
    await new Promise(setImmediate);
    assert.equal(told, false);
    clock.pass(1);
    await result;
  });

  test('the first secret of a user counts', async (t) => {
    const clock = stopClock(t);
    assert.deepEqual(await check('both', 'first'), { group: undefined });
    assert.deepEqual(await soon(clock, check('both', 'second')), wrong);
  });

  test('an unknown user costs what a known one does, always the same', async (t) => {
    const clock = stopClock(t);
    const one = new Users([source({ alice: [crypt('hash of secret')] })]);
    checker.setUsers(one);
    assert.deepEqual(await soon(clock, check('nobody', 'guess')), wrong);
    assert.deepEqual(await soon(clock, check('nobody', 'secret')), wrong);
    assert.deepEqual(pool.calls, ['guess ? hash of secret', 'secret ? hash of secret']);
    assert.deepEqual(await soon(clock, check('toString', 'secret')), wrong);
  });

  test('nobody gets in without a name, whatever the sources say', async (t) => {
    const clock = stopClock(t);
    checker.setUsers(new Users([source({ '': [plain('server'), crypt('hash of server')] })]));
    assert.deepEqual(await soon(clock, check('', 'server')), wrong);
    checker.setUsers(new Users([]));
    assert.deepEqual(await soon(clock, check('', '')), wrong);
    assert.deepEqual(await soon(clock, check('alice', '')), wrong);
  });

  test('new users: what was right is checked anew', async (t) => {
    const clock = stopClock(t);
    await check('alice', 'secret');
    checker.setUsers(new Users([source({ alice: [crypt('hash of other', 'guests')] })]));
    assert.deepEqual(await soon(clock, check('alice', 'secret')), wrong);
    assert.deepEqual(await check('alice', 'other'), { group: 'guests' });
    checker.setUsers(accounts);
    assert.deepEqual(await check('alice', 'secret'), { group: 'staff' });
    assert.equal(pool.calls.length, 3, 'the present secret is that of the first login');
  });

  test('a check that began with the old users is not remembered for the new', async (t) => {
    const clock = stopClock(t);
    pool.waits = true;
    const old = check('alice', 'secret');
    checker.setUsers(new Users([source({ alice: [crypt('hash of other')] })]));
    pool.answer();
    await old;
    pool.waits = false;
    assert.deepEqual(await soon(clock, check('alice', 'secret')), wrong);
  });

  test('too many guesses lock out: even the right password, elsewhere not', async (t) => {
    const clock = stopClock(t);
    for (const guess of ['a', 'b', 'c']) await soon(clock, check('alice', guess));
    pool.calls.length = 0;
    assert.deepEqual(await soon(clock, check('alice', 'secret')), locked);
    assert.deepEqual(pool.calls, []);
    assert.deepEqual(await check('alice', 'secret', '192.0.2.2'), { group: 'staff' });
    clock.pass(600_000);
    assert.deepEqual(await check('alice', 'secret'), { group: 'staff' });
  });

  test('guesses at the same time are no more than one after the other', async (t) => {
    const clock = stopClock(t);
    pool.waits = true;
    const guesses = Array.from({ length: 50 }, (_, i) => check('alice', `guess ${i}`));
    const right = check('alice', 'secret');
    pool.answer();
    assert.deepEqual(await soon(clock, right), locked);
    const results = await soon(clock, Promise.all(guesses));
    const checked = results.filter(
      (result) => 'failure' in result && result['failure'] === wrong.failure,
    );
    assert.equal(checked.length, 3);
  });

  test('who has logged in lately gets in while others guess', async (t) => {
    const clock = stopClock(t);
    await check('alice', 'secret');
    for (const guess of ['a', 'b', 'c', 'd']) await soon(clock, check('alice', guess));
    assert.deepEqual(await check('alice', 'secret'), { group: 'staff' });
  });

  test('too many logins at once are no wrong password', async () => {
    pool.busy = true;
    assert.deepEqual(await check('alice', 'secret'), {
      failure: 'too many logins at once',
      code: 'busy',
    });
    pool.busy = false;
    assert.deepEqual(await check('alice', 'secret'), { group: 'staff' });
  });

  test('a pool that fails is an error, and nothing is remembered', async () => {
    const broken = new PasswordChecker(accounts, new Lockout({ failures: 1, time: 1000 }));
    await broken.close();
    await assert.rejects(async () => broken.check(HERE, 'alice', octets('secret')), /hash|closed/);
    await assert.rejects(async () => broken.check(HERE, 'alice', octets('secret')), /hash|closed/);
  });
});
