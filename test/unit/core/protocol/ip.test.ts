import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { canonicalIP, formatIP, parseIP } from '#core/protocol/ip.js';

/** The text of an IP address, and the form that is compared, logged and dialled. */
const FORMS: readonly (readonly [text: string, canonical: string])[] = [
  ['0.0.0.0', '0.0.0.0'],
  ['192.0.2.1', '192.0.2.1'],
  ['255.255.255.255', '255.255.255.255'],
  ['::', '::'],
  ['::1', '::1'],
  ['1::', '1::'],
  ['0:0:0:0:0:0:0:1', '::1'],
  // RFC 5952 section 4: leading zeros, `::` for the longest run, the first of equals, not for one.
  ['2001:0db8::0001', '2001:db8::1'],
  ['2001:db8:0:0:0:0:2:1', '2001:db8::2:1'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['2001:db8::1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
  ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['2001:DB8::ABCD', '2001:db8::abcd'],
  ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
  ['::2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8'],
  ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
  // Only an IPv4-mapped address is the IPv4 address in it.
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['::FFFF:c000:201', '192.0.2.1'],
  ['0:0:0:0:0:ffff:7f00:1', '127.0.0.1'],
  ['::ffff:0:0', '0.0.0.0'],
  ['::192.0.2.1', '::c000:201'],
  ['::ffff:0:192.0.2.1', '::ffff:0:c000:201'],
  ['::1:ffff:192.0.2.1', '::1:ffff:c000:201'],
  // RFC 4007: a zone says which link, and is meaningless with an IPv4 address.
  ['fe80::1%eth0', 'fe80::1%eth0'],
  ['FE80:0::1%3', 'fe80::1%3'],
  ['::ffff:192.0.2.1%eth0', '192.0.2.1'],
];

const MALFORMED = [
  '',
  ' ',
  'localhost',
  '1.2.3',
  '1.2.3.4.5',
  '1.2.3.256',
  '1.2.3.04',
  '01.2.3.4',
  '0x7f.0.0.1',
  '2130706433',
  '1.2.3.4 ',
  '1.2.3.-4',
  '1.2.3.4%eth0',
  '１.2.3.4',
  ':',
  ':::',
  '::1::',
  '1::2::3',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '1:2:3:4:5:6:7:8::',
  '::1:2:3:4:5:6:7:8',
  '12345::',
  '::g',
  '::1 ',
  '[::1]',
  '1.2.3.4::',
  '::1.2.3',
  '::1.2.3.4:1',
  '1:2:3:4:5:6:7:1.2.3.4',
  '::ffff:1.2.3.999',
  '::1%',
  'fe80::1%eth0%eth1',
  'fe80::1%a b',
];

const octets4 = fc.uint8Array({ minLength: 4, maxLength: 4 });
const octets6 = fc.oneof(
  fc.uint8Array({ minLength: 16, maxLength: 16 }),
  fc
    .array(fc.constantFrom(0, 1, 0xff), { minLength: 16, maxLength: 16 })
    .map((list) => Uint8Array.from(list)),
  octets4.map((v4) => Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ...v4)),
);

describe('IP addresses', () => {
  for (const [text, canonical] of FORMS) {
    test(`${text} is ${canonical}`, () => {
      assert.equal(canonicalIP(text), canonical);
      const octets = parseIP(text) ?? assert.fail('not an address');
      assert.equal(octets.length, canonical.includes(':') ? 16 : 4);
      assert.equal(formatIP(octets), canonical.split('%')[0]);
    });
  }

  for (const text of MALFORMED) {
    test(`${JSON.stringify(text)} is none`, () => {
      assert.equal(parseIP(text), undefined);
      assert.equal(canonicalIP(text), text);
    });
  }

  test('addresses are those of node:net', () => {
    const piece = fc.constantFrom(
      ...['0', '1', '12', '255', '256', 'a', 'FFFF', 'ffff', '0abc', '12345'],
      ...['1.2.3.4', '10.0.0.01', '%', '%eth0', ' ', 'x'],
    );
    const separator = fc.constantFrom(':', ':', ':', '::', '.', '');
    const text = fc
      .array(fc.tuple(separator, piece), { maxLength: 10 })
      .map((parts) => parts.flat().join(''));
    fc.assert(
      fc.property(text, (candidate) => {
        assert.equal(parseIP(candidate) !== undefined, isIP(candidate) !== 0);
      }),
      { numRuns: 3000 },
    );
  });

  test('octets become the text that browsers show, and the octets again', () => {
    fc.assert(
      fc.property(fc.oneof(octets4, octets6), (octets) => {
        const text = formatIP(octets);
        const url = new URL(text.includes(':') ? `http://[${text}]/` : `http://${text}/`);
        assert.equal(url.hostname.replace(/^\[|\]$/g, ''), text);
        const mapped = octets.length === 16 && !text.includes(':');
        assert.deepEqual(parseIP(text), mapped ? octets.slice(12) : octets);
        assert.equal(canonicalIP(text), text);
      }),
      { numRuns: 1000 },
    );
  });

  test('every way to write an address has the same octets', () => {
    fc.assert(
      fc.property(octets6, fc.nat(8), fc.nat(8), fc.boolean(), (octets, from, to, dotted) => {
        const groups = Array.from({ length: 8 }, (_, i) => [octets[2 * i], octets[2 * i + 1]]);
        const hex = groups.map(([a = 0, b = 0], i) =>
          ((a << 8) | b).toString(16).padStart(i % 5, '0'),
        );
        if (dotted) hex.splice(6, 2, octets.slice(12).join('.'));
        // `::` may stand for any run of zeros.
        const zeros = groups.slice(from, to).every(([a, b]) => a === 0 && b === 0);
        const short = zeros && from < to && !(dotted && to > 6);
        const text = short
          ? `${hex.slice(0, from).join(':')}::${hex.slice(to).join(':')}`
          : hex.join(':');
        assert.equal(isIP(text), 6);
        assert.equal(canonicalIP(text.toUpperCase()), formatIP(octets));
      }),
    );
  });
});
