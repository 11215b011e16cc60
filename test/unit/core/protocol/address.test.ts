import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { encodeAddress, formatAddress, parseAddress } from '#core/protocol/address.js';
import { ProtocolError } from '#core/protocol/parser.js';
import { assertParses, assertRefuses, assertSurvives } from '../../../support/parsing.js';
import { bytes } from '../../../support/sockets.js';

const parse = (octets: Uint8Array) => parseAddress(octets, 0);

const DOMAIN = 3;
const ascii = (text: string) => bytes(DOMAIN, text.length, text, 0, 80);
const utf8 = (text: string) => {
  const octets = Buffer.from(text);
  return bytes(DOMAIN, octets.length, octets, 0, 80);
};
const v6 = (...groups: number[]) => Buffer.from(groups.flatMap((group) => [group >> 8, group]));
const longest = 'a'.repeat(255);

/** ATYP, ADDR and PORT, and what they say, read and written. */
const ADDRESSES: readonly (readonly [octets: Buffer, host: string, port: number])[] = [
  [bytes(1, 192, 0, 2, 1, 0x04, 0x38), '192.0.2.1', 1080],
  [bytes(1, 0, 0, 0, 0, 0, 0), '0.0.0.0', 0],
  [bytes(1, 255, 255, 255, 255, 255, 255), '255.255.255.255', 65535],
  [bytes(4, v6(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1), 0x01, 0xbb), '2001:db8::1', 443],
  [bytes(4, v6(0, 0, 0, 0, 0, 0, 0, 0), 0, 80), '::', 80],
  [ascii('example.com'), 'example.com', 80],
  [ascii('a'), 'a', 80],
  [ascii(longest), longest, 80],
  [ascii('Under_Score.Example.'), 'Under_Score.Example.', 80],
  // Numbers, but no address: names.
  ...[
    '4294967296',
    '127.0.0.256',
    '1.2.3.4.5',
    '08',
    '0x',
    '1..2',
    '127.0.0.1..',
    '[x]',
    '[1.2.3.4]',
  ].map((name): [Buffer, string, number] => [ascii(name), name, 80]),
];

/** Other ways to say an address: the address itself is what counts. */
const ALIASES: typeof ADDRESSES = [
  [bytes(4, v6(0, 0, 0, 0, 0, 0xffff, 0x7f00, 1), 0, 80), '127.0.0.1', 80],
  [ascii('192.0.2.1'), '192.0.2.1', 80],
  [ascii('::1'), '::1', 80],
  [ascii('0:0::FFFF:127.0.0.1'), '127.0.0.1', 80],
  [ascii('FE80::1%eth0'), 'fe80::1%eth0', 80],
  // In brackets, as in URLs.
  [ascii('[::1]'), '::1', 80],
  [ascii('[::ffff:127.0.0.1]'), '127.0.0.1', 80],
  // What inet_aton(3), and so getaddrinfo(3), takes for an address.
  [ascii('0'), '0.0.0.0', 80],
  [ascii('00.0.0.0'), '0.0.0.0', 80],
  [ascii('127.1'), '127.0.0.1', 80],
  [ascii('127.0.1'), '127.0.0.1', 80],
  [ascii('127.0.0.1.'), '127.0.0.1', 80],
  [ascii('0177.0x0.0.01'), '127.0.0.1', 80],
  [ascii('0X7F000001'), '127.0.0.1', 80],
  [ascii('2130706433'), '127.0.0.1', 80],
  [ascii('4294967295'), '255.255.255.255', 80],
  [ascii('1.2.3'), '1.2.0.3', 80],
  // RFC 5891: U-labels have an A-label.
  [utf8('bücher.example'), 'xn--bcher-kva.example', 80],
  [utf8('BÜCHER.example'), 'xn--bcher-kva.example', 80],
  [utf8('例え。テスト'), 'xn--r8jz45g.xn--zckzah', 80],
  [utf8('１２７.0.0.1'), '127.0.0.1', 80],
];

const MALFORMED: readonly (readonly [what: string, octets: Buffer])[] = [
  ['an empty name', bytes(DOMAIN, 0, 0, 80)],
  ['NUL', ascii('example.com\0.evil')],
  ['NUL only', ascii('\0')],
  ['a space', ascii('a b')],
  ['a line feed', ascii('a\nb')],
  ['an escape', ascii('\x1b[2J')],
  ['DEL', ascii('a\x7f')],
  ['an escaped letter', ascii('\\097.example')],
  ['a lone UTF-8 octet', bytes(DOMAIN, 2, 'a', 0xff, 0, 80)],
  ['an overlong NUL', bytes(DOMAIN, 3, 'a', 0xc0, 0x80, 0, 80)],
  ['a cut UTF-8 sequence', bytes(DOMAIN, 2, 'a', 0xe4, 0, 80)],
  ['a surrogate', bytes(DOMAIN, 3, 0xed, 0xa0, 0x80, 0, 80)],
  ['a NUL in UTF-8', utf8('ü\0')],
  ['a space in UTF-8', utf8('ü b')],
  ['a fullwidth slash', utf8('a／b')],
  ['what a URL would leave out', utf8('ü@localhost')],
  ['a percent sign', utf8('ü%2e')],
  ['a name that disappears', utf8('\u00ad')],
];

describe('ATYP ADDR PORT', () => {
  for (const [octets, host, port] of [...ADDRESSES, ...ALIASES]) {
    test(`${host.slice(0, 30)} of type ${octets[0]}`, () => {
      assertParses(parse, octets, { host, port });
    });
  }

  test('stands anywhere', () => {
    const message = bytes(5, 1, 0, 1, 192, 0, 2, 1, 0, 80, 'rest');
    const expected = { value: { host: '192.0.2.1', port: 80 }, length: 10 };
    assert.deepEqual(parseAddress(message, 3), expected);
    assert.equal(parseAddress(message.subarray(0, 3), 3), undefined);
  });

  for (const [what, octets] of MALFORMED) {
    test(`malformed: ${what}`, () => {
      const expected = { name: 'DomainError', message: /^(malformed|empty) domain name$/ };
      assertRefuses(parse, octets, expected);
    });
  }

  test('every other type is an error as soon as it is seen', () => {
    for (let type = 0; type < 256; type++) {
      if (type === 1 || type === 3 || type === 4) continue;
      const expected = { name: 'AddressTypeError', message: /^unknown address type \d+$/ };
      assertRefuses(parse, Uint8Array.of(type), expected);
    }
  });

  test('whatever comes', () => {
    for (const type of [[], [1], [3], [4]]) assertSurvives(parse, type);
  });

  test('a name is visible ASCII, whatever its octets', () => {
    const octets = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 255 }),
      fc
        .string({ unit: 'binary', minLength: 1, maxLength: 60 })
        .map((text) => new TextEncoder().encode(text)),
    );
    fc.assert(
      fc.property(octets, (name) => {
        try {
          const parsed = parse(bytes(DOMAIN, name.length, name, 0, 80));
          assert.match(parsed?.value.host ?? '', /^[\x21-\x7e]+$/);
        } catch (error) {
          assert.ok(error instanceof ProtocolError);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('encodeAddress', () => {
  for (const [octets, host, port] of ADDRESSES) {
    test(`${host.slice(0, 30)}`, () => {
      assert.deepEqual(Buffer.from(encodeAddress({ host, port })), octets);
    });
  }

  test('writes what is read again', () => {
    const label = fc.stringMatching(/^[g-z_-][a-z0-9_-]{0,19}$/);
    const name = fc.array(label, { minLength: 1, maxLength: 8 }).map((labels) => labels.join('.'));
    const host = fc.oneof(name, fc.ipV4(), fc.ipV6());
    fc.assert(
      fc.property(host, fc.nat(65535), (text, port) => {
        const encoded = encodeAddress({ host: text, port });
        const parsed = parse(encoded) ?? assert.fail('incomplete');
        assert.equal(parsed.length, encoded.length);
        assert.equal(parsed.value.port, port);
        assert.deepEqual(encodeAddress(parsed.value), encoded);
        if (parsed.value.host !== text) assert.match(text, /:/);
      }),
    );
  });

  test('refuses a name that has no length octet', () => {
    assert.throws(() => encodeAddress({ host: 'a'.repeat(256), port: 0 }), RangeError);
  });
});

test('formatAddress puts an IPv6 address in brackets', () => {
  assert.equal(formatAddress({ host: '192.0.2.1', port: 80 }), '192.0.2.1:80');
  assert.equal(formatAddress({ host: 'example.com', port: 443 }), 'example.com:443');
  assert.equal(formatAddress({ host: '2001:db8::1', port: 0 }), '[2001:db8::1]:0');
});
