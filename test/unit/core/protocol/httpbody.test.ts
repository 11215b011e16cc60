import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { bodyReader } from '#core/protocol/httpbody.js';
import { type Framing, HttpError } from '#core/protocol/httphead.js';

const chunked: Framing = { kind: 'chunked' };

interface Read {
  readonly passed: string;
  /** Octets that were the body's. */
  readonly count: number;
  readonly done: boolean;
}

/** Reads a body that comes in pieces. */
function readPieces(framing: Framing, framed: boolean, pieces: readonly Uint8Array[]): Read {
  const reader = bodyReader(framing, framed);
  const parts: Buffer[] = [];
  let count = 0;
  for (const piece of pieces) {
    const taken = reader.read(piece, (part) => parts.push(Buffer.from(part)));
    count += taken;
    if (taken < piece.length) assert.ok(reader.done);
  }
  return { passed: Buffer.concat(parts).toString('latin1'), count, done: reader.done };
}

/** Reads a body that comes at once, and sees that it is the same octet by octet, and cut anywhere. */
function read(framing: Framing, framed: boolean, text: string): Read {
  const bytes = Buffer.from(text, 'latin1');
  const whole = readPieces(framing, framed, [bytes]);
  const octets = Array.from(bytes, (_, i) => bytes.subarray(i, i + 1));
  assert.deepEqual(readPieces(framing, framed, octets), whole);
  for (let cut = 1; cut < bytes.length; cut++) {
    const halves = [bytes.subarray(0, cut), bytes.subarray(cut)];
    assert.deepEqual(readPieces(framing, framed, halves), whole, `cut at ${cut}`);
  }
  return whole;
}

test('a body of a length ends there', () => {
  const framing = { kind: 'length', length: 5 } as const;
  assert.deepEqual(read(framing, true, 'helloGET'), { passed: 'hello', count: 5, done: true });
  assert.deepEqual(read(framing, true, 'hell'), { passed: 'hell', count: 4, done: false });
  assert.equal(bodyReader({ kind: 'length', length: 0 }, true).done, true);
});

test('a body that ends with the connection has no other end', () => {
  assert.deepEqual(read({ kind: 'close' }, true, 'all'), { passed: 'all', count: 3, done: false });
});

describe('chunks', () => {
  const body = '5\r\nhello\r\n00A\r\n, worldly!\r\n0\r\n\r\n';
  test('pass as they are', () => {
    const { length: count } = body;
    assert.deepEqual(read(chunked, true, body), { passed: body, count, done: true });
    assert.deepEqual(read(chunked, true, `${body}GET`), { passed: body, count, done: true });
    assert.equal(read(chunked, true, body.slice(0, -1)).done, false);
  });

  test('or only what is in them', () => {
    const { passed, count } = read(chunked, false, `${body}GET`);
    assert.deepEqual([passed, count], ['hello, worldly!', body.length]);
  });

  test('extensions are not passed on', () => {
    const { passed, done } = read(chunked, true, '5;a=b;c="d;e"\r\nhello\r\n0;x\r\n\r\n');
    assert.deepEqual([passed, done], ['5\r\nhello\r\n0\r\n\r\n', true]);
  });

  test('of trailers those that can do no harm are', () => {
    const trailers = 'X-Sum: 1\r\nContent-Length: 9\r\nHost: b\r\nSet-Cookie: c\r\nY: 2\r\n';
    const text = `1\r\na\r\n0\r\n${trailers}\r\n`;
    assert.equal(read(chunked, true, text).passed, '1\r\na\r\n0\r\nX-Sum: 1\r\nY: 2\r\n\r\n');
    assert.equal(read(chunked, true, text).count, text.length);
    assert.equal(read(chunked, false, text).passed, 'a');
  });

  for (const [name, text] of [
    ['no size', '\r\n'],
    ['no hexadecimal size', 'g\r\n'],
    ['a signed size', '+5\r\nhello\r\n'],
    ['0x', '0x5\r\nhello\r\n'],
    ['a space behind the size', '5 \r\nhello\r\n'],
    ['a space before the size', ' 5\r\nhello\r\n'],
    ['a size beyond numbers', 'fffffffffffffff\r\n'],
    ['too many digits', '00000000000000005\r\nhello\r\n'],
    ['a bare line feed behind the size', '5\nhello\r\n'],
    ['a bare carriage return behind the size', '5\rhello\r\n'],
    ['more than the size', '5\r\nhello!\r\n'],
    ['a bare line feed behind the data', '5\r\nhello\n0\r\n\r\n'],
    ['a bare line feed in an extension', '5;a\n5\r\nhello\r\n'],
    ['a NUL in an extension', '5;\0\r\nhello\r\n'],
    ['extensions without end', `5;${'x'.repeat(17_000)}`],
    ['trailers without end', `0\r\nX: ${'x'.repeat(17_000)}`],
    ['a folded trailer', '0\r\nX: a\r\n b\r\n\r\n'],
    ['a trailer that is no field', '0\r\nX\r\n\r\n'],
    ['a bare line feed in trailers', '0\r\nX: a\n\r\n'],
    ['a bare carriage return in trailers', '0\r\nX: a\rb\r\n\r\n'],
    ['a NUL in trailers', '0\r\nX: \0\r\n\r\n'],
  ] as const) {
    test(`${name} is refused`, () => {
      assert.throws(() => readPieces(chunked, true, [Buffer.from(text)]), HttpError);
      const octets = Array.from(Buffer.from(text), (octet) => Buffer.of(octet));
      assert.throws(() => readPieces(chunked, true, octets), HttpError);
    });
  }

  test('any data in any pieces', () => {
    const data = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 6 });
    const property = fc.property(data, fc.integer({ min: 1, max: 50 }), (chunks, size) => {
      const parts = chunks.map((chunk) => [
        Buffer.from(`${chunk.length.toString(16)}\r\n`),
        chunk,
        Buffer.from('\r\n'),
      ]);
      const bytes = Buffer.concat([...parts.flat(), Buffer.from('0\r\n\r\nnext')]);
      const pieces = [];
      for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
      const end = bytes.length - 4;
      const reader = bodyReader(chunked, false);
      const got: Buffer[] = [];
      let count = 0;
      for (const piece of pieces) {
        if (!reader.done) count += reader.read(piece, (part) => got.push(Buffer.from(part)));
      }
      assert.ok(reader.done);
      assert.equal(count, end);
      assert.deepEqual(Buffer.concat(got), Buffer.concat(chunks));
    });
    fc.assert(property);
  });
});
