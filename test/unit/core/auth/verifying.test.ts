import assert from 'node:assert/strict';
import { afterEach, describe, type TestContext, test } from 'node:test';
import { ANSWER_TIME } from '#core/auth/asking.js';
import { CryptPool } from '#core/auth/crypt/pool.js';
import type { Identity } from '#core/auth/identity.js';
import { Lockout } from '#core/auth/lockout.js';
import { PasswordChecker } from '#core/auth/passwords.js';
import type { AuthenticationSource, Secret } from '#core/auth/source.js';
import { Users } from '#core/auth/users.js';
import type { Awaitable } from '#core/base/awaitable.js';
import { type ManualClock, manualClock } from '../../../support/clock.js';

const HERE = '192.0.2.1';
const octets = (text: string) => new TextEncoder().encode(text);

/** What was asked of whom, in order. */
let calls: string[] = [];
afterEach(() => {
  calls = [];
});

/** For which the hash of a password is `hash of PASSWORD`. */
class FakePool extends CryptPool {
  override verify(password: Uint8Array, hash: string): Promise<boolean> {
    calls.push('hash');
    return Promise.resolve(hash === `hash of ${Buffer.from(password)}`);
  }
}

type Answer = (user: string, password: string) => Awaitable<Identity | undefined>;

/** A source that verifies, as a directory does. */
function directory(name: string, answer: Answer, known?: readonly string[]): AuthenticationSource {
  const source: AuthenticationSource = {
    name,
    kinds: new Set(['password'] as const),
    verify(user, password) {
      calls.push(`${name} verifies`);
      return answer(user, Buffer.from(password).toString());
    },
  };
  if (known === undefined) return source;
  return {
    ...source,
    identify: async (user) => {
      calls.push(`${name} identifies`);
      return known.includes(user) ? { user, group: 'known' } : undefined;
    },
  };
}

const knows =
  (users: Readonly<Record<string, string>>, group = 'directory'): Answer =>
  async (user, password) =>
    users[user] === password ? { user, group } : undefined;

/** A source that finds hashes. */
function file(name: string, users: Readonly<Record<string, string>>): AuthenticationSource {
  return {
    name,
    kinds: new Set(['crypt'] as const),
    async find(user): Promise<readonly Secret[]> {
      calls.push(`${name} finds`);
      const password = users[user];
      return password === undefined
        ? []
        : [{ kind: 'crypt', hash: `hash of ${password}`, group: 'file' }];
    },
  };
}

/** A checker over some sources, and a clock that only it waits for. */
function make(t: TestContext, ...sources: AuthenticationSource[]) {
  const clock = manualClock(t, ['setTimeout']);
  const warnings: string[] = [];
  const lockout = new Lockout({ failures: 3, time: 600_000 });
  const options = { pool: new FakePool(), warn: (message: string) => void warnings.push(message) };
  const checker = new PasswordChecker(new Users(sources), lockout, options);
  const check = (user: string, password: string) =>
    soon(clock, Promise.resolve(checker.check(HERE, user, octets(password))));
  return { clock, warnings, checker, check };
}

/** The outcome of what waits for the clock. */
async function soon<T>(clock: ManualClock, slow: Promise<T>): Promise<T> {
  let done = false;
  const settled = slow.finally(() => {
    done = true;
  });
  settled.catch(() => {});
  while (!done) {
    await new Promise(setImmediate);
    clock.pass(1000);
  }
  return settled;
}

const wrong = (user: string) => ({ user, failure: 'wrong user name or password', code: 'wrong' });
const failed = (user: string) => ({
  user,
  failure: 'a source of users failed',
  code: 'source-failed',
});

/** The calls that something makes. */
async function callsOf(action: () => Promise<unknown>): Promise<string[]> {
  calls = [];
  await action();
  return calls;
}

describe('sources that verify passwords', () => {
  test('who it is comes from the source, by its spelling of the name', async (t) => {
    const { check } = make(
      t,
      directory('ldap', (user, password) =>
        user.toLowerCase() === 'alice' && password === 'secret'
          ? { user: 'alice', group: 'staff' }
          : undefined,
      ),
    );
    assert.deepEqual(await check('Alice', 'secret'), {
      user: 'alice',
      group: 'staff',
      unlisted: true,
    });
    assert.deepEqual(await check('alice', 'other'), wrong('alice'));
  });

  test('an empty password is never asked for (RFC 4513 section 5.1.2)', async (t) => {
    const { check, checker } = make(
      t,
      directory('ldap', (user) => ({ user, group: undefined })),
    );
    assert.deepEqual(await check('alice', ''), wrong('alice'));
    assert.deepEqual(await check('', 'secret'), wrong(''));
    assert.deepEqual(calls, []);
    assert.equal(await checker.mayBeEmpty('alice'), false);
  });

  test('a password that was right is asked for again each time, and locked out by nobody', async (t) => {
    const users: Record<string, string> = { alice: 'secret' };
    const { check } = make(t, directory('ldap', knows(users)));
    const alice = { user: 'alice', group: 'directory', unlisted: true };
    assert.deepEqual(await check('alice', 'secret'), alice);
    for (const guess of ['a', 'b', 'c']) await check('alice', guess);
    assert.equal(
      ((await check('alice', 'd')) as { failure: string }).failure,
      'locked out after too many wrong passwords',
    );
    assert.deepEqual(await callsOf(() => check('alice', 'e')), [], 'nobody is asked for guesses');
    assert.deepEqual(await check('alice', 'secret'), alice);
    users['alice'] = 'changed';
    assert.match(((await check('alice', 'secret')) as { failure: string }).failure, /^locked out/);
    users['alice'] = 'secret';
    assert.deepEqual(await check('alice', 'secret'), alice);
  });

  test('the same login at the same time is asked for once', async (t) => {
    const { checker } = make(t, directory('ldap', knows({ alice: 'secret' })));
    const fifty = Array.from({ length: 50 }, () => checker.check(HERE, 'alice', octets('secret')));
    for (const result of await Promise.all(fifty)) {
      assert.deepEqual(result, { user: 'alice', group: 'directory', unlisted: true });
    }
    assert.deepEqual(calls, ['ldap verifies']);
  });

  test('the same wrong password again is not asked for: it would be locked out there', async (t) => {
    const { check } = make(t, directory('ldap', knows({ alice: 'secret' })));
    await check('alice', 'old');
    assert.deepEqual(await callsOf(() => check('alice', 'old')), []);
  });
});

describe('an unknown user costs what a wrong password does', () => {
  test('where a source verifies', async (t) => {
    const { check } = make(t, directory('ldap', knows({ alice: 'secret' }), ['alice']));
    const known = await callsOf(() => check('alice', 'guess'));
    assert.deepEqual(await callsOf(() => check('nobody', 'guess')), known);
    assert.deepEqual(known, ['ldap verifies']);
  });

  test('where a source finds hashes, be it the first login or a later one', async (t) => {
    const { check } = make(t, file('file', { alice: 'secret' }));
    const expected = ['file finds', 'hash'];
    assert.deepEqual(await callsOf(() => check('nobody', 'guess')), expected);
    assert.deepEqual(await callsOf(() => check('alice', 'guess')), expected);
    assert.deepEqual(await callsOf(() => check('somebody', 'guess')), expected);
    assert.deepEqual(await callsOf(() => check('somebody', 'secret')), expected);
  });

  test('where there are both, a failed login has one hash computed', async (t) => {
    const both = [
      directory('ldap', knows({ alice: 'secret' }), ['alice']),
      file('file', { bob: 'x' }),
    ];
    const { check } = make(t, ...both);
    for (const user of ['alice', 'bob', 'nobody']) {
      const made = await callsOf(() => check(user, 'guess'));
      assert.equal(made.filter((call) => call === 'hash').length, 1, user);
      assert.equal(made.filter((call) => call === 'ldap verifies').length, 1, user);
    }
  });

  test('it is answered at the same time, whatever the check has taken', async (t) => {
    let slow: (() => void) | undefined;
    const { clock, checker } = make(
      t,
      directory(
        'ldap',
        () =>
          new Promise((resolve) => {
            slow = () => resolve(undefined);
          }),
      ),
    );
    let told = false;
    const check = Promise.resolve(checker.check(HERE, 'alice', octets('guess'))).then(() => {
      told = true;
    });
    await new Promise(setImmediate);
    clock.pass(70);
    slow?.();
    await new Promise(setImmediate);
    clock.pass(29);
    await new Promise(setImmediate);
    assert.equal(told, false);
    clock.pass(1);
    await check;
  });
});

describe('several sources', () => {
  const users = { alice: 'first' };

  test('the first one that knows the user decides', async (t) => {
    const { check } = make(
      t,
      directory('ldap', knows(users), ['alice']),
      file('file', { alice: 'second', bob: 'bob' }),
    );
    assert.deepEqual(await check('alice', 'first'), { user: 'alice', group: 'directory' });
    assert.deepEqual(await check('alice', 'second'), wrong('alice'));
    assert.deepEqual(await check('bob', 'bob'), { user: 'bob', group: 'file' });
  });

  test('a directory after a file is not told the passwords of the users of the file', async (t) => {
    const { check } = make(t, file('file', users), directory('ldap', knows({ bob: 'bob' })));
    assert.deepEqual(await callsOf(() => check('alice', 'guess')), ['file finds', 'hash']);
    assert.deepEqual(await check('bob', 'bob'), {
      user: 'bob',
      group: 'directory',
      unlisted: true,
    });
  });

  test('one that verifies and cannot say whom it knows leaves others to those after it', async (t) => {
    const { check } = make(t, directory('ldap', knows(users)), file('file', { alice: 'second' }));
    assert.deepEqual(await check('alice', 'first'), {
      user: 'alice',
      group: 'directory',
      unlisted: true,
    });
    assert.deepEqual(await check('alice', 'second'), { user: 'alice', group: 'file' });
  });

  test('who is locked out and known gets in by the source that took the password', async (t) => {
    const known: string[] = [];
    const { check } = make(t, directory('ldap', knows({}), known), file('file', users));
    assert.deepEqual(await check('alice', 'first'), { user: 'alice', group: 'file' });
    for (const guess of ['a', 'b', 'c']) await check('alice', guess);
    assert.deepEqual(await callsOf(() => check('alice', 'first')), [
      'ldap identifies',
      'file finds',
    ]);
    known.push('alice');
    assert.ok('failure' in (await check('alice', 'first')), 'the first source knows her now');
  });
});

describe('sources that fail', () => {
  const failures: readonly (readonly [how: string, answer: Answer])[] = [
    [
      'throws',
      () => {
        throw new Error('connect ECONNREFUSED');
      },
    ],
    ['rejects', () => Promise.reject(new Error('connect ECONNREFUSED'))],
    ['gives no identity', () => true as unknown as Identity],
  ];
  for (const [how, answer] of failures) {
    test(`one that ${how} denies, is named, and is not passed over`, async (t) => {
      const { check, warnings } = make(
        t,
        directory('ldap', answer),
        file('file', { alice: 'secret' }),
      );
      assert.deepEqual(
        await callsOf(async () => {
          assert.deepEqual(await check('alice', 'secret'), failed('alice'));
        }),
        ['ldap verifies'],
      );
      assert.equal(warnings.length, 1);
      assert.match(
        warnings[0] ?? '',
        /^the source of users "ldap" failed: .*; the login of "alice" is denied$/,
      );
    });
  }

  test('a failure is no wrong password: nobody is locked out by it', async (t) => {
    let down = true;
    const { check } = make(
      t,
      directory('ldap', (user) => {
        if (down) throw new Error('down');
        return { user, group: undefined };
      }),
    );
    for (let i = 0; i < 10; i++) await check('alice', `password ${i}`);
    down = false;
    assert.deepEqual(await check('alice', 'password 1'), {
      user: 'alice',
      group: undefined,
      unlisted: true,
    });
  });

  test('one that is late denies, and is told so by its signal', async (t) => {
    let signal: AbortSignal | undefined;
    let answer: ((identity: Identity) => void) | undefined;
    const source: AuthenticationSource = {
      name: 'ldap',
      kinds: new Set(['password'] as const),
      verify: (_user, _password, verification) => {
        signal = verification.signal;
        return new Promise((resolve) => {
          answer = resolve;
        });
      },
    };
    const { clock, checker, warnings } = make(t, source, file('file', { alice: 'secret' }));
    let told = false;
    const check = Promise.resolve(checker.check(HERE, 'alice', octets('secret'))).finally(() => {
      told = true;
    });
    await new Promise(setImmediate);
    clock.pass(ANSWER_TIME - 1);
    await new Promise(setImmediate);
    assert.deepEqual([told, signal?.aborted], [false, false]);
    clock.pass(1);
    assert.deepEqual(await soon(clock, check), failed('alice'));
    assert.equal(signal?.aborted, true);
    answer?.({ user: 'alice', group: undefined });
    const late = 'it did not answer within 10 s; the login of "alice" is denied';
    assert.deepEqual(warnings, [`the source of users "ldap" failed: ${late}`]);
    assert.deepEqual(calls, []);
  });

  test('one that is closed meanwhile denies at once', async (t) => {
    const clock = manualClock(t, ['setTimeout']);
    const users = new Users([directory('ldap', () => new Promise(() => {}))]);
    const checker = new PasswordChecker(users, new Lockout({ failures: 3, time: 1000 }));
    const check = checker.check(HERE, 'alice', octets('secret'));
    await new Promise(setImmediate);
    users.dispose();
    await new Promise(setImmediate);
    clock.pass(100);
    assert.deepEqual(await check, failed('alice'));
  });

  test('while one is down, users of another are not told from nobody by the time it takes', async (t) => {
    const down: Answer = () => {
      throw new Error('down');
    };
    const { clock, checker } = make(t, file('file', { alice: 'secret' }), directory('ldap', down));
    for (const user of ['alice', 'nobody']) {
      let told = false;
      const check = Promise.resolve(checker.check(HERE, user, octets('guess'))).finally(() => {
        told = true;
      });
      for (let i = 0; i < 20; i++) await new Promise(setImmediate);
      clock.pass(99);
      await new Promise(setImmediate);
      assert.equal(told, false, user);
      clock.pass(1);
      assert.ok('failure' in (await check));
    }
  });

  const forms: readonly ((password: string) => string)[] = [
    (password) => password,
    (password) => Buffer.from(password).toString('base64'),
    (password) => Buffer.from(password).toString('hex'),
    (password) => String(octets(password)),
  ];
  for (const [i, form] of forms.entries()) {
    test(`a warning never shows the password, in form ${i}`, async (t) => {
      const { check, warnings } = make(
        t,
        directory('ldap', (_user, password) => {
          throw new Error(`cannot bind with ${form(password)}`);
        }),
      );
      await check('alice', 'pass:wörd');
      assert.deepEqual(warnings, [
        'the source of users "ldap" failed: its message, not shown, has the password; ' +
          'the login of "alice" is denied',
      ]);
    });
  }

  test('a password that cannot be told may be an empty one', async (t) => {
    const broken: AuthenticationSource = {
      name: 'x',
      kinds: new Set(['plain'] as const),
      find: () => Promise.reject(new Error('down')),
    };
    const { checker } = make(t, broken);
    assert.equal(await checker.mayBeEmpty('alice'), true);
  });
});
