import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { encodeReply4, parseRequest4 } from '#core/protocol/socks4.js';
import { Reply } from '#core/protocol/socks5.js';
import { assertParses, assertRefuses, assertSurvives } from '../../../support/parsing.js';
import { bytes, port16 } from '../../../support/sockets.js';

//     +----+----+------+------+----------+-----+------------+
//     | VN | CD | PORT | ADDR |  USERID  | NUL | DOMAIN NUL |
//     +----+----+------+------+----------+-----+------------+
//     | 1  | 1  |  2   |  4   | Variable |  1  | (SOCKS 4a) |
//     +----+----+------+------+----------+-----+------------+
describe('SOCKS 4 requests', () => {
  const head = (...address: number[]) => bytes(4, 1, port16(8080), ...address);
  const cases: [string, Uint8Array, string][] = [
    ['an address', bytes(head(192, 0, 2, 1), 'me', 0), '192.0.2.1'],
    ['no user', bytes(head(192, 0, 2, 1), 0), '192.0.2.1'],
    ['any address', bytes(head(0, 0, 0, 0), 0), '0.0.0.0'],
    ['a domain', bytes(head(0, 0, 0, 1), 'me', 0, 'example.com', 0), 'example.com'],
    ['an address as a domain', bytes(head(0, 0, 0, 9), 0, '::ffff:127.0.0.1', 0), '127.0.0.1'],
    [
      '255 octets',
      bytes(head(0, 0, 0, 9), 'u'.repeat(255), 0, 'd'.repeat(255), 0),
      'd'.repeat(255),
    ],
  ];
  for (const [name, message, host] of cases) {
    const value = { command: 1, destination: { host, port: 8080 } };
    test(name, () => {
      assertParses(parseRequest4, message, value);
    });
  }

  const bad: [string, Uint8Array, RegExp][] = [
    ['a user without end', bytes(head(192, 0, 2, 1), 'u'.repeat(256)), /longer than 255/],
    ['a domain without end', bytes(head(0, 0, 0, 1), 0, 'd'.repeat(256)), /longer than 255/],
    ['an empty domain', bytes(head(0, 0, 0, 1), 0, 0), /empty domain/],
    ['a line feed in a domain', bytes(head(0, 0, 0, 1), 0, 'a\nb', 0), /malformed domain/],
  ];
  for (const [name, message, error] of bad) {
    test(name, () => assertRefuses(parseRequest4, message, error));
  }
  test('whatever comes', () => {
    assertSurvives(parseRequest4, [4]);
  });

  test('replies', () => {
    const bound = { host: '192.0.2.1', port: 8080 };
    assert.deepEqual(
      encodeReply4(Reply.succeeded, bound),
      Uint8Array.from(bytes(0, 90, port16(8080), 192, 0, 2, 1)),
    );
    assert.deepEqual(encodeReply4(Reply.notAllowed), Uint8Array.of(0, 91, 0, 0, 0, 0, 0, 0));
    const v6 = encodeReply4(Reply.succeeded, { host: '2001:db8::1', port: 1 });
    assert.deepEqual(v6, Uint8Array.of(0, 90, 0, 1, 0, 0, 0, 0));
  });
});
