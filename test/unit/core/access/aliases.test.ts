import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { aliasesOf } from '#core/access/aliases.js';
import { formatIP } from '#core/protocol/ip.js';
import { ip } from '../../../support/ip.js';

const aliases = (address: string) => aliasesOf(ip(address)).map((octets) => formatIP(octets));

describe('aliasesOf', () => {
  const cases: readonly (readonly [what: string, address: string, aliases: string[]])[] = [
    ['any address of IPv4', '0.0.0.0', ['127.0.0.1', '::1']],
    ['any address of IPv6', '::', ['127.0.0.1', '::1']],
    ['mapped', '::ffff:0.0.0.0', ['127.0.0.1', '::1']],
    ['NAT64, RFC 6052', '64:ff9b::192.0.2.33', ['192.0.2.33']],
    // The table of RFC 6052 section 2.4, with the prefix of RFC 8215.
    [
      'NAT64, 48 bits',
      '64:ff9b:1:c000:2:2100::',
      ['192.0.2.33', '0.2.33.0', '2.33.0.0', '0.0.0.0'],
    ],
    ['NAT64, 56 bits', '64:ff9b:1:1c0:0:221::', ['1.192.0.2', '192.0.2.33', '0.2.33.0', '0.0.0.0']],
    ['NAT64, 64 bits', '64:ff9b:1:122:c0:2:2100:0', ['192.0.2.33']],
    ['NAT64, 96 bits', '64:ff9b:1::192.0.2.33', ['192.0.2.33']],
    ['6to4', '2002:c000:221::1', ['192.0.2.33']],
    ['Teredo', '2001:0:c000:221:8000:63bf:3fff:fdde', ['192.0.2.33', '192.0.2.33']],
    ['IPv4-compatible', '::192.0.2.33', ['192.0.2.33']],
    ['IPv4-translated', '::ffff:0:192.0.2.33', ['192.0.2.33']],
    ['ISATAP', 'fe80::5efe:192.0.2.33', ['192.0.2.33']],
    ['ISATAP, a global address', '2001:db8::200:5efe:192.0.2.33', ['192.0.2.33']],
    ['any address inside', '64:ff9b::', ['0.0.0.0', '127.0.0.1', '::1']],
  ];
  for (const [what, address, expected] of cases) {
    test(`${what}: ${address}`, () => {
      const found = aliases(address);
      for (const alias of expected) assert.ok(found.includes(alias), `${alias} in ${found}`);
      assert.ok(!found.includes(address));
    });
  }

  for (const address of ['127.0.0.1', '192.0.2.1', '::1', '2001:db8::1', 'fe80::1', '2003::1']) {
    test(`${address} is only itself`, () => assert.deepEqual(aliases(address), []));
  }

  test('whatever comes, they are addresses, and not many', () => {
    const octets = fc.oneof(
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
    );
    fc.assert(
      fc.property(octets, (address) => {
        const found = aliasesOf(address);
        assert.ok(found.length <= 20);
        for (const { length } of found) assert.ok(length === 4 || length === 16);
      }),
    );
  });
});
