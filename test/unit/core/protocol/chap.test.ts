import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { chapResponse, encodeChap, isSuccess, parseChap } from '#core/protocol/chap.js';
import { assertParses, assertRefuses, assertSurvives } from '../../../support/parsing.js';
import { bytes } from '../../../support/sockets.js';

//     +-----+-------+-----------+--------+----------+
//     | VER | NAVAS | ATTRIBUTE | LENGTH |  VALUE   | ...
//     +-----+-------+-----------+--------+----------+
//     |  1  |   1   |     1     |   1    | 0 to 255 |
//     +-----+-------+-----------+--------+----------+
describe('CHAP messages', () => {
  const cases: [string, Uint8Array, [number, Uint8Array][]][] = [
    ['no attribute', bytes(1, 0), []],
    [
      'an offer',
      bytes(1, 2, 0x11, 1, 0x85, 2, 3, 'ann'),
      [
        [0x11, Uint8Array.of(0x85)],
        [2, Uint8Array.from(bytes('ann'))],
      ],
    ],
    ['an unknown attribute', bytes(1, 1, 0x77, 2, 1, 2), [[0x77, Uint8Array.of(1, 2)]]],
    ['an empty value', bytes(1, 1, 0, 0), [[0, new Uint8Array()]]],
    ['one given twice: the last', bytes(1, 2, 4, 1, 7, 4, 1, 8), [[4, Uint8Array.of(8)]]],
    [
      'the longest value',
      bytes(1, 1, 3, 255, Buffer.alloc(255, 9)),
      [[3, new Uint8Array(255).fill(9)]],
    ],
  ];
  for (const [name, message, attributes] of cases) {
    test(name, () => assertParses(parseChap, message, new Map(attributes)));
  }

  test('another version', () => assertRefuses(parseChap, bytes(5, 1), /CHAP version 5/));
  test('whatever comes', () => assertSurvives(parseChap, [1]));

  test('what is written can be read', () => {
    const value = fc.uint8Array({ maxLength: 255 });
    const attributes = fc.uniqueArray(fc.tuple(fc.nat(255), value), {
      maxLength: 20,
      selector: ([id]) => id,
    });
    fc.assert(
      fc.property(attributes, (list) => {
        const message = encodeChap(...list);
        assert.deepEqual(parseChap(message), { value: new Map(list), length: message.length });
      }),
    );
    assert.throws(() => encodeChap([1, new Uint8Array(256)]), RangeError);
  });

  test('HMAC-MD5 as in RFC 2104', () => {
    const key = Buffer.alloc(16, 0x0b);
    const response = chapResponse(key, bytes('Hi There'));
    assert.equal(Buffer.from(response).toString('hex'), '9294727a3638bb1c13f48ef8158bfc9d');
  });

  test('a status of zero octets only is success', () => {
    assert.deepEqual(
      [undefined, bytes(0), bytes(0, 0), bytes(0, 1), bytes(1)].map((status) => isSuccess(status)),
      [false, true, true, false, false],
    );
  });
});
