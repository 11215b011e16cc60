import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { UsersTransfer } from '#main/ipc/contract.js';
import type { StoredUser } from '#main/settings/file.js';
import type { Keychain } from '#main/users/keychain.js';
import { DesktopUsers } from '#main/users/users.js';
import { temporaryDirectory, temporaryFile } from '../../../support/files.js';

const MANY = 10_000;

function make() {
  const entries = new Map<string, string>();
  const keychain = {
    async read(names: readonly string[], step: (done: number) => void = () => {}) {
      for (let i = 0; i < names.length; i += 100) {
        step(i);
        await setImmediate();
      }
      return new Map(entries);
    },
    async get(name: string) {
      return entries.get(name);
    },
    async set(name: string, password: string) {
      entries.set(name, password);
      if (entries.size % 100 === 0) await setImmediate();
    },
    async delete(name: string) {
      entries.delete(name);
      if (entries.size % 100 === 0) await setImmediate();
    },
  };
  const store: { users: readonly StoredUser[] } = { users: [] };
  const users = new DesktopUsers(store, keychain as unknown as Keychain);
  return { entries, store, users };
}

function lines(count: number): string {
  const all = Array.from({ length: count }, (_, i) => `user${i}:staff:$base64$c2VjcmV0\n`);
  return all.join('');
}

/** Notes what is told of transfers. */
function listen(users: DesktopUsers): (UsersTransfer | undefined)[] {
  const told: (UsersTransfer | undefined)[] = [];
  users.on('transfer', (state) => told.push(state));
  return told;
}

describe('importing and exporting many users', () => {
  test('progress is told, and the rest of the app goes on meanwhile', async (t) => {
    const { users, entries } = make();
    const told = listen(users);
    const file = temporaryFile(t, lines(MANY));
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    assert.deepEqual(await users.import(file), { added: MANY, skipped: [] });
    clearInterval(timer);
    assert.equal(entries.size, MANY);
    assert.equal(users.state.users.length, MANY);
    assert.ok(turns > 5, `${turns} turns`);
    assert.equal(told[0]?.total, 0);
    assert.equal(told.at(-1), undefined);
    assert.equal(users.transfer, undefined);

    const out = join(temporaryDirectory(t), 'users.txt');
    assert.deepEqual(await users.export(out), { written: MANY, skipped: [] });
    assert.equal(readFileSync(out, 'utf8'), readFileSync(file, 'utf8'));
  });

  test('an import that is cancelled leaves all as it was', async (t) => {
    const { users, entries, store } = make();
    await users.add({ name: 'alice', group: '', password: 'mine' });
    const before = store.users;
    const imported = users.import(temporaryFile(t, lines(MANY)));
    while (entries.size < 1000) await setImmediate();
    assert.equal(users.transfer?.total, MANY);
    users.cancel();
    assert.equal(users.transfer?.cancelled, true);
    assert.equal(await imported, 'cancelled');
    assert.deepEqual([...entries], [['alice', 'mine']]);
    assert.equal(store.users, before);
    assert.equal(users.problem, undefined);
  });

  test('an export that is cancelled writes nothing', async (t) => {
    const { users } = make();
    await users.import(temporaryFile(t, lines(MANY)));
    const file = join(temporaryDirectory(t), 'users.txt');
    const exported = users.export(file);
    await setImmediate();
    users.cancel();
    assert.equal(await exported, 'cancelled');
    assert.equal(existsSync(file), false);
    assert.equal(users.problem, undefined);
  });

  test('there is one at a time', async (t) => {
    const { users } = make();
    const file = temporaryFile(t, lines(1000));
    const imported = users.import(file);
    await assert.rejects(
      users.export(file),
      /import is still under way: wait for it, or cancel it/,
    );
    await imported;
  });

  test('limits, expiry and who is disabled come in, and go out as they came', async (t) => {
    const { users, store } = make();
    const account =
      'disabled,expires=2027-01-31T18:00:00Z,maxconn=5,rate-down=500,quota-month=9000';
    const text = `bob::$base64$Yg==:${account}\ncarol::$base64$Yw==\n`;
    await users.import(temporaryFile(t, text));
    const limits = {
      expires: Date.UTC(2027, 0, 31, 18),
      connections: 5,
      rateDown: 500,
      perMonth: 9000,
    };
    assert.deepEqual(store.users, [
      { name: 'bob', group: '', disabled: true, hashed: false, limits },
      { name: 'carol', group: '', disabled: false, hashed: false },
    ]);
    const out = join(temporaryDirectory(t), 'users.txt');
    await users.export(out);
    assert.equal(readFileSync(out, 'utf8'), text);
  });
});

describe('limits of users', () => {
  const alice = { name: 'alice', group: '', password: 'secret' };

  test('the server is given them with each login, and they can be taken away', async () => {
    const { users, store } = make();
    const source = users.source();
    await users.add({ ...alice, limits: { connections: 2, perDay: 1000 } });
    const [secret] = (await source.find?.('alice')) ?? [];
    assert.deepEqual(secret?.account, { connections: 2, perDay: 1000 });
    assert.deepEqual(await source.identify?.('alice'), {
      user: 'alice',
      group: undefined,
      account: { connections: 2, perDay: 1000 },
    });
    await users.update({ name: 'alice', group: 'staff' });
    assert.deepEqual(users.state.users[0]?.limits, { connections: 2, perDay: 1000 });
    await users.update({ name: 'alice', limits: {} });
    assert.equal((await source.find?.('alice'))?.[0]?.account, undefined);
    assert.equal('limits' in (store.users[0] ?? {}), false);
  });

  test('that a user has expired is told in place of a wrong password', async () => {
    const { users } = make();
    const expires = Date.UTC(2020, 0, 1);
    await users.add({ ...alice, limits: { expires } });
    assert.equal(users.obstacle('alice'), 'this user expired at 2020-01-01T00:00:00Z');
    await users.update({ name: 'alice', limits: { expires: Date.now() + 60_000 } });
    assert.equal(users.obstacle('alice'), undefined);
  });

  test('the decoys of unknown users are made once, until a password is another', async () => {
    const { users } = make();
    await users.add(alice);
    const source = users.source();
    const { decoys } = source;
    assert.equal(decoys?.length, 1);
    assert.equal(source.decoys, decoys);
    await users.add({ ...alice, name: 'bob' });
    assert.equal(source.decoys?.length, 2);
  });
});
