import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { type ServerEvent, UserError } from 'picosocks5';
import type { StoredUser } from '#main/settings/file.js';
import type { Keychain } from '#main/users/keychain.js';
import { KeychainError } from '#main/users/keychainerror.js';
import type { Lock } from '#main/users/retry.js';
import { DesktopUsers, type RetryOptions } from '#main/users/users.js';
import { temporaryDirectory, temporaryFile } from '../../../support/files.js';

/** A keychain that can be locked. */
class FakeKeychain {
  readonly entries = new Map<string, string>();
  locked = false;
  /** What a reading of it waits for. */
  answer: Promise<void> | undefined;
  onRead = () => {};

  async read() {
    this.onRead();
    await this.answer;
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

/** Users in a settings file that can be one on a full disk. */
class FakeStore {
  isFull = false;
  #users: readonly StoredUser[] = [];

  get users() {
    return this.#users;
  }
  set users(users: readonly StoredUser[]) {
    if (this.isFull) throw new UserError('no space left on device');
    this.#users = users;
  }
}

function make(retry: RetryOptions = {}) {
  const store = new FakeStore();
  const keychain = new FakeKeychain();
  const users = new DesktopUsers(store, keychain as unknown as Keychain, retry);
  return { store, keychain, users };
}

const alice = { name: 'alice', group: 'staff', password: 'secret' };

describe('users of the desktop', () => {
  test('a password goes to the keychain and to nothing else', async () => {
    const { store, keychain, users } = make();
    await users.add(alice);
    assert.deepEqual([...keychain.entries], [['alice', 'secret']]);
    assert.doesNotMatch(JSON.stringify([store.users, users.state]), /secret/);
    const [secret] = (await users.source().find?.('alice')) ?? [];
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
      [{ name: 'b', password: 'a\0b' }, /no NUL character/],
      [{ name: 'b', password: 'a\ud800' }, /half a character/],
      [{ name: ' alice ' }, /There is a user "alice" already/],
      [{ name: 'al\u200bice' }, /no invisible characters/],
      [{ name: 'al\u00a0ice' }, /no invisible characters/],
      [{ name: 'al  ice' }, /no more than one space/],
      [{ name: 'b', group: 'staff\u200b' }, /no invisible characters/],
    ] as const) {
      await assert.rejects(users.add({ ...alice, ...change }), sentence);
    }
    assert.equal(users.state.users.length, 1);
  });

  test('names are trimmed, and two that look the same are not taken', async () => {
    const { users, keychain } = make();
    await users.add({ name: ' zoë ', group: ' staff ', password: ' a b ' });
    assert.deepEqual([...keychain.entries], [['zoë', ' a b ']]);
    assert.equal(users.state.users[0]?.group, 'staff');
    const decomposed = { ...alice, name: 'zoe\u0308' };
    await assert.rejects(users.add(decomposed), /"zoë" already, whose name looks the same/);
    await users.update({ name: 'zoë', newName: 'zoe\u0308 ' });
    assert.equal(users.state.users[0]?.name, 'zoe\u0308');
  });

  test('numbers in names are in the order of numbers', async () => {
    const { users } = make();
    for (const name of ['user10', 'user2', 'user1']) await users.add({ ...alice, name });
    const names = users.state.users.map(({ name }) => name);
    assert.deepEqual(names, ['user1', 'user2', 'user10']);
  });

  test('what cannot be saved leaves no password behind, and takes none away', async (t) => {
    const { users, keychain, store } = make();
    await users.add(alice);
    store.isFull = true;
    const before = [...keychain.entries];
    const full = /no space left/;
    const file = temporaryFile(t, 'bob::$base64$Ym9i\n');
    await assert.rejects(users.add({ ...alice, name: 'bob' }), full);
    await assert.rejects(users.update({ name: 'alice', newName: 'eve' }), full);
    await assert.rejects(users.update({ name: 'alice', password: 'other' }), full);
    await assert.rejects(users.delete('alice'), full);
    await assert.rejects(users.import(file), full);
    assert.deepEqual([...keychain.entries], before);
    assert.equal((await users.source().find?.('alice'))?.length, 1);
    store.isFull = false;
    await users.delete('alice');
    store.isFull = true;
    await assert.rejects(users.restore('alice'), full);
    assert.equal(keychain.entries.size, 0);
    store.isFull = false;
    await users.restore('alice');
    assert.deepEqual([...keychain.entries], before);
  });

  test('a keychain that is locked is looked at again, and read when it is open', async () => {
    let lock: Lock = 'locked';
    let reads = 0;
    const { users, keychain } = make({ look: async () => lock, first: 5 });
    await users.add(alice);
    keychain.locked = true;
    keychain.onRead = () => reads++;
    await users.refresh();
    assert.equal(users.problem, 'locked');
    assert.equal(users.obstacle('alice'), undefined);
    for (let i = 0; i < 5; i++) await setTimeout(10);
    assert.equal(reads, 1);
    keychain.locked = false;
    lock = 'open';
    for (let i = 0; i < 500 && users.problem !== undefined; i++) await setTimeout(10);
    assert.equal(users.problem, undefined);
  });

  test('a login waits for a keychain that is being read, and no longer than it may', async () => {
    const { users, keychain, store } = make();
    store.users = [{ name: 'alice', group: '', disabled: false, hashed: false }];
    let answer = () => {};
    keychain.answer = new Promise((resolve) => {
      answer = resolve;
    });
    const read = users.refresh();
    await users.settled(10);
    assert.match(users.obstacle('alice') ?? '', /has not answered yet/);
    const settled = users.settled(60_000);
    keychain.entries.set('alice', 'secret');
    answer();
    await Promise.all([settled, read]);
    assert.equal(users.obstacle('alice'), undefined);
    await users.settled(60_000);
  });

  test('why somebody cannot log in is told in place of a wrong password', async () => {
    const { users, keychain } = make();
    await users.add(alice);
    const client = { host: '127.0.0.1', port: 1 };
    const event: ServerEvent = {
      type: 'authentication-failed',
      id: 1,
      time: 0,
      client,
      method: 'userpass',
      user: 'alice',
      detail: 'wrong user name or password',
    };
    assert.equal(users.explain(event), event);
    await users.update({ name: 'alice', disabled: true });
    assert.deepEqual(users.explain(event), { ...event, detail: 'this user is disabled' });
    await users.update({ name: 'alice', disabled: false });
    keychain.entries.clear();
    await users.refresh();
    const detail = 'the keychain has no password of this user';
    assert.deepEqual(users.explain(event), { ...event, detail });
    assert.deepEqual(users.explain({ ...event, user: 'eve' }), { ...event, user: 'eve' });
  });

  test('renaming takes the password along', async () => {
    const { keychain, users } = make();
    await users.add(alice);
    await users.update({ name: 'alice', newName: 'bob' });
    assert.deepEqual([...keychain.entries], [['bob', 'secret']]);
    assert.deepEqual(users.state.users, [
      { name: 'bob', group: 'staff', disabled: false, limits: {}, password: 'set' },
    ]);
  });

  test('who is disabled or deleted is out at once, whatever the server has read', async () => {
    const { users } = make();
    await users.add(alice);
    const source = users.source();
    await users.update({ name: 'alice', disabled: true });
    assert.deepEqual(source.find?.('alice'), []);
    await users.update({ name: 'alice', disabled: false });
    assert.equal((await source.find?.('alice'))?.length, 1);
    await users.delete('alice');
    assert.deepEqual(source.find?.('alice'), []);
  });

  test('the source says at once that its users are others', async () => {
    const { users } = make();
    let changes = 0;
    const watching = users.source().onDidChange?.(() => changes++);
    await users.add(alice);
    await users.update({ name: 'alice', disabled: true });
    assert.equal(changes, 2);
    watching?.dispose();
    await users.delete('alice');
    assert.equal(changes, 2);
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

  test('what of a password file cannot be a user here is told by its line', async (t) => {
    const { users, keychain } = make();
    for (const [line, problem] of [
      ['bob ::$base64$Ym9i', 'The user name "bob " must not begin or end with a space.'],
      ['bob::$base64$YQBi', 'The password must have no NUL character: keychains cut it off there.'],
      ['bob::$base64$/w==', 'The password is not UTF-8 text, as the keychain needs it.'],
    ]) {
      const file = temporaryFile(t, `eve::$base64$ZXZl\n${line}\n`);
      await assert.rejects(users.import(file), { message: `${file}:2: ${problem}` });
    }
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
    assert.deepEqual(result, { written: 2, skipped: ['carol'] });
    const lines = ['alice:staff:$base64$c2VjcmV0', 'bob::$base64$Yg==:disabled', ''];
    assert.equal(readFileSync(file, 'utf8'), lines.join('\n'));
    if (process.platform !== 'win32') assert.equal(statSync(file).mode & 0o777, 0o600);
  });
});
