import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type Parser, ProtocolError } from '#core/protocol/parser.js';

/**
 * Asserts that a message is read whatever way it is cut: every prefix is not enough, and what
 * follows it, of whatever length, neither counts nor changes.
 */
export function assertParses<T>(parse: Parser<T>, message: Uint8Array, value: T): void {
  for (let cut = 0; cut < message.length; cut++) {
    const prefix = message.slice(0, cut);
    assert.equal(parse(prefix), undefined, `the first ${cut} of ${message.length} octets`);
    // What lies in memory behind the octets that came is none of them.
    assert.equal(parse(message.subarray(0, cut)), undefined, `a view of ${cut} octets`);
  }
  for (const trailing of [0, 1, 300]) {
    const bytes = Uint8Array.of(...message, ...Buffer.alloc(trailing, 0x05));
    const before = bytes.slice();
    assert.deepEqual(parse(bytes), { value, length: message.length });
    assert.deepEqual(bytes, before);
  }
}

/** Asserts that octets are no message, and that this is said in a sentence. */
export function assertRefuses(
  parse: Parser<unknown>,
  message: Uint8Array,
  expected: RegExp | { readonly name: string; readonly message: RegExp },
): void {
  assert.throws(() => parse(message), expected);
  assert.throws(() => parse(message), ProtocolError);
}

/**
 * Asserts that whatever comes is a message, the beginning of one, or a {@link ProtocolError}: and
 * that a message is read at its last octet, not before and not later.
 */
export function assertSurvives(parse: Parser<unknown>, start: readonly number[] = []): void {
  const octets = fc.uint8Array({ maxLength: 600, size: 'max' });
  const likely = fc.array(fc.constantFrom(0, 1, 2, 3, 4, 5, 0x7f, 0xff), { maxLength: 24 });
  const bytes = fc.oneof(
    octets,
    likely.map((list) => Uint8Array.from(list)),
  );
  fc.assert(
    fc.property(bytes, (rest) => {
      const message = Uint8Array.of(...start, ...rest);
      const parsed = outcome(parse, message);
      if (parsed === undefined || parsed instanceof Error) return;
      assert.ok(parsed.length > 0 && parsed.length <= message.length);
      assert.deepEqual(parse(message.slice(0, parsed.length)), parsed);
      assert.equal(parse(message.slice(0, parsed.length - 1)), undefined);
    }),
    { numRuns: 300 },
  );
}

function outcome<T>(parse: Parser<T>, bytes: Uint8Array) {
  try {
    return parse(bytes);
  } catch (error) {
    if (error instanceof ProtocolError) return error;
    throw error;
  }
}
