import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { formatIP } from '#core/protocol/ip.js';
import { ProtocolError } from '#core/protocol/parser.js';
import { parseProxyHeader } from '#core/protocol/proxyheader.js';
import { assertParses, assertRefuses, assertSurvives } from '../../../support/parsing.js';
import { SIGNATURE, v2 } from '../../../support/proxyheader.js';
import { bytes, port16 } from '../../../support/sockets.js';

const line = (text: string) => bytes(text, '\r\n');
const notTold = { client: undefined };

// PROXY family source destination source-port destination-port CR LF
describe('PROXY headers of version 1', () => {
  const good: [string, string | undefined, number][] = [
    ['PROXY TCP4 192.0.2.7 203.0.113.1 50642 1080', '192.0.2.7', 50642],
    ['PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535', '255.255.255.255', 65535],
    ['PROXY TCP4 192.0.2.7 203.0.113.1 0 0', '192.0.2.7', 0],
    ['PROXY TCP6 2001:DB8::7 2001:db8::1 50642 1080', '2001:db8::7', 50642],
    ['PROXY TCP6 ::ffff:192.0.2.7 ::ffff:203.0.113.1 50642 1080', '192.0.2.7', 50642],
    [`PROXY TCP6 ${'ffff:'.repeat(7)}ffff ${'ffff:'.repeat(7)}ffff 65535 65535`, undefined, 65535],
  ];
  for (const [text, host = `${'ffff:'.repeat(7)}ffff`, port] of good) {
    test(text, () => {
      assertParses(parseProxyHeader, line(text), { client: { host, port } });
    });
  }

  for (const rest of ['', ' ', ' anything at all', ` ${'x'.repeat(91)}`, ' TCP4 \0\xff']) {
    test(`UNKNOWN, whatever follows: ${JSON.stringify(rest.slice(0, 20))}`, () => {
      assertParses(parseProxyHeader, line(`PROXY UNKNOWN${rest}`), notTold);
    });
  }

  const bad: [string, Uint8Array][] = [
    ['lower case', bytes('proxy')],
    ['another word', bytes('PROXZ')],
    ['a tab', bytes('PROXY\t')],
    ['no family', line('PROXY ')],
    ['two spaces', line('PROXY  TCP4 192.0.2.7 203.0.113.1 1 2')],
    ['UDP', line('PROXY UDP4 192.0.2.7 203.0.113.1 1 2')],
    ['UNKNOWN and more letters', line('PROXY UNKNOWNS')],
    ['a port less', line('PROXY TCP4 192.0.2.7 203.0.113.1 1')],
    ['a port more', line('PROXY TCP4 192.0.2.7 203.0.113.1 1 2 3')],
    ['a space at the end', line('PROXY TCP4 192.0.2.7 203.0.113.1 1 2 ')],
    ['a port beyond 65535', line('PROXY TCP4 192.0.2.7 203.0.113.1 65536 2')],
    ['a port that is octal', line('PROXY TCP4 192.0.2.7 203.0.113.1 01 2')],
    ['a signed port', line('PROXY TCP4 192.0.2.7 203.0.113.1 +1 2')],
    ['a bad destination port', line('PROXY TCP4 192.0.2.7 203.0.113.1 1 x')],
    ['an octet beyond 255', line('PROXY TCP4 192.0.2.256 203.0.113.1 1 2')],
    ['an octal address', line('PROXY TCP4 192.0.2.07 203.0.113.1 1 2')],
    ['three octets', line('PROXY TCP4 192.0.2 203.0.113.1 1 2')],
    ['a name', line('PROXY TCP4 localhost 203.0.113.1 1 2')],
    ['a bad destination', line('PROXY TCP4 192.0.2.7 example.com 1 2')],
    ['IPv6 as TCP4', line('PROXY TCP4 2001:db8::7 203.0.113.1 1 2')],
    ['IPv4 as TCP6', line('PROXY TCP6 192.0.2.7 203.0.113.1 1 2')],
    ['a zone', line('PROXY TCP6 fe80::1%lo fe80::2 1 2')],
    ['a line feed alone', bytes('PROXY TCP4 192.0.2.7 203.0.113.1 1 2\n')],
    ['a carriage return alone', bytes('PROXY UNKNOWN\rx')],
    ['a NUL', line('PROXY TCP4 192.0.2.7\0 203.0.113.1 1 2')],
    ['108 octets', line(`PROXY UNKNOWN ${'x'.repeat(92)}`)],
    ['no end', bytes(`PROXY UNKNOWN ${'x'.repeat(92)}`)],
  ];
  for (const [name, message] of bad) {
    test(`refused: ${name}`, () => {
      assertRefuses(parseProxyHeader, message, /^ProtocolError: (no|a) PROXY header/);
    });
  }

  test('no line is waited for longer than 107 octets', () => {
    const unended = bytes('PROXY UNKNOWN ', 'x'.repeat(200));
    assert.equal(parseProxyHeader(unended.subarray(0, 105)), undefined);
    assertRefuses(parseProxyHeader, unended.subarray(0, 106), /more than 107 octets/);
  });
});

describe('PROXY headers of version 2', () => {
  const addresses4 = bytes(192, 0, 2, 7, 203, 0, 113, 1, port16(50642), port16(1080));
  const six = (last: number) => bytes(0x20, 1, 0x0d, 0xb8, Buffer.alloc(11), last);
  const addresses6 = bytes(six(7), six(1), port16(50642), port16(1080));
  const unix = Buffer.alloc(216, '/run/x');
  const told4 = { client: { host: '192.0.2.7', port: 50642 } };

  test('addresses of either family, of streams, datagrams and what is not told', () => {
    for (const transport of [0, 1, 2]) {
      assertParses(parseProxyHeader, v2(0x21, 0x10 | transport, addresses4), told4);
      const told6 = { client: { host: '2001:db8::7', port: 50642 } };
      assertParses(parseProxyHeader, v2(0x21, 0x20 | transport, addresses6), told6);
    }
    const mapped = bytes(Buffer.alloc(10), 0xff, 0xff, 192, 0, 2, 7);
    const both = v2(0x21, 0x21, bytes(mapped, mapped, port16(50642), port16(1080)));
    assertParses(parseProxyHeader, both, told4);
  });

  test('LOCAL, whatever its addresses are; no address; an address of a UNIX socket', () => {
    for (const message of [
      v2(0x20, 0x00),
      v2(0x20, 0x11, addresses4),
      v2(0x20, 0x11, bytes(1, 2, 3)),
      v2(0x20, 0x00, bytes(1, 2)),
      v2(0x21, 0x00),
      v2(0x21, 0x01, bytes('whatever')),
      v2(0x21, 0x31, unix),
    ]) {
      assertParses(parseProxyHeader, message, notTold);
    }
  });

  test('extensions are skipped', () => {
    const authority = bytes(0x02, port16(11), 'example.com');
    const empty = bytes(0xe0, port16(0));
    for (const more of [authority, empty, bytes(authority, empty)]) {
      assertParses(parseProxyHeader, v2(0x21, 0x11, addresses4, more), told4);
    }
    const most = bytes(0x04, port16(4096 - 15), Buffer.alloc(4096 - 15));
    const message = v2(0x21, 0x11, addresses4, most);
    assert.deepEqual(parseProxyHeader(message), { value: told4, length: 4112 });
    assert.equal(parseProxyHeader(message.subarray(0, -1)), undefined);
  });

  test('a checksum has to be right', () => {
    // Computed by a program of its own, which has 0xe3069283 for "123456789".
    const checksum = bytes(0xb9, 0x8a, 0xc2, 0x13);
    const right = v2(0x21, 0x11, addresses4, bytes(0x03, port16(4), checksum));
    assertParses(parseProxyHeader, right, told4);
    const TYPE = 28;
    for (let i = 12; i < right.length; i++) {
      // Without its type it is no checksum.
      if (i === TYPE) continue;
      const wrong = Buffer.from(right);
      wrong[i] = (wrong[i] as number) ^ 0x01;
      let result: unknown;
      try {
        result = parseProxyHeader(wrong);
      } catch (error) {
        assert.ok(error instanceof ProtocolError);
      }
      assert.equal(result, undefined, `octet ${i}`);
    }
    const twice = bytes(0x03, port16(4), checksum, 0x03, port16(4), checksum);
    assertRefuses(parseProxyHeader, v2(0x21, 0x11, addresses4, twice), /PROXY header/);
    const local = v2(0x20, 0x00, bytes(0x03, port16(4), 1, 2, 3, 4));
    assertRefuses(parseProxyHeader, local, /wrong checksum/);
  });

  const bad: [string, Uint8Array][] = [
    ['another signature', bytes('\r\n\r\n\0\r\nQUIT\r')],
    ['an empty line of HTTP', bytes('\r\nGET')],
    ['version 1', bytes(SIGNATURE, 0x11)],
    ['version 3', bytes(SIGNATURE, 0x31)],
    ['an unknown command', bytes(SIGNATURE, 0x22)],
    ['an unknown family', bytes(SIGNATURE, 0x21, 0x41)],
    ['an unknown transport', bytes(SIGNATURE, 0x21, 0x13)],
    ['too long', bytes(SIGNATURE, 0x21, 0x11, port16(4097))],
    ['the longest', bytes(SIGNATURE, 0x21, 0x11, port16(65535))],
    ['no room for IPv4', bytes(SIGNATURE, 0x21, 0x11, port16(11))],
    ['no room for IPv6', bytes(SIGNATURE, 0x21, 0x21, port16(35))],
    ['no room for a path', bytes(SIGNATURE, 0x21, 0x31, port16(215))],
    ['half an extension', v2(0x21, 0x11, addresses4, bytes(4, 0))],
    ['an extension that is cut', v2(0x21, 0x11, addresses4, bytes(4, port16(2), 0))],
    ['a checksum of 3 octets', v2(0x21, 0x11, addresses4, bytes(3, port16(3), 0, 0, 0))],
  ];
  for (const [name, message] of bad) {
    test(`refused: ${name}`, () => {
      assertRefuses(parseProxyHeader, message, /^ProtocolError: (no|a) PROXY header/);
    });
  }
});

test('what is no PROXY header is known by its first octet, or where it differs', () => {
  for (let octet = 0; octet < 256; octet++) {
    if (octet === 0x50 || octet === 0x0d) continue;
    assertRefuses(parseProxyHeader, Uint8Array.of(octet), /no PROXY header/);
  }
  assert.equal(parseProxyHeader(new Uint8Array()), undefined);
});

test('whatever comes is read, waited for or refused', () => {
  assertSurvives(parseProxyHeader);
  for (const start of ['PROXY ', 'PROXY TCP4 ', 'PROXY TCP6 ::1 ', 'PROXY UNKNOWN']) {
    assertSurvives(parseProxyHeader, [...Buffer.from(start)]);
  }
  for (const kind of [0x11, 0x21, 0x31, 0x00]) {
    assertSurvives(parseProxyHeader, [...SIGNATURE, 0x21, kind, 0]);
    assertSurvives(parseProxyHeader, [...SIGNATURE, 0x20, kind, 0]);
  }
});

test('any address', () => {
  const port = fc.integer({ min: 0, max: 65535 });
  const octets = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
  fc.assert(
    fc.property(fc.oneof(octets(4), octets(16)), port, (ip, port) => {
      const host = formatIP(ip);
      const family = host.includes(':') ? 'TCP6' : 'TCP4';
      const client = { host, port };
      const text = `PROXY ${family} ${host} ${host} ${port} ${port}`;
      assert.deepEqual(parseProxyHeader(line(text))?.value, { client });
      const binary = bytes(ip, ip, port16(port), port16(port));
      const kind = ip.length === 4 ? 0x11 : 0x21;
      assert.deepEqual(parseProxyHeader(v2(0x21, kind, binary))?.value, { client });
    }),
  );
});
