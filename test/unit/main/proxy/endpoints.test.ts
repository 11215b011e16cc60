import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  beyondLoopback,
  endpointsOf,
  type Interfaces,
  interfaceAddresses,
  missingAddresses,
} from '#main/proxy/endpoints.js';

function ipv4(address: string, internal = false) {
  const rest = { netmask: '255.0.0.0', mac: '', cidr: null, family: 'IPv4' } as const;
  return { address, internal, ...rest };
}

function ipv6(address: string, internal = false) {
  const rest = { netmask: 'ffff::', mac: '', cidr: null, family: 'IPv6', scopeid: 0 } as const;
  return { address, internal, ...rest };
}

const interfaces: Interfaces = {
  lo: [ipv4('127.0.0.1', true), ipv6('::1', true)],
  eth0: [ipv4('192.0.2.7'), ipv6('fe80::1'), ipv6('2001:db8::7')],
};
const addresses = interfaceAddresses(interfaces);

describe('endpoints', () => {
  test('what other computers reach is known, in every notation', () => {
    const hosts = ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1', '0.0.0.0', '::'];
    const outer = [...hosts, '192.0.2.7', 'fe80::1'].map((host) => ({ host, port: 1080 }));
    assert.deepEqual(beyondLoopback(outer), [
      '0.0.0.0:1080',
      '[::]:1080',
      '192.0.2.7:1080',
      '[fe80::1]:1080',
    ]);
  });

  test('a wildcard is spelt out, this computer first', () => {
    const listening = [
      { host: '::', port: 1080 },
      { host: '0.0.0.0', port: 1080 },
    ];
    assert.deepEqual(
      endpointsOf(listening, addresses).map(({ host, place }) => [host, place]),
      [
        ['127.0.0.1', 'this computer'],
        ['::1', 'this computer'],
        ['192.0.2.7', 'eth0'],
        ['2001:db8::7', 'eth0'],
      ],
    );
  });

  test('an address is itself', () => {
    assert.deepEqual(endpointsOf([{ host: '127.0.0.2', port: 9 }], addresses), [
      { host: '127.0.0.2', port: 9, place: 'this computer' },
    ]);
  });

  test('what is listened to and not there is told', () => {
    const hosts = ['127.9.9.9', '0.0.0.0', '::', '192.0.2.7', '192.0.2.8'];
    const listening = hosts.map((host) => ({ host, port: 1 }));
    assert.deepEqual(missingAddresses(listening, addresses), ['192.0.2.8']);
  });
});
