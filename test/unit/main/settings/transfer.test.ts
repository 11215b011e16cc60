import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { UserError } from 'picosocks5';
import type { UpstreamSettings } from '#main/ipc/contract.js';
import { NO_EXTENSIONS, type SettingsFile } from '#main/settings/file.js';
import { SettingsTransfer } from '#main/settings/transfer/transfer.js';
import { temporaryDirectory } from '../../../support/files.js';
import { settingsOf } from '../../../support/settings.js';

const alice = {
  ...{ name: 'alice', group: 'staff', disabled: false, hashed: false },
  limits: { connections: 5 },
};
const bob = { name: 'bob', group: '', disabled: true, hashed: true };
const work: UpstreamSettings = {
  ...{ name: 'work', scheme: 'socks5', host: 'proxy.example', port: 1080, user: 'al' },
  ...{ through: '', tlsCa: '' },
};
const office = { name: 'Office', settings: { port: 1090 }, networks: ['wifi:Corp'] };
const FULL = {
  settings: { port: 2080, via: ['*.corp=work'], request: ['!connect:*.example'] },
  users: [alice, bob],
  upstreams: [work],
  profiles: [office],
  profile: 'Office',
  extensions: {
    ...NO_EXTENSIONS,
    allowed: [{ name: 'x', folder: 'x-1' }],
    secrets: ['extension:picosocks5-ldap/ldap.password'],
    settings: { 'ldap.url': 'ldap://a' },
  },
};
const PASSWORDS = {
  alice: 'secret',
  bob: '$6$salt$hash',
  'upstream:work': 'sesame',
  'extension:picosocks5-ldap/ldap.password': 'open',
};

function make(file: Partial<SettingsFile> = {}, passwords: Readonly<Record<string, string>> = {}) {
  const { settings, memory } = settingsOf(file);
  const entries = new Map(Object.entries(passwords));
  const fails = { keychain: '', server: false };
  const transfer = new SettingsTransfer({
    settings,
    // Who guesses in a test has little to do.
    work: 10,
    keychain: {
      read: async (accounts) =>
        new Map(
          accounts.flatMap((one) => (entries.has(one) ? [[one, entries.get(one) ?? '']] : [])),
        ),
      async set(account, secret) {
        if (account === fails.keychain) throw new UserError('the keychain is locked');
        entries.set(account, secret);
      },
      delete: async (account) => void entries.delete(account),
    },
    extensions: {
      hasSetting: (key) => key.startsWith('ldap.'),
      async check({ key, value }) {
        if (typeof value !== 'string') throw new UserError(`${key}: expected a text`);
      },
    },
    async apply() {
      if (fails.server && settings.values.port === 2080) throw new UserError('port in use');
    },
  });
  return { settings, memory, entries, fails, transfer };
}

async function exported(t: TestContext, passphrase?: string): Promise<string> {
  const file = join(temporaryDirectory(t), 'settings.json');
  await make(FULL, PASSWORDS).transfer.export(file, passphrase === undefined ? {} : { passphrase });
  return file;
}

describe('export and import of everything', () => {
  test('what was exported is there on another computer, with passwords', async (t) => {
    const file = await exported(t, 'correct horse');
    const text = readFileSync(file, 'utf8');
    for (const secret of Object.values(PASSWORDS)) assert.ok(!text.includes(secret));
    assert.match(text, /BEGIN AGE ENCRYPTED FILE/);
    if (process.platform !== 'win32') assert.equal(statSync(file).mode & 0o777, 0o600);

    const { transfer, memory, entries } = make();
    const preview = await transfer.preview(file);
    assert.deepEqual(
      preview.items.map(({ kind, name, change }) => `${kind} ${name} ${change}`),
      [
        ...['setting Port changed', 'setting Request rules changed', 'setting Routes changed'],
        ...['profile Office added', 'user alice added', 'user bob added', 'upstream work added'],
        'extension ldap.url added',
      ],
    );
    const port = preview.items.find(({ name }) => name === 'Port');
    assert.deepEqual([port?.before, port?.after], ['1080', '2080']);
    assert.deepEqual([preview.hasPasswords, preview.leftOut], [true, []]);
    assert.deepEqual(memory.store.settings, {});

    await assert.rejects(transfer.import({ passphrase: 'wrong horse' }), /passphrase is wrong/);
    assert.deepEqual([memory.store.settings, entries.size], [{}, 0]);
    await transfer.import({ passphrase: 'correct horse' });
    const { settings, users, upstreams, profiles, extensions } = memory.store;
    assert.deepEqual(
      { settings, users, upstreams, profiles },
      {
        settings: FULL.settings,
        users: FULL.users,
        upstreams: FULL.upstreams,
        profiles: FULL.profiles,
      },
    );
    assert.deepEqual(Object.fromEntries(entries), PASSWORDS);
    // Which extensions may run is not for a file to say.
    assert.deepEqual(extensions, { ...FULL.extensions, allowed: [] });
  });

  test('without a passphrase there are no passwords, and none is in the file', async (t) => {
    const file = await exported(t);
    const text = readFileSync(file, 'utf8');
    assert.doesNotMatch(text, /AGE|secret|sesame|\$6\$/);
    const { transfer, memory, entries } = make();
    assert.equal((await transfer.preview(file)).hasPasswords, false);
    await transfer.import({});
    assert.deepEqual(memory.store.users, [alice, { ...bob, hashed: false }]);
    assert.equal(entries.size, 0);
  });

  test('who is here stays; settings become those of the file', async (t) => {
    const file = await exported(t);
    const carol = { ...bob, name: 'carol' };
    const own = { settings: { http: false }, users: [{ ...alice, group: '' }, carol] };
    const { transfer, memory } = make(own, { alice: 'mine' });
    const { items } = await transfer.preview(file);
    assert.deepEqual(
      items.filter(({ kind }) => kind === 'user').map(({ name, change }) => [name, change]),
      [
        ['alice', 'changed'],
        ['bob', 'added'],
      ],
    );
    await transfer.import({});
    assert.deepEqual(memory.store.settings, FULL.settings);
    assert.deepEqual(memory.store.users, [alice, carol, { ...bob, hashed: false }]);
    assert.deepEqual((await transfer.preview(file)).items, []);
  });

  test('all or nothing: neither a keychain nor a server that fails leaves a part of it', async (t) => {
    const file = await exported(t, 'correct horse');
    for (const failing of ['keychain', 'server'] as const) {
      const { transfer, memory, entries, fails } = make({ users: [alice] }, { alice: 'mine' });
      if (failing === 'keychain') fails.keychain = 'upstream:work';
      else fails.server = true;
      await transfer.preview(file);
      const passphrase = 'correct horse';
      await assert.rejects(transfer.import({ passphrase }), /locked|port in use/);
      assert.deepEqual(memory.store.settings, {});
      assert.deepEqual(memory.store.users, [alice]);
      assert.deepEqual(Object.fromEntries(entries), { alice: 'mine' });
    }
  });

  test('what changes after it was shown is not overwritten', async (t) => {
    const file = await exported(t);
    const { transfer, settings } = make();
    await assert.rejects(transfer.import({}), /Choose a file first/);
    await transfer.preview(file);
    settings.set({ key: 'http', value: false });
    await assert.rejects(transfer.import({}), /have changed meanwhile/);
    assert.equal(settings.values.port, 1080);
  });

  test('what cannot be used on this computer is left out, and said', async (t) => {
    const file = join(temporaryDirectory(t), 'a.json');
    const content = {
      format: 'picosocks5-settings',
      version: 1,
      settings: { lanKey: '/nowhere/key.pem', port: 3080, theme: 'dark' },
      passwords: 'no file of age',
      users: [],
      extensions: { settings: { 'other.x': 1 } },
    };
    writeFileSync(file, JSON.stringify(content));
    const { transfer, memory } = make();
    const { leftOut, items } = await transfer.preview(file);
    const theme = items.find(({ name }) => name === 'Theme');
    assert.deepEqual([theme?.before, theme?.after], ['As the system', 'Dark']);
    assert.match(leftOut.join('\n'), /Private key: .*key\.pem.*\nother\.x: no extension/);
    const passphrase = 'correct horse';
    await assert.rejects(transfer.import({ passphrase }), /passwords of the file are damaged/);
    assert.deepEqual(memory.store.settings, {});
    await transfer.import({});
    assert.deepEqual(memory.store.settings, { port: 3080, theme: 'dark' });
  });

  for (const [content, message] of [
    ['{ "format": ', /a\.json:1:13: expected a value/],
    ['{ "version": 1, "settings": {} }', /is no export of settings/],
    ['{ "format": "picosocks5-settings", "version": 99 }', /version 99, newer than this app/],
    [{ settings: { port: 0 } }, /Port: expected a number.*Nothing was changed/],
    [{ settings: { request: ['fly:*'] } }, /Request rules: .*fly/],
    [{ settings: { via: ['*.corp=work'] } }, /no upstream server "work"/],
    [{ users: [{ name: 'alice' }] }, /user "alice" is not whole/],
    [{ profiles: [{ name: 'Home', networks: ['moon'] }] }, /of profile "Home"/],
    [{ passwords: 1 }, /"passwords"/],
    [{ extensions: { settings: { 'ldap.url': 1 } } }, /ldap\.url: expected a text/],
  ] as const) {
    test(`nothing is taken of ${JSON.stringify(content)}`, async (t) => {
      const file = join(temporaryDirectory(t), 'a.json');
      const whole = { format: 'picosocks5-settings', version: 1, ...Object(content) };
      writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(whole));
      const { transfer, memory } = make();
      await assert.rejects(transfer.preview(file), message);
      assert.deepEqual(memory.store.settings, {});
    });
  }

  test('a short passphrase keeps nothing', async (t) => {
    const file = join(temporaryDirectory(t), 'a.json');
    const { transfer } = make(FULL, PASSWORDS);
    await assert.rejects(transfer.export(file, { passphrase: 'short' }), /at least 8 characters/);
    assert.throws(() => statSync(file), /ENOENT/);
  });
});
