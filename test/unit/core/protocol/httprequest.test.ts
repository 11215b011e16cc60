import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { MAX_REQUEST_HEAD } from '#core/protocol/httphead.js';
import {
  encodeRequest,
  OriginFormError,
  type RequestHead,
  requestHeadParser,
} from '#core/protocol/httprequest.js';
import { type Parser, ProtocolError } from '#core/protocol/parser.js';
import { assertSurvives } from '../../../support/parsing.js';

/** Each call reads anew. */
const parse: Parser<RequestHead> = (bytes) => requestHeadParser()(bytes);

/** A head of these lines. */
function head(...lines: string[]): Buffer {
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}

function read(...lines: string[]): RequestHead {
  const bytes = head(...lines);
  const parsed = parse(bytes);
  assert.equal(parsed?.length, bytes.length);
  return parsed.value;
}

/** The lines that an origin gets. */
function passed(...lines: string[]): string[] {
  return encodeRequest(read(...lines))
    .toString('latin1')
    .split('\r\n')
    .slice(0, -2);
}

describe('targets', () => {
  const cases: [line: string, host: string, port: number, target: string, authority: string][] = [
    ['CONNECT example.com:443', 'example.com', 443, '', 'example.com:443'],
    ['CONNECT [2001:DB8::0:1]:443', '2001:db8::1', 443, '', '[2001:DB8::0:1]:443'],
    ['CONNECT [::ffff:127.0.0.1]:80', '127.0.0.1', 80, '', '[::ffff:127.0.0.1]:80'],
    ['CONNECT 0x7f.1:80', '127.0.0.1', 80, '', '0x7f.1:80'],
    ['GET http://example.com', 'example.com', 80, '/', 'example.com'],
    ['GET http://example.com/', 'example.com', 80, '/', 'example.com'],
    ['GET HTTP://example.com:8080/a?b=c', 'example.com', 8080, '/a?b=c', 'example.com:8080'],
    ['GET http://example.com:/', 'example.com', 80, '/', 'example.com'],
    ['GET http://example.com?a', 'example.com', 80, '/?a', 'example.com'],
    ['GET http://[::1]/', '::1', 80, '/', '[::1]'],
    ['GET http://[::1]:81/', '::1', 81, '/', '[::1]:81'],
    ['GET http://user:p%40ss@example.com/x@y', 'example.com', 80, '/x@y', 'example.com'],
    ['GET http://a/b//c:d@e', 'a', 80, '/b//c:d@e', 'a'],
    ['OPTIONS http://example.com', 'example.com', 80, '*', 'example.com'],
    ['OPTIONS http://example.com/', 'example.com', 80, '/', 'example.com'],
    ['PROPFIND http://example.com/\xe4', 'example.com', 80, '/\xe4', 'example.com'],
  ];
  for (const [line, host, port, target, authority] of cases) {
    test(line, () => {
      const request = read(`${line} HTTP/1.1`);
      assert.deepEqual(request.destination, { host, port });
      assert.deepEqual([request.target, request.authority], [target, authority]);
    });
  }

  const bad: [line: string, message: RegExp][] = [
    ['CONNECT example.com', /HOST:PORT/],
    ['CONNECT example.com:', /HOST:PORT/],
    ['CONNECT example.com:0', /port/],
    ['CONNECT example.com:65536', /port/],
    ['CONNECT ::1:443', /HOST:PORT/],
    ['CONNECT user@example.com:443', /HOST:PORT/],
    ['CONNECT http://example.com:443', /HOST:PORT/],
    ['CONNECT example.com:443/', /HOST:PORT/],
    ['CONNECT a\\b:443', /HOST:PORT/],
    ['CONNECT [example.com]:443', /HOST:PORT/],
    ['CONNECT [::g]:443', /HOST:PORT/],
    ['CONNECT [12:34]:443', /host/],
    [`CONNECT ${'a'.repeat(256)}:443`, /too long/],
    ['GET https://example.com/', /CONNECT/],
    ['GET ftp://example.com/', /only http/],
    ['GET http:///path', /host/],
    ['GET http://:80/', /host/],
    ['GET http://a b/', /request line/],
    ['GET http://a%2eb/', /host/],
    ['GET http://[fe80::1%25eth0]/', /host/],
    ['GET http://a\\@b/', /host/],
    ['GET http://a@b@c/', /host/],
    ['GET http://example.com/#top', /fragment/],
    ['GET http://example.com:99999/', /port/],
    ['GET http://b\xfccher.example/', /host/],
    ['GET example.com:80', /malformed/],
    ['GET http:/example.com/', /malformed/],
  ];
  for (const [line, message] of bad) {
    test(`${line.slice(0, 60)} is refused`, () => {
      assert.throws(() => parse(head(`${line} HTTP/1.1`)), message);
      assert.throws(() => parse(head(`${line} HTTP/1.1`)), ProtocolError);
    });
  }

  for (const target of ['/', '/index.html', '*']) {
    test(`${target} is meant for a site`, () => {
      assert.throws(() => parse(head(`GET ${target} HTTP/1.1`, 'Host: a')), OriginFormError);
    });
  }
});

describe('what two programs could read in two ways', () => {
  const line = 'POST http://example.com/ HTTP/1.1';
  const bad: [name: string, bytes: Buffer, status: number][] = [
    ['both lengths', head(line, 'Content-Length: 4', 'Transfer-Encoding: chunked'), 400],
    ['lengths that differ', head(line, 'Content-Length: 4', 'Content-Length: 5'), 400],
    ['a list of lengths that differ', head(line, 'Content-Length: 4, 5'), 400],
    ['a length with a sign', head(line, 'Content-Length: +4'), 400],
    ['a negative length', head(line, 'Content-Length: -1'), 400],
    ['a hexadecimal length', head(line, 'Content-Length: 0x4'), 400],
    ['an empty length', head(line, 'Content-Length:'), 400],
    ['a length beyond numbers', head(line, 'Content-Length: 99999999999999999'), 400],
    ['two words for a length', head(line, 'Content-Length: 4 4'), 400],
    ['an unknown coding', head(line, 'Transfer-Encoding: xchunked'), 400],
    ['a coding behind chunked', head(line, 'Transfer-Encoding: chunked, identity'), 400],
    ['a coding before chunked', head(line, 'Transfer-Encoding: gzip, chunked'), 400],
    ['chunked twice', head(line, 'Transfer-Encoding: chunked', 'transfer-encoding: chunked'), 400],
    ['chunked in HTTP/1.0', head(line.replace('1.1', '1.0'), 'Transfer-Encoding: chunked'), 400],
    ['a space before the colon', head(line, 'Transfer-Encoding : chunked'), 400],
    ['a tab before the colon', head(line, 'Content-Length\t: 4'), 400],
    ['a folded field', head(line, 'X: a', ' Transfer-Encoding: chunked'), 400],
    ['a fold by a tab', head(line, 'X: a', '\tb'), 400],
    ['a fold of the request line', head(line, ' X: a'), 400],
    ['a field without a name', head(line, ': a'), 400],
    ['a line without a colon', head(line, 'chunked'), 400],
    ['a name with a space', head(line, 'Content Length: 4'), 400],
    ['a name beyond ASCII', head(line, 'Cont\xe9nt: 4'), 400],
    ['a NUL', head(line, 'X: a\0b'), 400],
    ['a vertical tab', head(line, 'Transfer-Encoding: \vchunked'), 400],
    ['a DEL', head(line, 'X: \x7f'), 400],
    ['a bare carriage return', head(line, 'X: a\rTransfer-Encoding: chunked'), 400],
    ['bare line feeds', Buffer.from('GET http://a/ HTTP/1.1\n\n'), 400],
    ['a bare line feed in a field', head(line, 'X: a\nTransfer-Encoding: chunked'), 400],
    ['two Hosts', head(line, 'Host: a', 'Host: b'), 400],
    ['two logins', head(line, 'Proxy-Authorization: a', 'proxy-authorization: b'), 400],
    ['CONNECT with a length', head('CONNECT a:1 HTTP/1.1', 'Content-Length: 4'), 400],
    ['CONNECT with chunks', head('CONNECT a:1 HTTP/1.1', 'Transfer-Encoding: chunked'), 400],
    ['two spaces', head('GET  http://a/ HTTP/1.1'), 400],
    ['a tab in the line', head('GET http://a/\tb HTTP/1.1'), 400],
    ['words behind the version', head('GET http://a/ HTTP/1.1 x'), 400],
    ['no version', head('GET http://a/'), 400],
    ['a version in lower case', head('GET http://a/ http/1.1'), 400],
    ['HTTP/1.10', head('GET http://a/ HTTP/1.10'), 400],
    ['HTTP/2', head('PRI * HTTP/2.0'), 505],
    ['a method that is none', head('G{T http://a/ HTTP/1.1'), 400],
    ['a head too large', head(line, `X: ${'a'.repeat(MAX_REQUEST_HEAD)}`), 431],
    ['a head too large without end', Buffer.alloc(MAX_REQUEST_HEAD + 1, 'A'), 431],
  ];
  for (const [name, bytes, status] of bad) {
    test(`${name} is refused`, () => {
      assert.throws(() => parse(bytes), { name: 'HttpError', status });
    });
  }

  test('what can be read in one way only is taken', () => {
    const { framing } = read(line, 'Content-Length: 4', 'content-length: 4, 4');
    assert.deepEqual(framing, { kind: 'length', length: 4 });
    assert.deepEqual(read(line, 'Transfer-Encoding: Chunked').framing, { kind: 'chunked' });
    assert.deepEqual(read(line, 'X:\ta b\t ').fields, [{ name: 'X', key: 'x', value: 'a b' }]);
    assert.equal(read('CONNECT a:1 HTTP/1.1', 'Content-Length: 0').method, 'CONNECT');
  });

  test('a line that is none of HTTP is refused before the head is whole', () => {
    assert.throws(() => parse(Buffer.from('EHLO example.com\r\n')), { status: 400 });
    assert.equal(parse(Buffer.from('GET http://a/ HTTP/1.1\r\n')), undefined);
  });
});

test('a head may come in any pieces, and what follows it does not count', () => {
  const bytes = head(
    'POST http://example.com/ HTTP/1.1',
    'Host: example.com',
    'Proxy-Authorization: Basic YTpi',
    'Content-Length: 5',
  );
  const whole = parse(bytes);
  const reader = requestHeadParser();
  for (let cut = 0; cut < bytes.length; cut++) {
    assert.equal(reader(bytes.subarray(0, cut)), undefined, `the first ${cut} octets`);
    assert.equal(parse(bytes.subarray(0, cut)), undefined);
  }
  const behind = Buffer.concat([bytes, Buffer.from('\r\n\r\n\0hello')]);
  assert.deepEqual(reader(behind), whole);
  assert.equal(String(Buffer.from(whole?.value.authorization ?? [])), 'Basic YTpi');
});

test('the login stands in no text', () => {
  const request = read('GET http://a/ HTTP/1.1', 'Proxy-Authorization: Basic c2VjcmV0');
  assert.equal(JSON.stringify(request.fields).includes('c2VjcmV0'), false);
});

test('what an origin gets', () => {
  assert.deepEqual(
    passed(
      'GET http://example.com:81/a HTTP/1.1',
      'Host: elsewhere.example',
      'Connection: keep-alive, X-Hop',
      'Proxy-Connection: keep-alive',
      'Keep-Alive: timeout=5',
      'X-Hop: 1',
      'TE: trailers',
      'Upgrade: h2c',
      'Proxy-Authorization: Basic YTpi',
      'Authorization: Basic YTpi',
      'Accept: */*',
    ),
    ['GET /a HTTP/1.1', 'Host: example.com:81', 'Authorization: Basic YTpi', 'Accept: */*'],
  );
  assert.deepEqual(
    passed(
      'POST http://example.com/ HTTP/1.0',
      'Content-Length: 3',
      'Connection: Content-Length, Host',
    ),
    ['POST / HTTP/1.1', 'Host: example.com', 'Content-Length: 3', 'Connection: close'],
  );
  assert.deepEqual(
    passed('POST http://example.com/ HTTP/1.1', 'Transfer-Encoding: CHUNKED', 'Trailer: X'),
    ['POST / HTTP/1.1', 'Host: example.com', 'Transfer-Encoding: chunked'],
  );
  assert.deepEqual(
    passed('GET http://a/ HTTP/1.1', 'Connection: Upgrade', 'Upgrade: websocket, h2c'),
    ['GET / HTTP/1.1', 'Host: a', 'Upgrade: websocket', 'Connection: upgrade'],
  );
  assert.deepEqual(passed('OPTIONS http://a HTTP/1.1', 'Max-Forwards: 3'), [
    'OPTIONS * HTTP/1.1',
    'Host: a',
    'Max-Forwards: 2',
  ]);
});

test('whatever comes', () => {
  assertSurvives(parse, [...Buffer.from('GET ')]);
  const likely = fc.array(
    fc.constantFrom(
      'GET ',
      'http://a',
      '/',
      ' HTTP/1.1',
      '\r\n',
      '\r',
      '\n',
      'X: y',
      ' ',
      ':',
      '\t',
    ),
    { maxLength: 20 },
  );
  fc.assert(
    fc.property(likely, (parts) => {
      const bytes = Buffer.from(parts.join(''));
      try {
        const parsed = parse(bytes);
        if (parsed !== undefined) assert.deepEqual(parse(bytes.subarray(0, parsed.length)), parsed);
      } catch (error) {
        assert.ok(error instanceof ProtocolError, String(error));
      }
    }),
    { numRuns: 2000 },
  );
});
