import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { encodeRequest4, parseReply4 } from '#core/protocol/socks4client.js';
import { assertParses, assertRefuses, assertSurvives } from '../../../support/parsing.js';
import { bytes } from '../../../support/sockets.js';

describe("the client's side of SOCKS 4a", () => {
  test('a request to an address, and to a name', () => {
    const address = { host: '192.0.2.7', port: 1080 };
    const plain = encodeRequest4(1, address, bytes('me'));
    assert.deepEqual(Buffer.from(plain), bytes(4, 1, 4, 56, 192, 0, 2, 7, 'me', 0));
    const name = { host: 'example.com', port: 80 };
    const named = encodeRequest4(1, name, bytes());
    assert.deepEqual(Buffer.from(named), bytes(4, 1, 0, 80, 0, 0, 0, 1, 0, 'example.com', 0));
    assert.throws(() => encodeRequest4(1, { host: '::1', port: 80 }, bytes()), RangeError);
  });

  test('answers, at every cut', () => {
    const bound = { host: '192.0.2.7', port: 1080 };
    assertParses(parseReply4, bytes(0, 90, 4, 56, 192, 0, 2, 7), { code: 90, bound });
    assertParses(parseReply4, bytes(4, 91, 4, 56, 192, 0, 2, 7), { code: 91, bound });
    assertRefuses(parseReply4, bytes(5, 0), /its answer is not SOCKS 4: the first octet is 5/);
    assertSurvives(parseReply4, [0]);
    assertSurvives(parseReply4);
  });
});
