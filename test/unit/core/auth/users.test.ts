import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SourceError } from '#core/auth/asking.js';
import { CryptPool } from '#core/auth/crypt/pool.js';
import type { AuthenticationSource, Secret } from '#core/auth/source.js';
import { Users } from '#core/auth/users.js';
import { UserError } from '#core/base/errors.js';

const plain = (password: string, group?: string): Secret => ({
  kind: 'plain',
  password: Buffer.from(password),
  group,
});
const crypt = (hash: string, group?: string): Secret => ({ kind: 'crypt', hash, group });

const HASH = '$1$abcdefgh$y6iHhJNbuC0xpbk0w9pm80';
const OTHER = HASH.replace('abcdefgh', 'hgfedcba');

/** A source that finds these secrets, and notes who is asked for. */
function finding(
  name: string,
  users: Readonly<Record<string, readonly Secret[]>>,
  how: 'now' | 'later' = 'now',
): AuthenticationSource & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    name,
    asked,
    kinds: new Set(
      Object.values(users)
        .flat()
        .map(({ kind }) => kind),
    ),
    find(user) {
      asked.push(user);
      const found = users[user] ?? [];
      return how === 'now' ? found : Promise.resolve(found);
    },
  };
}

describe('Users', () => {
  test('what is known at once is no promise, what comes later is waited for', async () => {
    const now = new Users([finding('a', { alice: [plain('x', 'staff')] })]);
    assert.deepEqual(now.secret('alice'), plain('x', 'staff'));
    assert.deepEqual(now.identify('alice'), { user: 'alice', group: 'staff' });
    assert.equal(now.identify('bob'), undefined);

    const later = new Users([
      finding('a', { alice: [crypt('hash')] }, 'later'),
      finding('b', { bob: [plain('y')] }),
      finding('c', { carol: [plain('z', 'c')], alice: [plain('w')] }, 'later'),
    ]);
    assert.ok(later.secret('carol') instanceof Promise);
    assert.deepEqual(await later.secret('carol'), plain('z', 'c'));
    assert.deepEqual(await later.identify('carol'), { user: 'carol', group: 'c' });
    assert.deepEqual(await later.secret('bob'), plain('y'));
    assert.deepEqual(await later.secret('alice'), crypt('hash'));
    assert.deepEqual(await later.secret('alice', 'plain'), plain('w'));
    assert.equal(await later.secret('dave'), undefined);
  });

  test('a source is not asked for what it does not have, nor for nobody', async () => {
    const hashes = finding('hashes', { alice: [crypt('hash')] });
    const users = new Users([hashes, finding('plain', { bob: [plain('x')] })]);
    assert.deepEqual(users.secret('bob', 'plain'), plain('x'));
    assert.deepEqual(hashes.asked, []);
    users.secret('');
    users.identify('');
    assert.deepEqual(hashes.asked, []);
    assert.deepEqual(
      [users.has('plain'), users.has('crypt'), users.has('password')],
      [true, true, false],
    );
  });

  test('who a user is, by what identifies before what finds', () => {
    const users = new Users([
      {
        name: 'directory',
        kinds: new Set(['password'] as const),
        verify: assert.fail,
        identify: (user) =>
          user.toLowerCase() === 'alice' ? { user: 'alice', group: 'staff' } : undefined,
      },
      finding('file', { alice: [plain('x', 'file')], bob: [plain('x', 'file')] }),
    ]);
    assert.deepEqual(users.identify('ALICE'), { user: 'alice', group: 'staff' });
    assert.deepEqual(users.identify('bob'), { user: 'bob', group: 'file' });
    assert.equal(users.tellUsers, true);
    const silent = { name: 's', kinds: new Set(['password'] as const), verify: assert.fail };
    assert.equal(new Users([silent]).tellUsers, false);
  });

  for (const how of ['throws', 'rejects'] as const) {
    test(`a source that ${how}: its name is told, and nobody after it is asked`, async () => {
      const error = new Error('it is down');
      const second = finding('second', { alice: [plain('x')] });
      const broken: AuthenticationSource = {
        name: 'first',
        kinds: new Set(['plain'] as const),
        find: () => {
          if (how === 'throws') throw error;
          return Promise.reject(error);
        },
      };
      const users = new Users([broken, second]);
      for (const ask of [() => users.secret('alice'), () => users.identify('alice')]) {
        await assert.rejects(async () => ask(), {
          constructor: SourceError,
          message: 'the source of users "first" failed: it is down',
        });
      }
      assert.deepEqual(second.asked, []);
    });
  }

  test('answers that are none are failures', async () => {
    const answering = (answer: unknown) =>
      new Users([
        {
          name: 'x',
          kinds: new Set(['plain'] as const),
          find: () => answer as Secret[],
          identify: () => answer as undefined,
        },
      ]);
    for (const nothing of [undefined, null]) {
      assert.equal(answering(nothing).secret('alice'), undefined);
      assert.equal(answering(nothing).identify('alice'), undefined);
    }
    assert.throws(() => answering('secret').secret('alice'), /it found a string, not a list/);
    assert.throws(() => answering(true).identify('alice'), /it gave a boolean, not an identity/);
  });

  test('a source that has not what its kinds promise is refused', () => {
    const open = (source: object) => new Users([{ name: 'x', ...source } as AuthenticationSource]);
    assert.throws(() => open({ kinds: new Set(['password']) }), UserError);
    assert.throws(() => open({ kinds: new Set(['crypt']), verify: () => {} }), /has no find\(\)/);
    assert.throws(() => open({ secrets: () => [] }), /its kinds are no set/);
    open({ kinds: new Set() });
  });

  test('decoys: those that a source names, else what it was seen to find, else the usual', async () => {
    const named = {
      ...finding('named', { alice: [crypt('hash')] }),
      decoys: [crypt('a'), crypt('b')],
    };
    const ofNamed = new Users([named]);
    const drawn = Array.from({ length: 50 }, (_, i) => ofNamed.decoy(`user ${i}`));
    assert.deepEqual(new Set(drawn), new Set(named.decoys));
    assert.deepEqual(ofNamed.decoy('user 1'), drawn[1]);

    const learning = new Users([
      finding('learning', { alice: [crypt(HASH)], bob: [crypt(OTHER)], mallory: [crypt('!')] }),
    ]);
    const usual = learning.decoy('nobody');
    assert.ok(usual?.kind === 'crypt');
    const pool = new CryptPool();
    assert.equal(await pool.verify(Buffer.from('any'), usual.hash), false);
    await pool.close();
    learning.secret('mallory');
    assert.deepEqual(learning.decoy('nobody'), usual, 'a hash that cannot be checked is none');
    learning.secret('alice');
    learning.secret('bob');
    assert.deepEqual(learning.decoy('nobody'), crypt(HASH));
    assert.equal(learning.decoy('nobody', 'plain'), undefined);

    const later = new Users([finding('later', { alice: [crypt(HASH)] }, 'later')]);
    await later.secret('alice');
    assert.deepEqual(later.decoy('nobody'), crypt(HASH));
  });

  test('no decoy stands for users whose passwords a source verifies', () => {
    const verifying: AuthenticationSource = {
      ...finding('x', { alice: [plain('readable')] }),
      kinds: new Set(['plain', 'password'] as const),
      verify: () => undefined,
    };
    const users = new Users([verifying]);
    assert.equal(users.decoy('nobody'), undefined);
    assert.equal(users.decoy('nobody', 'plain')?.kind, 'plain');
  });
});
