import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { OPTIONS } from 'picosocks5';
import * as v from 'valibot';
import { ARGUMENTS } from '#main/arguments.js';
import type { SettingKey, SettingValue } from '#main/contract.js';
import { DESCRIPTORS } from '#main/settings/descriptors.js';
import { migrate } from '#main/settings/file.js';
import { repair } from '#main/settings/repair.js';
import { checkSetting, DEFAULTS, serverOptions } from '#main/settings/values.js';

const check = (key: SettingKey, value: unknown) => () =>
  checkSetting({ key, value: value as SettingValue });

describe('settings of the desktop', () => {
  test('every one as it comes is valid', () => {
    for (const { key, default: value } of DESCRIPTORS) checkSetting({ key, value });
  });

  test('every option of the server has a setting, or is none of a desktop', () => {
    const without = OPTIONS.map(({ key }) => key).filter((key) => !(key in DEFAULTS));
    const other = ['listen', 'auth', 'quotaFile', 'user', 'group', 'nofork', 'logmode'];
    assert.deepEqual(without, [...other, 'logFile', 'logFormat', 'grace', 'workers']);
  });

  for (const [key, value, sentence] of [
    ['port', 0, 'Port: expected a number from 1 to 65535'],
    ['port', 70_000, 'Port: expected a number from 1 to 65535'],
    ['port', 10.5, 'Port: expected a number from 1 to 65535'],
    ['port', '1080', 'Port: expected a number from 1 to 65535'],
    ['listenAddress', [], /at least one address/],
    ['listenAddress', ['127.0.0.1:99'], /the port has a setting of its own/],
    ['listenAddress', ['[::1]:99'], /the port has a setting of its own/],
    ['bindPorts', 'many', /BIND range: /],
    ['network', ['300.1.1.1/8/9'], /Client rules: /],
    ['request', ['fly:*'], /Request rules: .*fly/],
    ['timeout', -1, 'Idle timeout: expected a number from 0 to 3600'],
    ['socks4', 'yes', 'SOCKS 4: expected on or off'],
    ['theme', 'pink', /Theme: expected one of system, light/],
  ] as const) {
    test(`${key} = ${JSON.stringify(value)} is refused`, () => {
      assert.throws(check(key, value), { name: 'UserError', message: sentence });
    });
  }

  for (const [addresses, listen] of [
    [['127.0.0.1'], ['127.0.0.1:1080']],
    [
      ['::1', '[::1]'],
      ['[::1]:1080', '[::1]:1080'],
    ],
    [['*'], ['*:1080']],
    [['proxy.example'], ['proxy.example:1080']],
  ] as const) {
    test(`listening at ${addresses}`, () => {
      const options = serverOptions({ ...DEFAULTS, listenAddress: addresses });
      assert.deepEqual(options.listen, listen);
    });
  }

  test('the server gets its options and nothing else', () => {
    const known: string[] = OPTIONS.map(({ key }) => key);
    const options = serverOptions({ ...DEFAULTS, bindPorts: '2000-3000' });
    assert.deepEqual(
      Object.keys(options).filter((key) => !known.includes(key)),
      [],
    );
    assert.equal(options.bindPorts, '2000-3000');
    assert.equal('udpPorts' in options, false);
  });
});

describe('settings file', () => {
  const migrations = [
    (file: object) => ({ ...file, second: true }),
    (file: object) => ({ ...file, third: true }),
  ];

  test('an older one is made new, step by step', () => {
    const expected = { version: 3, second: true, third: true };
    assert.deepEqual(migrate({ version: 1 }, migrations), expected);
    assert.deepEqual(migrate({ version: 2 }, migrations), { version: 3, third: true });
    assert.deepEqual(migrate({ version: 3, a: 1 }, migrations), { version: 3, a: 1 });
  });

  test('a newer one is not touched', () => {
    assert.throws(() => migrate({ version: 4 }, migrations), /newer than this app/);
  });

  test('one without a version is none of ours', () => {
    assert.throws(() => migrate({}, migrations), /no version/);
    assert.throws(() => migrate({ version: 'x' }, migrations), /no version/);
  });
});

describe('arguments of requests', () => {
  const valid = (name: keyof typeof ARGUMENTS, ...argument: unknown[]) =>
    v.safeParse(ARGUMENTS[name], argument).success;

  test('what the window sends is taken', () => {
    assert.ok(valid('server.start'));
    assert.ok(valid('settings.set', { key: 'port', value: 1081 }));
    assert.ok(valid('settings.set', { key: 'bind', value: ['@eth0'] }));
    assert.ok(valid('users.add', { name: 'alice', group: '', password: 'x' }));
    assert.ok(valid('users.update', { name: 'alice', disabled: true }));
    assert.ok(valid('connections.disconnect', [1, 2]));
    assert.ok(valid('app.export', { name: 'connections.csv', content: 'a,b' }));
  });

  test('anything else is not', () => {
    assert.ok(!valid('server.start', 1));
    assert.ok(!valid('settings.set', { key: '__proto__', value: 1 }));
    assert.ok(!valid('settings.set', { key: 'port', value: Number.NaN }));
    assert.ok(!valid('settings.set', { key: 'port', value: { a: 1 } }));
    assert.ok(!valid('settings.set', { key: 'bind', value: Array(2000).fill('a') }));
    assert.ok(!valid('users.add', { name: '', group: '', password: 'x' }));
    assert.ok(!valid('users.add', { name: 'a', group: '', password: 'x', more: 1 }));
    assert.ok(!valid('users.update', { name: 'a', password: undefined }));
    assert.ok(!valid('users.delete', 'x'.repeat(300)));
    assert.ok(!valid('connections.disconnect', ['1']));
    assert.ok(!valid('app.export', { name: '../../x.csv', content: '' }));
    assert.ok(!valid('app.open', 'https://example.com'));
  });
});

describe('a settings file with something odd in it', () => {
  const alice = { name: 'alice', group: 'staff', disabled: false, hashed: false };

  test('one that is as it should be stays as it is', () => {
    const window = { x: 1, y: 2, width: 800, height: 600, maximized: false };
    const file = { version: 1, settings: { port: 1081 }, users: [alice], window };
    assert.deepEqual(repair(file), { file, dropped: [], guards: false });
    assert.deepEqual(repair({ version: 1 }).file, { version: 1, settings: {}, users: [] });
  });

  for (const [settings, kept, dropped, guards] of [
    [{ port: 'x', theme: 'dark' }, { theme: 'dark' }, [/^Port: expected a number/], false],
    [{ port: 10.5 }, {}, [/^Port/], false],
    [{ pink: 1, timeout: 5 }, { timeout: 5 }, ['there is no setting "pink"'], false],
    [{ network: 'a', request: [1] }, {}, [/^Client rules/, /^Request rules/], true],
    [{ anonymous: 'no' }, {}, [/^Anonymous access: expected on or off/], true],
    [[], {}, ['"settings" is no object'], true],
    [null, {}, ['"settings" is no object'], true],
  ] as const) {
    test(`settings ${JSON.stringify(settings)}`, () => {
      const found = repair({ version: 1, settings, users: [alice] });
      assert.deepEqual(found.file, { version: 1, settings: kept, users: [alice] });
      assert.equal(found.dropped.length, dropped.length);
      for (const [i, expected] of dropped.entries()) {
        const actual = found.dropped[i] ?? '';
        if (typeof expected === 'string') assert.equal(actual, expected);
        else assert.match(actual, expected);
      }
      assert.equal(found.guards, guards);
    });
  }

  test('a user of whom something is odd stays, disabled', () => {
    const users = [
      { ...alice, extra: 1 },
      { name: 'bob', group: 7, disabled: false, hashed: true },
      { name: 'eve' },
      { group: 'staff' },
      alice,
      null,
    ];
    const found = repair({ version: 1, users });
    assert.deepEqual(found.file.users, [
      alice,
      { name: 'bob', group: '', disabled: true, hashed: true },
      { name: 'eve', group: '', disabled: true, hashed: false },
    ]);
    assert.equal(found.dropped.length, 5);
    assert.equal(found.guards, true);
  });
});
