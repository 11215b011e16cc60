import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { UserError } from 'picosocks5';
import type { InterfaceAddress, SettingValues } from '#main/ipc/contract.js';
import { lanFault, lanListener, openTo, reachedAt } from '#main/proxy/lan.js';
import { DEFAULTS } from '#main/settings/values.js';
import { certificate } from '../../../support/certificates.js';
import { temporaryFile } from '../../../support/files.js';

const addresses: readonly InterfaceAddress[] = [
  { interface: 'this computer', address: '127.0.0.1' },
  { interface: 'this computer', address: '::1' },
  { interface: 'eth0', address: '192.0.2.7' },
  { interface: 'eth0', address: '2001:db8::7' },
  { interface: 'wlan0', address: '198.51.100.7' },
];
const surroundings = { hasUsers: true, addresses };

const wanted = (values: Partial<SettingValues>, more: { hasUsers?: boolean } = {}) =>
  lanListener({ ...DEFAULTS, lan: true, ...values }, { ...surroundings, ...more });

/** What cannot be, and the setting that is to blame. */
function fault(values: Partial<SettingValues>, more?: { hasUsers?: boolean }) {
  try {
    wanted(values, more);
  } catch (error) {
    return lanFault(error);
  }
  return undefined;
}

describe('the listener for the local network', () => {
  test('there is none unless it is wanted', () => {
    assert.equal(lanListener(DEFAULTS, surroundings), undefined);
  });

  test('everybody has to log in there, whatever holds elsewhere', () => {
    const listener = wanted({ anonymous: true });
    assert.deepEqual(listener?.options, {
      listen: ['*:1081'],
      auth: ['keychain:picosocks5'],
      anonymous: false,
    });
  });

  test('an interface stands for the addresses that it has', () => {
    const listen = (lanAddress: string[]) => wanted({ lanAddress, lanPort: 99 })?.options.listen;
    assert.deepEqual(listen(['@eth0']), ['192.0.2.7:99', '[2001:db8::7]:99']);
    assert.deepEqual(listen(['@wlan0', '::1']), ['198.51.100.7:99', '[::1]:99']);
    assert.deepEqual(fault({ lanAddress: ['@ppp0'] }), {
      key: 'lanAddress',
      message:
        'The interface "ppp0" has no address at present: the local network is served when it has.',
    });
  });

  test('without anybody who could log in there is none', () => {
    assert.equal(fault({}, { hasUsers: false })?.key, 'lan');
  });

  test('TLS needs a certificate and a key', (t) => {
    const { cert, key } = certificate({ names: ['proxy.example', '192.0.2.7', '2001:db8::7'] });
    const lanCertificate = temporaryFile(t, cert, 'cert.pem');
    const lanKey = temporaryFile(t, key, 'key.pem');
    assert.equal(fault({ lanTls: true, lanKey })?.key, 'lanCertificate');
    assert.equal(fault({ lanTls: true, lanCertificate })?.key, 'lanKey');
    const listener = wanted({ lanTls: true, lanCertificate, lanKey, lanAddress: ['192.0.2.7'] });
    assert.deepEqual(listener?.options, {
      listen: ['tls://192.0.2.7:1081'],
      auth: ['keychain:picosocks5'],
      anonymous: false,
      tlsCert: lanCertificate,
      tlsKey: lanKey,
    });
    const { names, selfSigned } = listener?.certificate ?? {};
    assert.deepEqual(names, ['proxy.example', '192.0.2.7', '2001:db8::7']);
    assert.equal(selfSigned, true);
  });

  test('a certificate that has gone is told at its setting', (t) => {
    const file = temporaryFile(t, 'no certificate', 'cert.pem');
    const found = fault({ lanTls: true, lanCertificate: file, lanKey: file });
    assert.equal(found?.key, 'lanCertificate');
    assert.match(found?.message ?? '', /cert\.pem" has no certificate; expected a PEM file with /);
  });

  for (const [facts, key] of [
    [{ code: 'address-in-use', option: 'listen' }, 'lanPort'],
    [{ code: 'port-denied' }, 'lanPort'],
    [{ code: 'address-missing' }, 'lanAddress'],
    [{ code: 'unresolved' }, 'lanAddress'],
    [{ code: 'invalid-option', option: 'tlsKey' }, 'lanKey'],
    [{ code: 'invalid-option', option: 'tlsCert' }, 'lanCertificate'],
    [{}, 'lan'],
  ] as const) {
    test(`what the server says with ${JSON.stringify(facts)} is told at ${key}`, () => {
      const error = UserError.at('[listener:lan]', new UserError('it is not there', facts));
      assert.deepEqual(lanFault(error), { key, message: 'It is not there.' });
    });
  }
});

describe('where a server is reached', () => {
  const listeners = [
    { name: 'default', addresses: [{ host: '127.0.0.1', port: 1080 }] },
    { name: 'lan', addresses: [{ host: '0.0.0.0', port: 1081 }] },
  ];

  test('others log in at addresses that they can reach', () => {
    const own = { host: '127.0.0.1', port: 1080, place: 'this computer' };
    const lan = true;
    assert.deepEqual(reachedAt(listeners, addresses, undefined), [
      own,
      { host: '192.0.2.7', port: 1081, place: 'eth0', lan },
      { host: '198.51.100.7', port: 1081, place: 'wlan0', lan },
    ]);
    const [first, ...others] = reachedAt(listeners, addresses, {
      options: {},
      certificate: { names: ['a.example'], selfSigned: false, file: 'a.pem', expires: 0 },
    });
    assert.deepEqual(first, own);
    assert.deepEqual(
      others.map(({ certificate: its }) => its?.names),
      [['a.example'], ['a.example']],
    );
  });

  test('an address of this computer is told where there is no other', () => {
    const [first] = reachedAt(
      [{ name: 'lan', addresses: [{ host: '127.0.0.2', port: 9 }] }],
      addresses,
      undefined,
    );
    assert.deepEqual([first?.host, first?.lan], ['127.0.0.2', true]);
  });

  test('nobody is let in unasked by the local network', () => {
    assert.deepEqual(openTo(listeners), [{ host: '127.0.0.1', port: 1080 }]);
  });
});
