import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { OPTIONS } from 'picosocks5';
import type { SettingKey, SettingValue } from '#main/ipc/contract.js';
import { DESCRIPTORS } from '#main/settings/descriptors.js';
import { checkSetting, DEFAULTS, serverOptions } from '#main/settings/values.js';

const check = (key: SettingKey, value: unknown) => () =>
  checkSetting({ key, value: value as SettingValue });

describe('settings of the desktop', () => {
  test('every one as it comes is valid', () => {
    for (const { key, default: value } of DESCRIPTORS) checkSetting({ key, value });
  });

  test('every option of the server has a setting, or is none of a desktop', () => {
    const without = OPTIONS.map(({ key }) => key).filter((key) => !(key in DEFAULTS));
    const extensions = OPTIONS.filter(({ section }) => section === 'Extensions');
    const tls = ['tlsCert', 'tlsKey', 'tlsClientCa'];
    const ways = ['listen', 'auth', ...tls, 'proxyProtocol', 'unixMode', 'unixOwner'];
    const process = [
      'user',
      'group',
      'nofork',
      'logmode',
      'logFile',
      'logFormat',
      'logFields',
      'usageFile',
      'grace',
    ];
    assert.deepEqual(without, [
      ...[...ways, 'cutOff', 'quotaFile'],
      ...extensions.map(({ key }) => key),
      ...process,
      ...['workers', 'control', 'controlToken'],
    ]);
  });

  for (const [key, value, sentence] of [
    ['port', 0, 'Port: expected a number from 1 to 65535'],
    ['port', 70_000, 'Port: expected a number from 1 to 65535'],
    ['port', 10.5, 'Port: expected a number from 1 to 65535'],
    ['port', '1080', 'Port: expected a number from 1 to 65535'],
    ['listenAddress', [], /at least one address/],
    ['listenAddress', ['127.0.0.1:99'], /the port has a setting of its own/],
    ['listenAddress', ['[::1]:99'], /the port has a setting of its own/],
    ['lanPort', 10.5, 'Network port: expected a number from 1 to 65535'],
    ['lanAddress', [], 'Network address: expected at least one address, such as *'],
    ['lanAddress', ['@'], /^Network address: /],
    ['lanAddress', ['1.2.3.4:5'], /the port has a setting of its own/],
    [
      'lanCertificate',
      '/none/cert.pem',
      /^Certificate: "\/none\/cert.pem" cannot be read: no such/,
    ],
    ['lanKey', 7, 'Private key: expected the path of a file'],
    ['bindPorts', 'many', /BIND range: /],
    ['network', ['300.1.1.1/8/9'], /Client rules: /],
    ['request', ['fly:*'], /Request rules: .*fly/],
    ['via', ['a b=direct'], /^Routes: /],
    ['via', ['*=nobody'], /there is no upstream server "nobody"; known are "direct", "block"$/],
    ['via', ['work|socks5://a:b@192.0.2.1'], /^Routes: a password does not belong into a route/],
    ['timeout', -1, 'Idle timeout: expected a number from 0 to 3600'],
    ['socks4', 'yes', 'SOCKS 4: expected on or off'],
    ['theme', 'pink', /Theme: expected one of system, light/],
  ] as const) {
    test(`${key} = ${JSON.stringify(value)} is refused`, () => {
      assert.throws(check(key, value), { name: 'UserError', message: sentence });
    });
  }

  test('routes lead to upstream servers that there are', () => {
    const value = ['*.example=work|direct', 'block', 'socks5://alice@192.0.2.1'];
    checkSetting({ key: 'via', value }, ['work']);
    assert.throws(check('via', value), /there is no upstream server "work"/);
  });

  test('an interface of the local network need not be there', () => {
    check('lanAddress', ['@wlan7', '*', '::1'])();
  });

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
