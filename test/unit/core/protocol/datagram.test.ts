import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { encodeDatagramHeader, parseDatagram } from '#core/protocol/datagram.js';
import { Reassembly } from '#core/protocol/fragments.js';
import { ProtocolError } from '#core/protocol/parser.js';
import { bytes } from '../../../support/sockets.js';
import { address } from '../../../support/socks.js';

const to = { host: '192.0.2.1', port: 53 };

//     +-----+------+------+----------+----------+----------+
//     | RSV | FRAG | ATYP | DST.ADDR | DST.PORT |   DATA   |
//     +-----+------+------+----------+----------+----------+
//     |  2  |  1   |  1   | Variable |    2     | Variable |
//     +-----+------+------+----------+----------+----------+
describe('datagrams', () => {
  test('every cut of a header is refused, every length of data is read', () => {
    for (const [host, port] of [
      ['192.0.2.1', 53],
      ['example.com', 65535],
    ] as const) {
      const header = bytes(0, 0, 0x81, address(host, port));
      for (let cut = 0; cut < header.length; cut++) {
        assert.throws(() => parseDatagram(header.subarray(0, cut)), ProtocolError);
      }
      for (const length of [0, 1, 60_000]) {
        const data = Buffer.alloc(length, 'x');
        const parsed = parseDatagram(bytes(header, data));
        assert.deepEqual(parsed, { fragment: 0x81, address: { host, port }, data });
      }
    }
  });

  test('RSV is zero', () => {
    for (const rsv of [bytes(1, 0), bytes(0, 1)]) {
      assert.throws(() => parseDatagram(bytes(rsv, 0, address('192.0.2.1', 53))), ProtocolError);
    }
  });

  test('whatever comes is a datagram or a ProtocolError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (message) => {
        try {
          parseDatagram(message);
        } catch (error) {
          assert.ok(error instanceof ProtocolError);
        }
      }),
    );
  });

  test('a header that is written can be read', () => {
    const hosts = fc.oneof(fc.ipV4(), fc.domain());
    fc.assert(
      fc.property(hosts, fc.nat(65535), (host, port) => {
        const parsed = parseDatagram(bytes(encodeDatagramHeader({ host, port }), 'data'));
        assert.deepEqual(parsed, { fragment: 0, address: { host, port }, data: bytes('data') });
      }),
    );
  });
});

describe('fragments', () => {
  /** Adds fragments given as [FRAG, data, ms, port]. @returns the whole datagrams as text. */
  function collect(...fragments: [number, string, number?, number?][]) {
    const reassembly = new Reassembly();
    const whole = fragments.flatMap(([fragment, text, now = 0, port = to.port]) => {
      const datagram = { fragment, address: { ...to, port }, data: bytes(text) };
      const result = reassembly.add(datagram, now);
      return result === undefined ? [] : [String(result.data)];
    });
    return { whole, dropped: reassembly.dropped };
  }

  const cases: [string, Parameters<typeof collect>, string[], number][] = [
    [
      'in order',
      [
        [1, 'a'],
        [2, 'b'],
        [0x83, 'c'],
      ],
      ['abc'],
      0,
    ],
    ['only one', [[0x81, 'a']], ['a'], 0],
    [
      'two sequences',
      [
        [1, 'a'],
        [0x82, 'b'],
        [1, 'c'],
        [0x82, 'd'],
      ],
      ['ab', 'cd'],
      0,
    ],
    [
      'a gap',
      [
        [1, 'a'],
        [3, 'c'],
        [0x84, 'd'],
      ],
      [],
      3,
    ],
    [
      'one that goes back',
      [
        [1, 'a'],
        [2, 'b'],
        [2, 'b'],
        [0x83, 'c'],
      ],
      [],
      4,
    ],
    [
      'a new sequence',
      [
        [1, 'a'],
        [1, 'x'],
        [0x82, 'y'],
      ],
      ['xy'],
      1,
    ],
    ['the end alone', [[0x82, 'b']], [], 1],
    ['no position', [[0x80, 'a']], [], 1],
    [
      'another destination',
      [
        [1, 'a'],
        [0x82, 'b', 0, 54],
      ],
      [],
      2,
    ],
    [
      'within the time',
      [
        [1, 'a', 0],
        [0x82, 'b', 9_999],
      ],
      ['ab'],
      0,
    ],
    [
      'too late',
      [
        [1, 'a', 0],
        [0x82, 'b', 10_000],
      ],
      [],
      2,
    ],
    [
      'too large',
      [
        [1, 'x'.repeat(60_000)],
        [2, 'x'.repeat(6_000)],
        [0x83, 'x'],
      ],
      [],
      3,
    ],
  ];
  for (const [name, fragments, whole, dropped] of cases) {
    test(name, () => assert.deepEqual(collect(...fragments), { whole, dropped }));
  }

  test('127 of them', () => {
    const all = Array.from({ length: 127 }, (_, i): [number, string] => [i + 1, 'x']);
    all[126] = [0xff, 'x'];
    assert.deepEqual(collect(...all), { whole: ['x'.repeat(127)], dropped: 0 });
  });
});
