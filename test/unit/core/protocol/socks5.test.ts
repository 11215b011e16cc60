import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { encodeAddress } from '#core/protocol/address.js';
import {
  encodeMethod,
  encodeReply,
  parseGreeting,
  parseRequest,
  Reply,
} from '#core/protocol/socks5.js';
import { assertParses, assertRefuses, assertSurvives } from '../../../support/parsing.js';
import { bytes } from '../../../support/sockets.js';

const notFive = Array.from({ length: 256 }, (_, octet) => octet).filter((octet) => octet !== 5);

//     +-----+----------+----------+
//     | VER | NMETHODS | METHODS  |
//     +-----+----------+----------+
//     |  1  |    1     | 1 to 255 |
//     +-----+----------+----------+
describe('greeting', () => {
  const every = Uint8Array.from({ length: 255 }, (_, i) => i);
  const greetings: readonly (readonly [message: Buffer, methods: readonly number[]])[] = [
    [bytes(5, 1, 0), [0]],
    [bytes(5, 2, 0, 2), [0, 2]],
    [bytes(5, 3, 2, 2, 0xff), [2, 2, 0xff]],
    [bytes(5, 255, every), [...every]],
    [bytes(5, 0), []],
  ];
  for (const [message, methods] of greetings) {
    test(`of ${methods.length} methods`, () => {
      assertParses(parseGreeting, message, { methods: Uint8Array.from(methods) });
    });
  }

  test('of another version, at its first octet', () => {
    for (const version of notFive) {
      const expected = {
        name: 'ProtocolError',
        message: new RegExp(`^not SOCKS 5: .* ${version}$`),
      };
      assertRefuses(parseGreeting, Uint8Array.of(version), expected);
      assertRefuses(parseGreeting, Uint8Array.of(version, 1, 0), expected);
    }
  });

  test('any methods', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 255 }), (methods) => {
        assertParses(parseGreeting, bytes(5, methods.length, methods), { methods });
      }),
      { numRuns: 30 },
    );
  });

  test('whatever comes', () => {
    for (const start of [[], [5]]) assertSurvives(parseGreeting, start);
  });
});

test('method selection', () => {
  assert.deepEqual(encodeMethod(0), Uint8Array.of(5, 0));
  assert.deepEqual(encodeMethod(0xff), Uint8Array.of(5, 0xff));
});

//     +-----+-----+-------+------+----------+----------+
//     | VER | CMD |  RSV  | ATYP | DST.ADDR | DST.PORT |
//     +-----+-----+-------+------+----------+----------+
//     |  1  |  1  | X'00' |  1   | Variable |    2     |
//     +-----+-----+-------+------+----------+----------+
describe('request', () => {
  const v4 = bytes(1, 192, 0, 2, 1, 0, 80);
  const v4Address = { host: '192.0.2.1', port: 80 };
  const requests = [
    ['CONNECT', bytes(5, 1, 0, v4), 1, v4Address],
    ['BIND', bytes(5, 2, 0, v4), 2, v4Address],
    ['UDP ASSOCIATE', bytes(5, 3, 0, 1, 0, 0, 0, 0, 0, 0), 3, { host: '0.0.0.0', port: 0 }],
    ['an unknown command', bytes(5, 0xf0, 0, v4), 0xf0, v4Address],
    ['something in RSV', bytes(5, 1, 0xff, v4), 1, v4Address],
    ['a name', bytes(5, 1, 0, 3, 1, 'x', 1, 0), 1, { host: 'x', port: 256 }],
    ['IPv6', bytes(5, 1, 0, 4, Buffer.alloc(15), 1, 0, 22), 1, { host: '::1', port: 22 }],
  ] as const;
  for (const [what, message, command, destination] of requests) {
    test(what, () => assertParses(parseRequest, message, { command, destination }));
  }

  test('of another version, at its first octet', () => {
    for (const version of notFive) {
      assertRefuses(parseRequest, Uint8Array.of(version), /^ProtocolError: not SOCKS 5/);
    }
  });

  test('of an unknown address type, as soon as it is seen', () => {
    assertRefuses(parseRequest, bytes(5, 1, 0, 2), { name: 'AddressTypeError', message: /type 2/ });
  });

  test('any command and destination', () => {
    const host = fc.oneof(fc.ipV4(), fc.stringMatching(/^[a-z][a-z0-9.-]{0,20}$/));
    fc.assert(
      fc.property(fc.nat(255), fc.nat(255), host, fc.nat(65535), (command, rsv, name, port) => {
        const destination = { host: name, port };
        const message = bytes(5, command, rsv, encodeAddress(destination));
        assertParses(parseRequest, message, { command, destination });
      }),
    );
  });

  test('whatever comes', () => {
    for (const start of [[], [5, 1, 0], [5, 1, 0, 3]]) assertSurvives(parseRequest, start);
  });
});

//     +-----+-----+-------+------+----------+----------+
//     | VER | REP |  RSV  | ATYP | BND.ADDR | BND.PORT |
//     +-----+-----+-------+------+----------+----------+
describe('reply', () => {
  test('of success', () => {
    const bound = { host: '192.0.2.1', port: 1080 };
    const expected = bytes(5, 0, 0, 1, 192, 0, 2, 1, 0x04, 0x38);
    assert.deepEqual(Buffer.from(encodeReply(Reply.succeeded, bound)), expected);
    const v6 = encodeReply(Reply.succeeded, { host: '::1', port: 1 });
    assert.deepEqual(Buffer.from(v6), bytes(5, 0, 0, 4, Buffer.alloc(15), 1, 0, 1));
  });

  test('of every failure, with 0.0.0.0:0', () => {
    const failures = Object.values(Reply).filter((code) => code !== Reply.succeeded);
    assert.deepEqual(failures, [1, 2, 3, 4, 5, 6, 7, 8]);
    for (const code of failures) {
      const expected = bytes(5, code, 0, 1, Buffer.alloc(6));
      assert.deepEqual(Buffer.from(encodeReply(code)), expected);
    }
  });
});
