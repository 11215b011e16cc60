import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { StoredUser } from '#main/settings/file.js';
import type { Keychain } from '#main/users/keychain.js';
import { KeychainError } from '#main/users/keychainservice.js';
import { DesktopUsers } from '#main/users/users.js';
import { temporaryDirectory, temporaryFile } from '../support/files.js';

/** A keychain that can be locked. */
class FakeKeychain {
  readonly entries = new Map<string, string>();
  locked = false;

  async read() {
    this.#demandOpen();
    return new Map(this.entries);
  }
  async get(user: string) {
    this.#demandOpen();
    return this.entries.get(user);
  }
  async set(user: string, password: string) {
    this.#demandOpen();
    this.entries.set(user, password);
  }
  async delete(user: string) {
    this.#demandOpen();
    this.entries.delete(user);
  }
  #demandOpen() {
    if (this.locked) throw new KeychainError('locked');
  }
}

function make() {
  const store: { users: readonly StoredUser[] } = { users: [] };
  const keychain = new FakeKeychain();
  const users = new DesktopUsers(store, keychain as unknown as Keychain);
  return { store, keychain, users };
}

const alice = { name: 'alice', group: 'staff', password: 'secret' };

describe('users of the desktop', () => {
  test('a password goes to the keychain and to nothing else', async () => {
    const { store, keychain, users } = make();
    await users.add(alice);
    assert.deepEqual([...keychain.entries], [['alice', 'secret']]);
    assert.doesNotMatch(JSON.stringify([store.users, users.state]), /secret/);
    const [secret] = users.source().secrets('alice');
    assert.equal(secret?.kind, 'plain');
    assert.equal(secret?.group, 'staff');
  });

  test('what cannot be a user is refused with a sentence', async () => {
    const { users } = make();
    await users.add(alice);
    for (const [change, sentence] of [
      [{}, /There is a user "alice" already/],
      [{ name: ' ' }, /needs a name/],
      [{ name: 'a:b' }, /no colon/],
      [{ name: 'b', group: 'x:y' }, /group must have no colon/],
      [{ name: 'b', password: '' }, /needs a password/],
      [{ name: 'b', password: 'ü'.repeat(128) }, /longer than 255 bytes/],
    ] as const) {
      await assert.rejects(users.add({ ...alice, ...change }), sentence);
    }
    assert.equal(users.state.users.length, 1);
  });

  test('renaming takes the password along', async () => {
    const { keychain, users } = make();
    await users.add(alice);
    await users.update({ name: 'alice', newName: 'bob' });
    assert.deepEqual([...keychain.entries], [['bob', 'secret']]);
    assert.deepEqual(users.state.users, [
      { name: 'bob', group: 'staff', disabled: false, password: 'set' },
    ]);
  });

  test('who is disabled or deleted is out at once, whatever the server has read', async () => {
    const { users } = make();
    await users.add(alice);
    const source = users.source();
    await users.update({ name: 'alice', disabled: true });
    assert.deepEqual(source.secrets('alice'), []);
    await users.update({ name: 'alice', disabled: false });
    assert.equal(source.secrets('alice').length, 1);
    await users.delete('alice');
    assert.deepEqual(source.secrets('alice'), []);
  });

  test('deleting can be undone', async () => {
    const { keychain, users } = make();
    await users.add(alice);
    await users.delete('alice');
    assert.equal(keychain.entries.size, 0);
    assert.equal(users.state.users.length, 0);
    await users.restore('alice');
    assert.deepEqual([...keychain.entries], [['alice', 'secret']]);
    assert.equal(users.state.users[0]?.group, 'staff');
    await assert.rejects(users.restore('alice'), /cannot be restored/);
  });

  test('a locked keychain changes nothing, and is told', async () => {
    const { keychain, users } = make();
    await users.add(alice);
    keychain.locked = true;
    await assert.rejects(users.add({ ...alice, name: 'bob' }), KeychainError);
    assert.equal(users.state.users.length, 1);
    assert.equal(users.state.keychainProblem, 'locked');
    keychain.locked = false;
    await users.refresh();
    assert.equal(users.state.keychainProblem, undefined);
  });

  test('an entry that was removed by hand shows', async () => {
    const { keychain, users } = make();
    await users.add(alice);
    keychain.entries.delete('alice');
    await users.refresh();
    assert.equal(users.state.users[0]?.password, 'none');
  });

  test('a password file is imported: the password itself, rather than a hash', async (t) => {
    const { users, keychain } = make();
    await users.add({ ...alice, password: 'mine' });
    const hash = '$1$abcdefgh$irWbblnpmw.5z7wgBnprh0';
    const lines = [
      'alice::$base64$eW91cnM=',
      `bob:staff:${hash}`,
      'bob:staff:$base64$Ym9i',
      `carol::${hash}`,
      ':$base64$c2VydmVy',
    ];
    const result = await users.import(temporaryFile(t, `${lines.join('\n')}\n`));
    assert.deepEqual(result, { added: 2, skipped: ['alice'] });
    assert.deepEqual(
      [...keychain.entries],
      [
        ['alice', 'mine'],
        ['bob', 'bob'],
        ['carol', hash],
      ],
    );
    assert.deepEqual(
      users.state.users.map(({ name, group, password }) => [name, group, password]),
      [
        ['alice', 'staff', 'set'],
        ['bob', 'staff', 'set'],
        ['carol', '', 'hash'],
      ],
    );
  });

  test('a wrong password file is told by its line, and nothing is imported', async (t) => {
    const { users, keychain } = make();
    const file = temporaryFile(t, 'bob::$base64$Ym9i\nnonsense\n');
    await assert.rejects(users.import(file), { message: `${file}:2: expected USER:GROUP:SECRET` });
    assert.equal(keychain.entries.size, 0);
  });

  test('exporting writes what the headless server reads', async (t) => {
    const { users, keychain } = make();
    await users.add(alice);
    await users.add({ name: 'bob', group: '', password: 'b' });
    await users.add({ name: 'carol', group: '', password: 'c' });
    await users.update({ name: 'bob', disabled: true });
    keychain.entries.delete('carol');
    const file = join(temporaryDirectory(t), 'users.txt');
    const result = await users.export(file);
    assert.deepEqual(result, { written: 1, skipped: ['bob', 'carol'] });
    assert.equal(readFileSync(file, 'utf8'), 'alice:staff:$base64$c2VjcmV0\n');
    if (process.platform !== 'win32') assert.equal(statSync(file).mode & 0o777, 0o600);
  });
});
