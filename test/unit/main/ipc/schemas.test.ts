import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as v from 'valibot';
import { ARGUMENTS } from '#main/ipc/schemas.js';

describe('arguments of requests', () => {
  const valid = (name: keyof typeof ARGUMENTS, ...argument: unknown[]) =>
    v.safeParse(ARGUMENTS[name], argument).success;

  test('what the window sends is taken', () => {
    assert.ok(valid('server.start'));
    assert.ok(valid('settings.set', { key: 'port', value: 1081 }));
    assert.ok(valid('settings.set', { key: 'bind', value: ['@eth0'] }));
    assert.ok(valid('settings.choose', 'lanKey'));
    assert.ok(valid('users.add', { name: 'alice', group: '', password: 'x' }));
    assert.ok(valid('users.update', { name: 'alice', disabled: true }));
    const limits = { expires: 1_800_000_000_000, perDay: 1, rateUp: 500 };
    assert.ok(valid('users.update', { name: 'alice', limits }));
    assert.ok(valid('users.cancel'));
    const upstream = {
      name: 'w',
      scheme: 'http',
      host: 'a',
      port: 1,
      user: '',
      through: '',
      tlsCa: '',
    };
    assert.ok(valid('upstreams.add', { ...upstream, password: '' }));
    assert.ok(valid('upstreams.update', { name: 'w', settings: upstream }));
    const question = { user: '', command: 'connect', destination: 'a:1' };
    assert.ok(valid('routing.check', question));
    assert.ok(!valid('upstreams.add', upstream));
    assert.ok(!valid('upstreams.add', { ...upstream, scheme: 'ftp', password: '' }));
    assert.ok(!valid('upstreams.add', { ...upstream, port: 0, password: '' }));
    assert.ok(!valid('upstreams.update', { name: 'w', settings: { ...upstream, password: 'x' } }));
    assert.ok(!valid('upstreams.test', ''));
    assert.ok(!valid('routing.check', { ...question, command: 'fly' }));
    assert.ok(valid('extensions.enable', '@scope/picosocks5-ldap'));
    assert.ok(valid('extensions.set', { key: 'ldap.port', value: 389 }));
    assert.ok(valid('extensions.secret', { key: 'ldap.password', secret: 'x' }));
    assert.ok(valid('extensions.run', { id: 'ldap.test', row: '7' }));
    assert.ok(valid('extensions.submit', { id: 'ldap.form', values: { a: 1, b: true, c: 'x' } }));
    assert.ok(valid('connections.disconnect', [1, 2]));
    assert.ok(valid('app.export', { name: 'connections.csv', content: 'a,b' }));
  });

  test('anything else is not', () => {
    assert.ok(!valid('server.start', 1));
    assert.ok(!valid('settings.set', { key: '__proto__', value: 1 }));
    assert.ok(!valid('settings.set', { key: 'port', value: Number.NaN }));
    assert.ok(!valid('settings.set', { key: 'port', value: { a: 1 } }));
    assert.ok(!valid('settings.set', { key: 'bind', value: Array(2000).fill('a') }));
    assert.ok(!valid('settings.choose', 'bind'));
    assert.ok(!valid('settings.choose', 'lanKey', '/etc/passwd'));
    assert.ok(!valid('users.add', { name: '', group: '', password: 'x' }));
    assert.ok(!valid('users.add', { name: 'a', group: '', password: 'x', more: 1 }));
    assert.ok(!valid('users.update', { name: 'a', password: undefined }));
    for (const limits of [{ perDay: 0 }, { perDay: 1.5 }, { expires: 1e16 }, { speed: 1 }, '']) {
      assert.ok(!valid('users.update', { name: 'a', limits }), JSON.stringify(limits));
    }
    assert.ok(!valid('users.delete', 'x'.repeat(300)));
    assert.ok(!valid('extensions.install-folder', '/tmp'));
    assert.ok(!valid('extensions.enable', ''));
    assert.ok(!valid('extensions.set', { key: 'a.b', value: { html: '' } }));
    assert.ok(!valid('extensions.secret', { key: 'a.b', secret: '' }));
    assert.ok(!valid('extensions.run', { id: 'a.b', row: 7 }));
    assert.ok(!valid('extensions.submit', { id: 'a', values: { a: [] } }));
    assert.ok(!valid('extensions.submit', { id: 'a', values: { a: 'x'.repeat(2000) } }));
    assert.ok(!valid('connections.disconnect', ['1']));
    assert.ok(!valid('app.export', { name: '../../x.csv', content: '' }));
    assert.ok(!valid('app.log', 'https://example.com'));
  });
});
