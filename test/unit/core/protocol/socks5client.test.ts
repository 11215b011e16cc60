import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  encodeCredentials,
  encodeGreeting,
  encodeRequest,
  parseMethod,
  parseReply,
  parseStatus,
} from '#core/protocol/socks5client.js';
import { assertParses, assertRefuses, assertSurvives } from '../../../support/parsing.js';
import { bytes } from '../../../support/sockets.js';

describe("the client's side of SOCKS 5", () => {
  test('what it says', () => {
    assert.deepEqual(encodeGreeting([0, 2]), Uint8Array.of(5, 2, 0, 2));
    const login = encodeCredentials(Buffer.from('alice'), Buffer.from('s:é'));
    assert.deepEqual(Buffer.from(login), bytes(1, 5, 'alice', 4, 's:é'));
    assert.deepEqual(Buffer.from(encodeCredentials(bytes('a'), bytes())), bytes(1, 1, 'a', 0));
    assert.throws(() => encodeCredentials(bytes('a'), Buffer.alloc(256)), RangeError);
    const request = encodeRequest(1, { host: 'example.com', port: 443 });
    assert.deepEqual(Buffer.from(request), bytes(5, 1, 0, 3, 11, 'example.com', 1, 187));
    const v6 = encodeRequest(3, { host: '::1', port: 80 });
    assert.deepEqual(Buffer.from(v6), bytes(5, 3, 0, 4, Buffer.alloc(15), 1, 0, 80));
  });

  test('answers, at every cut', () => {
    assertParses(parseMethod, bytes(5, 2), 2);
    assertParses(parseMethod, bytes(5, 0xff), 0xff);
    assertParses(parseStatus, bytes(1, 0), true);
    assertParses(parseStatus, bytes(1, 1), false);
    assertParses(parseStatus, bytes(5, 0), true);
    const bound = (host: string, port: number) => ({ reply: 0, bound: { host, port } });
    assertParses(parseReply, bytes(5, 0, 0, 1, 192, 0, 2, 7, 4, 56), bound('192.0.2.7', 1080));
    assertParses(parseReply, bytes(5, 0, 0, 4, Buffer.alloc(15), 1, 0, 80), bound('::1', 80));
    assertParses(parseReply, bytes(5, 0, 0, 3, 7, 'a.local', 0, 80), bound('a.local', 80));
  });

  test('a name that cannot be is none, and takes no more octets than it has', () => {
    for (const name of ['', 'a b', 'a\0b']) {
      const message = bytes(5, 0, 0, 3, name.length, name, 0, 80);
      assertParses(parseReply, message, { reply: 0, bound: undefined });
    }
  });

  test('of a refusal two octets are enough', () => {
    assertParses(parseReply, bytes(5, 4), { reply: 4, bound: undefined });
    assertParses(parseReply, bytes(5, 0x99), { reply: 0x99, bound: undefined });
  });

  test('what is no answer', () => {
    assertRefuses(parseMethod, bytes('HTTP'), /its answer is not SOCKS 5: the first octet is 72/);
    assertRefuses(parseReply, bytes(0, 90), /its answer is not SOCKS 5/);
    assertRefuses(parseStatus, bytes('H'), /begins with the octet 72/);
    assertRefuses(parseReply, bytes(5, 0, 0, 9, 1, 2, 3), /unknown address type 9/);
  });

  test('whatever comes', () => {
    assertSurvives(parseMethod, [5]);
    assertSurvives(parseStatus, [1]);
    assertSurvives(parseReply, [5, 0, 0]);
    assertSurvives(parseReply);
  });
});
