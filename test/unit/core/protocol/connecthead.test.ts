import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { encodeConnect, isAskable, parseConnectAnswer } from '#core/protocol/connecthead.js';
import { assertParses, assertRefuses, assertSurvives } from '../../../support/parsing.js';
import { bytes } from '../../../support/sockets.js';

describe("the client's side of CONNECT", () => {
  test('a request', () => {
    const text = (host: string, login?: string) =>
      Buffer.from(
        encodeConnect({ host, port: 443 }, login === undefined ? undefined : Buffer.from(login)),
      ).toString();
    assert.equal(
      text('example.com'),
      'CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n',
    );
    assert.match(text('2001:db8::1'), /^CONNECT \[2001:db8::1\]:443 HTTP\/1.1\r\n/);
    assert.match(text('a.b', 'user:ä'), /\r\nProxy-Authorization: Basic dXNlcjrDpA==\r\n\r\n$/);
  });

  test('names that a proxy could take for more are not asked for', () => {
    for (const name of ['example.com', 'a_b', 'xn--a', 'a.', '-']) assert.ok(isAskable(name), name);
    for (const name of ['a:22', 'a/b', 'a@b', 'a?b', 'a#b', '[a]', 'a%20', 'a,b', '']) {
      assert.ok(!isAskable(name), name);
    }
  });

  test('answers, at every cut', () => {
    const head = (text: string) => bytes(text);
    const ok = { status: 200, reason: 'OK' };
    assertParses(parseConnectAnswer, head('HTTP/1.1 200 OK\r\n\r\n'), ok);
    assertParses(parseConnectAnswer, head('HTTP/1.0 200 OK\nVia: x\n\n'), ok);
    assertParses(parseConnectAnswer, head('HTTP/1.1 200\r\n\r\n'), { status: 200, reason: '' });
    const fields = 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n';
    assertParses(parseConnectAnswer, head(`HTTP/1.1 200 OK\r\n${fields}\r\n`), ok);
    assertParses(parseConnectAnswer, head('HTTP/1.1 407 Who?\r\n\n'), {
      status: 407,
      reason: 'Who?',
    });
  });

  test("a proxy's words are visible and few", () => {
    const parsed = parseConnectAnswer(bytes(`HTTP/1.1 502 a\x1b[2J\x7f${'x'.repeat(500)}\r\n\r\n`));
    assert.match(parsed?.value.reason ?? '', /^a\?\[2J\?x{74}$/);
  });

  test('what is no answer is refused at once', () => {
    assertRefuses(parseConnectAnswer, bytes('H5'), /its answer is not HTTP\/1/);
    assertRefuses(parseConnectAnswer, bytes('HTTP/2'), /its answer is not HTTP\/1/);
    for (const line of ['HTTP/1.1 20', 'HTTP/1.1 2000', 'HTTP/1.1  200 OK', 'HTTP/1.x 200 OK']) {
      assertRefuses(parseConnectAnswer, bytes(`${line}\r\n\r\n`), /malformed status line/);
    }
  });

  test('a head without an end is refused at 16 KiB, and one of that length is read', () => {
    const start = 'HTTP/1.1 200 OK\r\nX: ';
    const longest = `${start}${'x'.repeat(16_384 - start.length - 4)}\r\n\r\n`;
    assert.equal(parseConnectAnswer(bytes(longest))?.length, 16_384);
    assert.equal(parseConnectAnswer(bytes(longest.slice(0, -1))), undefined);
    assertRefuses(parseConnectAnswer, bytes(start, 'x'.repeat(16_384)), /longer than 16384 octets/);
    assertRefuses(parseConnectAnswer, bytes('HTTP/1.1 200 OK\r\n', 'x\n'.repeat(9000)), /longer/);
  });

  test('whatever comes', () => {
    assertSurvives(parseConnectAnswer, [...bytes('HTTP/1.1 200 OK\n')]);
    assertSurvives(parseConnectAnswer);
  });
});
