import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MAX_RESPONSE_HEAD } from '#core/protocol/httphead.js';
import {
  encodeAnswer,
  encodeResponse,
  type ResponseHead,
  responseHeadParser,
} from '#core/protocol/httpresponse.js';

function head(...lines: string[]): Buffer {
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}

function read(method: string, ...lines: string[]): ResponseHead {
  const bytes = head(...lines);
  const parsed = responseHeadParser(method)(bytes);
  assert.equal(parsed?.length, bytes.length);
  return parsed.value;
}

/** The lines that a client gets. */
function passed(
  [method = '', ...lines]: readonly string[],
  options: { minor?: 0 | 1; close?: boolean } = {},
): string[] {
  const { minor = 1, close = false } = options;
  const bytes = encodeResponse(read(method, ...lines), { minor, close });
  return bytes.toString('latin1').split('\r\n').slice(0, -2);
}

describe('where a response ends', () => {
  const cases: [string, readonly [string, ...string[]], object, boolean][] = [
    [
      'a length',
      ['GET', 'HTTP/1.1 200 OK', 'Content-Length: 5'],
      { kind: 'length', length: 5 },
      true,
    ],
    ['chunks', ['GET', 'HTTP/1.1 200 OK', 'Transfer-Encoding: chunked'], { kind: 'chunked' }, true],
    ['the close', ['GET', 'HTTP/1.1 200 OK'], { kind: 'close' }, false],
    ['HEAD', ['HEAD', 'HTTP/1.1 200 OK', 'Content-Length: 5'], { kind: 'none' }, true],
    ['204', ['GET', 'HTTP/1.1 204 No Content'], { kind: 'none' }, true],
    ['304', ['GET', 'HTTP/1.1 304 Not Modified', 'Content-Length: 5'], { kind: 'none' }, true],
    ['100', ['POST', 'HTTP/1.1 100 Continue'], { kind: 'none' }, true],
    [
      'no phrase',
      ['GET', 'HTTP/1.1 200', 'Content-Length: 0'],
      { kind: 'length', length: 0 },
      true,
    ],
    [
      'close is said',
      ['GET', 'HTTP/1.1 200 OK', 'Content-Length: 5', 'Connection: Close'],
      { kind: 'length', length: 5 },
      false,
    ],
    [
      'HTTP/1.0',
      ['GET', 'HTTP/1.0 200 OK', 'Content-Length: 5'],
      { kind: 'length', length: 5 },
      false,
    ],
    [
      'HTTP/1.0, kept',
      ['GET', 'HTTP/1.0 200 OK', 'Content-Length: 5', 'Connection: keep-alive'],
      { kind: 'length', length: 5 },
      true,
    ],
  ];
  for (const [name, [method, ...lines], framing, persistent] of cases) {
    test(name, () => {
      const response = read(method, ...lines);
      assert.deepEqual([response.framing, response.persistent], [framing, persistent]);
    });
  }
});

describe('responses that cannot be forwarded', () => {
  const bad: [string, Buffer][] = [
    ['both lengths', head('HTTP/1.1 200 OK', 'Content-Length: 4', 'Transfer-Encoding: chunked')],
    ['lengths that differ', head('HTTP/1.1 200 OK', 'Content-Length: 4', 'Content-Length: 5')],
    ['chunks in HTTP/1.0', head('HTTP/1.0 200 OK', 'Transfer-Encoding: chunked')],
    ['a folded field', head('HTTP/1.1 200 OK', 'X: a', ' b')],
    ['another protocol', head('ICY 200 OK')],
    ['no status', head('HTTP/1.1 OK')],
    ['a status of two digits', head('HTTP/1.1 20 OK')],
    ['HTTP/2', head('HTTP/2 200 OK')],
    ['bare line feeds', Buffer.from('HTTP/1.1 200 OK\n\n')],
    ['a head too large', head('HTTP/1.1 200 OK', `X: ${'a'.repeat(MAX_RESPONSE_HEAD)}`)],
  ];
  for (const [name, bytes] of bad) {
    test(name, () => assert.throws(() => responseHeadParser('GET')(bytes), { name: 'HttpError' }));
  }
});

test('what a client gets', () => {
  const all = [
    'GET',
    'HTTP/1.0 200 Fine',
    'Server: origin',
    'Connection: X-Hop',
    'X-Hop: 1',
    'Keep-Alive: timeout=5',
    'Proxy-Authenticate: Basic realm="origin"',
    'Content-Length: 5',
    'Set-Cookie: a',
    'Set-Cookie: b',
  ];
  assert.deepEqual(passed(all), [
    'HTTP/1.1 200 Fine',
    'Server: origin',
    'Set-Cookie: a',
    'Set-Cookie: b',
    'Content-Length: 5',
  ]);
  const chunked = ['GET', 'HTTP/1.1 200 OK', 'Transfer-Encoding: chunked'];
  assert.deepEqual(passed(chunked), ['HTTP/1.1 200 OK', 'Transfer-Encoding: chunked']);
  assert.deepEqual(passed(chunked, { minor: 0, close: true }), [
    'HTTP/1.1 200 OK',
    'Connection: close',
  ]);
  const none = ['GET', 'HTTP/1.1 204 No Content', 'Content-Length: 5'];
  assert.deepEqual(passed(none), ['HTTP/1.1 204 No Content']);
  const same = ['GET', 'HTTP/1.1 304 Not Modified', 'Content-Length: 5'];
  assert.deepEqual(passed(same), ['HTTP/1.1 304 Not Modified', 'Content-Length: 5']);
  const socket = ['GET', 'HTTP/1.1 101 Switching', 'Upgrade: websocket', 'Connection: Upgrade'];
  assert.deepEqual(passed(socket), [
    'HTTP/1.1 101 Switching',
    'Upgrade: websocket',
    'Connection: upgrade',
  ]);
});

test('answers of the proxy itself say why, but for HEAD in no body', () => {
  const answer = { status: 502, words: 'Cannot connect to a:80: connection refused' };
  const [fields, body] = String(encodeAnswer(answer)).split('\r\n\r\n');
  assert.match(fields ?? '', /^HTTP\/1\.1 502 Bad Gateway\r\n/);
  assert.match(fields ?? '', /\r\nConnection: close$/);
  assert.equal(body, 'Cannot connect to a:80: connection refused.\n');
  assert.match(fields ?? '', new RegExp(`Content-Length: ${body?.length}\r\n`));
  assert.equal(String(encodeAnswer({ ...answer, headOnly: true })), `${fields}\r\n\r\n`);
});
