import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { decodeUserName } from '#core/auth/username.js';
import { encodeStatus, parseCredentials } from '#core/protocol/userpass.js';
import { assertParses, assertRefuses, assertSurvives } from '../../../support/parsing.js';
import { bytes } from '../../../support/sockets.js';

const field = (content: string | Uint8Array) => bytes(content.length, content);

//     +-----+------+----------+------+----------+
//     | VER | ULEN |  UNAME   | PLEN |  PASSWD  |
//     +-----+------+----------+------+----------+
//     |  1  |  1   | 1 to 255 |  1   | 1 to 255 |
//     +-----+------+----------+------+----------+
describe('username/password', () => {
  const longest = 'x'.repeat(255);
  const cases = [
    ['alice', 'correct horse'],
    ['a', 'b'],
    ['alice', ''],
    ['', 'secret'],
    ['', ''],
    [longest, longest],
    ['with:colon\0', '\0\x01'],
  ] as const;
  for (const [user, password] of cases) {
    test(`of ${user.length} and ${password.length} octets`, () => {
      const message = bytes(1, field(user), field(password));
      assertParses(parseCredentials, message, {
        user: Uint8Array.from(bytes(user)),
        password: Uint8Array.from(bytes(password)),
      });
    });
  }

  test('can be wiped where it was received', () => {
    const message = bytes(1, field('alice'), field('secret'), 'next');
    parseCredentials(message)?.value.password.fill(0);
    assert.deepEqual(message, bytes(1, field('alice'), field('\0\0\0\0\0\0'), 'next'));
  });

  test('of another version, SOCKS 5 included', () => {
    for (let version = 0; version < 256; version++) {
      if (version === 1) continue;
      const expected = { name: 'ProtocolError', message: new RegExp(`version ${version}$`) };
      assertRefuses(parseCredentials, Uint8Array.of(version), expected);
    }
  });

  test('any octets', () => {
    const octets = fc.uint8Array({ maxLength: 255 });
    fc.assert(
      fc.property(octets, octets, (user, password) => {
        const message = bytes(1, field(user), field(password));
        assertParses(parseCredentials, message, { user, password });
      }),
      { numRuns: 20 },
    );
  });

  test('whatever comes', () => {
    for (const start of [[], [1]]) assertSurvives(parseCredentials, start);
  });

  test('status', () => {
    assert.deepEqual(encodeStatus(true), Uint8Array.of(1, 0));
    assert.deepEqual(encodeStatus(false), Uint8Array.of(1, 1));
  });
});

describe('user names', () => {
  const names: readonly (readonly [octets: Buffer, name: string])[] = [
    [bytes('alice'), 'alice'],
    [Buffer.from('Zoë 漢字'), 'Zoë 漢字'],
    [Buffer.from('Zoë', 'latin1'), 'Zoë'],
    [bytes(0xc3), 'Ã'],
    [Buffer.from('\ufeffalice'), '\ufeffalice'],
    [bytes('a', 0, 'b'), 'a\0b'],
    [bytes(), ''],
  ];
  for (const [octets, name] of names) {
    test(JSON.stringify(name), () => assert.equal(decodeUserName(octets), name));
  }

  test('any text that is sent as UTF-8', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        assert.equal(decodeUserName(Buffer.from(name)), name);
      }),
    );
  });

  test('any octets, with one name for each', () => {
    const octets = fc.uint8Array({ maxLength: 255 });
    fc.assert(
      fc.property(octets, (name) => {
        const decoded = decodeUserName(name);
        const encodings = [Buffer.from(decoded), Buffer.from(decoded, 'latin1')];
        assert.ok(encodings.some((encoded) => encoded.equals(name)));
      }),
    );
  });
});
