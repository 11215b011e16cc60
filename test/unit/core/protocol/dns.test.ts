import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { encodeQuery, isHostName, RecordType, readAnswer } from '#core/protocol/dns.js';
import { ProtocolError } from '#core/protocol/parser.js';
import { type DnsReply, dnsReply, nameOctets } from '../../../support/dns.js';

const V4 = '192.0.2.1';
const query = encodeQuery(0x1234, 'www.example.com', RecordType.a);
const message = Buffer.from(query.message);
const good = (reply: DnsReply) => dnsReply(message, reply);
const nothing = { truncated: false, failure: undefined, addresses: [], ttl: undefined };

/** An answer with records as they are. */
function raw(
  records: readonly Uint8Array[],
  counts: readonly [number, number] = [records.length, 0],
) {
  const head = good({});
  head.writeUInt16BE(counts[0], 6);
  head.writeUInt16BE(counts[1], 8);
  return Buffer.concat([head, ...records]);
}

describe('a query', () => {
  test('octet by octet', () => {
    const octets =
      '1234 0100 0001 0000 0000 0000 03777777 07 6578616d706c65 03 636f6d 00 0001 0001';
    assert.equal(message.toString('hex'), octets.replaceAll(' ', ''));
    assert.equal(query.name, 'www.example.com');
    const whole = encodeQuery(0x1234, 'WWW.Example.com.', RecordType.aaaa);
    assert.equal(whole.name, 'www.example.com');
    assert.deepEqual(Buffer.from(whole.message.subarray(0, -4)), message.subarray(0, -4));
    assert.equal(whole.message.at(-3), 28);
  });

  const names: readonly (readonly [name: string, can: boolean])[] = [
    ['a', true],
    ['a.b.', true],
    ['_dns.xn--a.example', true],
    ['a'.repeat(63), true],
    ['a'.repeat(64), false],
    [Array(127).fill('a').join('.'), true],
    [Array(128).fill('a').join('.'), false],
    ['', false],
    ['.', false],
    ['a..b', false],
    ['a.b..', false],
    ['a b', false],
    ['a%b', false],
    ['ä', false],
  ];
  for (const [name, can] of names) {
    test(`of ${JSON.stringify(name.slice(0, 20))}, ${name.length} octets: ${can}`, () => {
      assert.equal(isHostName(name), can);
      if (can) encodeQuery(1, name, RecordType.a);
      else assert.throws(() => encodeQuery(1, name, RecordType.a), RangeError);
    });
  }
});

describe('an answer', () => {
  test('has addresses and the shortest TTL', () => {
    const found = readAnswer(good({ addresses: [V4, '192.0.2.2'], ttl: 300 }), query);
    assert.deepEqual(found, { ...nothing, addresses: [V4, '192.0.2.2'], ttl: 300 });
  });

  test('of IPv6', () => {
    const asked = encodeQuery(7, 'a.example', RecordType.aaaa);
    const bytes = dnsReply(Buffer.from(asked.message), { addresses: ['2001:db8::1'] });
    assert.deepEqual(readAnswer(bytes, asked)?.addresses, ['2001:db8::1']);
  });

  test('follows aliases, in whatever order they come', () => {
    const aliases = ['a.example.net', 'b.example.net'];
    const bytes = good({ addresses: [V4], aliases, ttl: 60 });
    assert.deepEqual(readAnswer(bytes, query)?.addresses, [V4]);
    const other = good({ addresses: [V4], aliases: ['b.example.net'], ttl: 60 });
    assert.equal(readAnswer(other, query)?.ttl, 60);
  });

  test('of another case, and with names that point back, is one', () => {
    const bytes = good({ addresses: [V4], name: 'wWw.eXample.com' });
    assert.deepEqual(readAnswer(bytes, query)?.addresses, [V4]);
    const pointing = Buffer.of(0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 192, 0, 2, 1);
    const found = readAnswer(raw([pointing]), query);
    assert.deepEqual(found, { ...nothing, addresses: [V4], ttl: 9 });
  });

  test('of a TTL with its highest bit set is not kept', () => {
    const bytes = good({ addresses: [V4], ttl: 0xffffffff });
    assert.equal(readAnswer(bytes, query)?.ttl, 0);
  });

  const negative: readonly (readonly [what: string, reply: DnsReply, ttl: number | undefined])[] = [
    ['no such name', { code: 3, soa: [900, 60] }, 60],
    ['no such name, a short TTL of the SOA record', { code: 3, soa: [30, 60] }, 30],
    ['no address', { soa: [900, 900] }, 900],
    ['an alias of nothing', { aliases: ['x.example'], soa: [5, 900] }, 5],
    ['nothing at all', {}, undefined],
  ];
  for (const [what, reply, ttl] of negative) {
    test(`${what} holds for ${ttl} s`, () => {
      assert.deepEqual(readAnswer(good(reply), query), { ...nothing, ttl });
    });
  }

  const failures: readonly (readonly [code: number, failure: string])[] = [
    [1, 'format error'],
    [2, 'server failure'],
    [5, 'refused'],
    [9, 'error 9'],
  ];
  for (const [code, failure] of failures) {
    test(`of code ${code} says ${failure}`, () => {
      assert.equal(readAnswer(good({ code, addresses: [V4] }), query)?.failure, failure);
      const bare = good({ code }).subarray(0, 12);
      bare.writeUInt16BE(0, 4);
      assert.equal(readAnswer(bare, query)?.failure, failure, 'without the question');
    });
  }

  test('that does not fit says so, and is not read further', () => {
    const bytes = good({ truncated: true, addresses: [V4] });
    assert.deepEqual(readAnswer(bytes.subarray(0, -3), query), { ...nothing, truncated: true });
  });
});

describe('what answers something else is no answer', () => {
  const other = good({ addresses: [V4] });
  const changed = (at: number, octet: number) => {
    const bytes = Buffer.from(other);
    bytes[at] = octet;
    return bytes;
  };
  const cases: readonly (readonly [what: string, message: Uint8Array])[] = [
    ['another id', good({ id: 0x1235, addresses: [V4] })],
    ['another name', good({ name: 'www.example.net', addresses: [V4] })],
    ['a name with a dot in a label', changed(12 + 4 + 4, 0x2e)],
    ['another type', changed(12 + 17 + 1, 28)],
    ['another class', changed(12 + 17 + 3, 3)],
    ['a query', changed(2, 0x01)],
    ['another opcode', changed(2, 0xa8)],
    ['no question', changed(5, 0)],
    ['two questions', changed(5, 2)],
    ['nothing', Buffer.alloc(0)],
    ['half a header', other.subarray(0, 11)],
    ['half a question', other.subarray(0, 20)],
    [
      'a question that points at itself',
      Buffer.concat([other.subarray(0, 12), Buffer.of(0xc0, 12, 0, 1, 0, 1)]),
    ],
  ];
  for (const [what, bytes] of cases) {
    test(what, () => assert.equal(readAnswer(bytes, query), undefined));
  }
});

describe('what is malformed is an error', () => {
  const own = nameOctets('www.example.com');
  const address = (name: Uint8Array, octets = [192, 0, 2, 1]) =>
    Buffer.concat([name, Buffer.of(0, 1, 0, 1, 0, 0, 0, 9, 0, octets.length, ...octets)]);
  const at = 12 + 17 + 4;
  const alias = (target: Uint8Array) =>
    Buffer.concat([own, Buffer.of(0, 5, 0, 1, 0, 0, 0, 9, 0, target.length), target]);
  const cases: readonly (readonly [what: string, message: Uint8Array])[] = [
    ['a name that points at itself', raw([address(Buffer.of(0xc0, at))])],
    ['a name that points forth', raw([address(Buffer.of(0xc0, at + 2))])],
    ['two names that point at each other', raw([address(Buffer.of(0xc0, at + 2, 0xc0, at))])],
    ['a name that never ends', raw([address(Buffer.from(Array(120).fill([1, 97]).flat()))])],
    ['a name of many labels', raw([address(nameOctets(Array(128).fill('a').join('.')))])],
    ['an unknown type of label', raw([address(Buffer.of(0x41, 0))])],
    ['an address of three octets', raw([address(own, [192, 0, 2])])],
    ['an alias of itself', raw([alias(own)])],
    ['more records than there are', raw([address(own)], [2, 0])],
    ['a record that is longer than the message', raw([address(own).subarray(0, -1)])],
    ['half a SOA record', raw([Buffer.of(0, 0, 6, 0, 1, 0, 0, 0, 9, 0, 2, 0, 0)], [0, 1])],
  ];
  for (const [what, bytes] of cases) {
    test(what, () => assert.throws(() => readAnswer(bytes, query), ProtocolError));
  }

  test('more aliases than anybody needs', () => {
    const aliases = Array.from({ length: 30 }, (_, i) => `n${i}.example`);
    assert.throws(() => readAnswer(good({ aliases, addresses: [V4] }), query), ProtocolError);
  });
});

test('any octets are an answer, no answer, or malformed', () => {
  const base = good({ addresses: [V4], aliases: ['a.example'], soa: [1, 2] });
  const change = fc.array(fc.tuple(fc.nat(base.length - 1), fc.nat(255)), { maxLength: 8 });
  fc.assert(
    fc.property(
      change,
      fc.nat(base.length),
      fc.uint8Array({ maxLength: 40 }),
      (changes, cut, more) => {
        const bytes = Buffer.concat([base.subarray(0, cut), more]);
        for (const [place, octet] of changes) if (place < bytes.length) bytes[place] = octet;
        try {
          const found = readAnswer(bytes, query);
          assert.ok(found === undefined || found.addresses.length <= 32);
        } catch (error) {
          assert.ok(error instanceof ProtocolError, String(error));
        }
      },
    ),
    { numRuns: 2000 },
  );
});

test('the largest answer is read in little time, and not all of it is taken', () => {
  const one = Buffer.of(0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 192, 0, 2, 1);
  const records = Array.from({ length: 4000 }, () => one);
  assert.equal(readAnswer(raw(records), query)?.addresses.length, 32);
});
