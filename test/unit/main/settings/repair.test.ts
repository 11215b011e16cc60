import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { repair } from '#main/settings/repair.js';

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

  test('of extensions what is odd is left out, and may have guarded something', () => {
    const extensions = {
      disabled: ['picosocks5-metrics'],
      allowed: [{ name: 'picosocks5-ldap', folder: 'picosocks5-ldap-1.0.0-12345678' }],
      folders: [{ path: '/src/mine', enabled: true }],
      secrets: ['extension:picosocks5-ldap/ldap.password'],
      settings: { 'ldap.port': 389, 'ldap.names': ['a'], 'ldap.tls': true },
    };
    const whole = { version: 1, settings: {}, users: [], extensions };
    assert.deepEqual(repair(whole), { file: whole, dropped: [], guards: false });
    const odd = repair({
      version: 1,
      extensions: {
        ...extensions,
        disabled: [7, ...extensions.disabled],
        allowed: 'all',
        folders: [...extensions.folders, { path: '/src/other' }],
        settings: { ...extensions.settings, 'ldap.html': { a: 1 } },
      },
    });
    assert.deepEqual(odd.file.extensions, { ...extensions, allowed: [] });
    assert.equal(odd.dropped.length, 4);
    assert.equal(odd.guards, true);
    assert.equal(repair({ version: 1, extensions: [] }).file.extensions, undefined);
  });

  test('an upstream server that is not whole is left out', () => {
    const work = {
      name: 'work',
      scheme: 'http',
      host: 'a',
      port: 80,
      user: '',
      through: '',
      tlsCa: '',
    };
    const upstreams = [work, { ...work, scheme: 'ftp' }, { ...work, port: '1' }, 7, work];
    const found = repair({ version: 1, upstreams });
    assert.deepEqual(found.file.upstreams, [work]);
    assert.deepEqual(found.dropped, [
      'upstream server 2 is not whole',
      'upstream server 3 is not whole',
      'upstream server 4 is not whole',
      'upstream server "work" is there twice',
    ]);
    assert.equal(found.guards, true);
    assert.equal(repair({ version: 1, upstreams: {} }).guards, true);
    assert.equal(repair({ version: 1, settings: { via: 'work' } }).guards, true);
  });

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

  test('limits of a user stay; where one of them is odd, the user is disabled', () => {
    const limits = { expires: -1, connections: 3, perDay: 1000 };
    const kept = repair({ version: 1, users: [{ ...alice, limits }] });
    assert.deepEqual(kept.file.users, [{ ...alice, limits }]);
    assert.deepEqual(kept.dropped, []);
    for (const odd of [7, [], { perDay: 0 }, { rateUp: '1' }, { expires: 1.5 }, { speed: 1 }]) {
      const { file, dropped } = repair({ version: 1, users: [{ ...alice, limits: odd }] });
      assert.deepEqual(file.users, [{ ...alice, disabled: true }]);
      assert.deepEqual(dropped, ['user "alice" is not whole, and disabled now']);
    }
  });
});
