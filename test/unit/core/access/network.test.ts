import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { isHostLocal, isHostLocalNetwork, isLoopback, Network } from '#core/access/network.js';
import { formatIP } from '#core/protocol/ip.js';
import { ip } from '../../../support/ip.js';

const network = (text: string) => Network.parse(text) ?? assert.fail(`${text} is no network`);

/** A network, addresses that are in it, and addresses that are not. */
const NETWORKS: readonly (readonly [text: string, inside: string[], outside: string[]])[] = [
  ['192.0.2.1', ['192.0.2.1', '::ffff:192.0.2.1'], ['192.0.2.0', '::192.0.2.1', '::1']],
  ['192.0.2.0/24', ['192.0.2.0', '192.0.2.255'], ['192.0.1.255', '192.0.3.0']],
  ['192.0.2.77/24', ['192.0.2.0', '192.0.2.255'], ['192.0.3.77']],
  ['10.0.0.0/7', ['10.0.0.0', '11.255.255.255'], ['9.255.255.255', '12.0.0.0']],
  ['192.0.2.128/25', ['192.0.2.128', '192.0.2.255'], ['192.0.2.127', '192.0.3.0']],
  ['192.0.2.4/31', ['192.0.2.4', '192.0.2.5'], ['192.0.2.3', '192.0.2.6']],
  ['128.0.0.0/1', ['128.0.0.0', '255.255.255.255'], ['127.255.255.255', '8000::']],
  ['1.2.3.4/0', ['0.0.0.0', '255.255.255.255', '::', 'ffff::'], []],
  ['::/0', ['0.0.0.0', '255.255.255.255', '::', 'ffff::'], []],
  ['2001:db8::/32', ['2001:db8::', '2001:db8:ffff::1'], ['2001:db9::', '32.1.13.184']],
  ['2001:db8::/33', ['2001:db8:7fff::'], ['2001:db8:8000::']],
  ['fe80::/10', ['fe80::1', 'febf:ffff::1'], ['fec0::', 'fe7f::1']],
  ['::1/127', ['::', '::1'], ['::2']],
  ['fe80::1%eth0/64', ['fe80::2'], ['fe80:0:0:1::']],
  ['::ffff:192.0.2.0/120', ['192.0.2.0', '::ffff:192.0.2.255'], ['192.0.3.0', '::c000:200']],
  ['::ffff:192.0.2.1', ['192.0.2.1'], ['192.0.2.2']],
];

const MALFORMED = [
  ...['', '/', '/8', 'example.com', '1.2.3/8', '1.2.3.4/', '1.2.3.4/33', '1.2.3.4/-1'],
  ...['1.2.3.4/8/8', '1.2.3.4/ 8', '1.2.3.4/255.0.0.0', '1.2.3.4/8.0', '1.2.3.4/0x8'],
  ...['::/129', '::1/1000', '[::1]/128', '::ffff:1.2.3.4/95', '::ffff:1.2.3.4/129'],
];

const octets = fc.constantFrom(4, 16).chain((length) => {
  const octet = fc.oneof(fc.constantFrom(0, 0x80, 0xff), fc.nat(255));
  return fc.array(octet, { minLength: length, maxLength: length });
});

describe('networks', () => {
  for (const [text, inside, outside] of NETWORKS) {
    test(text, () => {
      for (const address of inside) assert.ok(network(text).contains(ip(address)), address);
      for (const address of outside) assert.ok(!network(text).contains(ip(address)), address);
    });
  }

  for (const text of MALFORMED) {
    test(`malformed: ${JSON.stringify(text)}`, () => {
      assert.equal(Network.parse(text), undefined);
    });
  }

  test('contain what has the same first bits', () => {
    const binary = (list: readonly number[]) =>
      list.map((octet) => octet.toString(2).padStart(8, '0')).join('');
    const flipped = fc.record({ base: octets, bits: fc.nat(128), flip: fc.nat(127) });
    fc.assert(
      fc.property(flipped, ({ base, bits, flip }) => {
        fc.pre(bits <= base.length * 8);
        // Flipping one bit of the network's own address puts every boundary to the test.
        const other = [...base];
        const at = flip % (base.length * 8);
        other[at >> 3] = (other[at >> 3] as number) ^ (0x80 >> (at & 7));
        const same = binary(base).slice(0, bits) === binary(other).slice(0, bits);
        const range = new Network(Uint8Array.from(base), bits);
        assert.equal(range.contains(Uint8Array.from(other)), same);
        assert.ok(range.contains(Uint8Array.from(base)));
      }),
      { numRuns: 2000 },
    );
  });

  test('are read as they are written', () => {
    fc.assert(
      fc.property(octets, fc.nat(128), (list, bits) => {
        fc.pre(bits <= list.length * 8);
        const address = formatIP(Uint8Array.from(list));
        fc.pre(address.includes(':') || list.length === 4);
        assert.equal(network(`${address}/${bits}`).toString(), `${address}/${bits}`);
      }),
    );
    assert.equal(network('2001:DB8:0::1').toString(), '2001:db8::1/128');
  });
});

describe("the proxy host's own addresses", () => {
  /** Addresses, and whether they are loopback. */
  const own: readonly (readonly [address: string, loopback: boolean])[] = [
    ['127.0.0.1', true],
    ['127.255.255.254', true],
    ['::ffff:127.0.0.1', true],
    ['::1', true],
    ['0.0.0.0', false],
    ['0.1.2.3', false],
    ['::', false],
    ['::ffff:0.0.0.0', false],
    ['169.254.169.254', false],
    ['::ffff:a9fe:a9fe', false],
    ['fe80::1%lo', false],
    ['febf::1', false],
  ];
  for (const [address, loopback] of own) {
    test(address, () => {
      assert.ok(isHostLocal(ip(address), new Set()));
      assert.equal(isLoopback(ip(address)), loopback);
    });
  }

  for (const address of [
    '126.255.255.255',
    '128.0.0.1',
    '1.0.0.0',
    '169.253.255.255',
    '2001:db8::2',
  ]) {
    test(`not ${address}`, () => {
      assert.ok(!isHostLocal(ip(address), new Set()));
      assert.ok(!isLoopback(ip(address)));
    });
  }

  const named = [
    '127.0.0.1',
    '127.0.0.0/8',
    '127.1.0.0/16',
    '::1',
    '::/128',
    'fe80::/10',
    '0.0.0.0',
  ];
  for (const text of named) {
    test(`${text} names only them`, () => assert.ok(isHostLocalNetwork(network(text))));
  }

  for (const text of ['0.0.0.0/0', '::/0', '126.0.0.0/7', '::/127', 'fe80::/9', '10.0.0.0/8']) {
    test(`${text} does not`, () => assert.ok(!isHostLocalNetwork(network(text))));
  }
});
