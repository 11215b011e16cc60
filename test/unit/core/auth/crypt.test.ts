import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { makeHash, parseHash } from '#core/auth/crypt/formats.js';
import { loadLibcrypt } from '#core/auth/crypt/libcrypt.js';
import { verifyHash } from '#core/auth/crypt/verify.js';
import {
  BCRYPT,
  BINARY,
  bytes,
  HORSE,
  MD5,
  SHA256,
  SHA512,
  UNICODE,
  VECTORS,
  withoutYescrypt,
  wrong,
  YESCRYPT,
  YESCRYPT_VECTORS,
} from '../../../support/hashes.js';

describe('hash formats', () => {
  for (const [format, password, hash] of VECTORS) {
    test(`${hash.slice(0, 18)}... of ${password.length} characters`, () => {
      assert.equal(parseHash(hash).format, format);
      assert.equal(verifyHash(bytes(password), hash), true);
      assert.equal(verifyHash(bytes(wrong(password)), hash), false);
    });
  }

  test('yescrypt is recognised, but needs the library', () => {
    assert.equal(parseHash(YESCRYPT).format, 'yescrypt');
    assert.throws(() => verifyHash(bytes(HORSE), YESCRYPT), /crypt library/);
  });

  test('a hash of another salt or other rounds does not match', () => {
    assert.equal(verifyHash(bytes(HORSE), MD5.replace('abcdefgh', 'abcdefgi')), false);
    assert.equal(verifyHash(bytes(HORSE), SHA256.replace('$5$', '$5$rounds=5001$')), false);
    assert.equal(verifyHash(bytes(HORSE), SHA512.replace('saltstring', 'saltstrinG')), false);
    assert.equal(verifyHash(bytes(HORSE), BCRYPT.replace('$05$', '$06$')), false);
  });

  test('bytes that are not UTF-8', () => {
    assert.equal(verifyHash(BINARY, '$1$abcdefgh$H9dbTP0ra.z/Nsqt.K2WJ1'), true);
    assert.equal(
      verifyHash(BINARY, '$5$saltstring$fG/dYrwUAHQS0S0F4g7p9tdK2TPppIb9JIo2QosWWv4'),
      true,
    );
    const bcrypt = '$2b$04$abcdefghijklmnopqrstuu5FfXk1eFWXC7aN/fIBM3vUuC450abfK';
    assert.equal(verifyHash(BINARY, bcrypt), false);
    const replacementCharacters = '$2b$04$abcdefghijklmnopqrstuuzSvNCEURp4I..PNKrbNLOSJAXRTFagW';
    assert.equal(verifyHash(bytes('\ufffd\ufffd\ufffd'), replacementCharacters), true);
    assert.equal(verifyHash(BINARY, replacementCharacters), false);
  });

  test('a byte order mark is part of the password', () => {
    for (const hash of [MD5, SHA256, SHA512, BCRYPT]) {
      assert.equal(verifyHash(bytes(`\ufeff${HORSE}`), hash), false);
    }
  });

  test('bcrypt uses 72 bytes, the others all', () => {
    const hash = '$2b$04$abcdefghijklmnopqrstuuBzzIgyKkz7xMWYSzkIjUSnxEQFQ0WNe';
    assert.equal(verifyHash(bytes('a'.repeat(72)), hash), true);
    assert.equal(verifyHash(bytes(`${'a'.repeat(72)}b`), hash), true);
    assert.equal(verifyHash(bytes('a'.repeat(71)), hash), false);
    const long = makeHash('a'.repeat(72));
    assert.equal(verifyHash(bytes(`${'a'.repeat(72)}b`), long), false);
  });

  test('a NUL, or more bytes than the wire can carry, never matches', () => {
    for (const hash of [MD5, SHA256, SHA512, BCRYPT]) {
      assert.equal(verifyHash(bytes(`${HORSE}\0`), hash), false);
      assert.equal(verifyHash(bytes(`${HORSE}\0${HORSE}`), hash), false);
    }
    const [, , bcryptOf255] = VECTORS.at(-1) ?? assert.fail();
    assert.equal(verifyHash(bytes('x'.repeat(256)), bcryptOf255), false);
  });

  const MALFORMED: readonly (readonly [string, RegExp])[] = [
    ['', /must begin with/],
    ['*', /must begin with/],
    [`!${SHA512}`, /must begin with/],
    ['abJnggxhB/yWI', /must begin with/],
    [BCRYPT.replace('$2b$', '$2x$'), /must begin with/],
    [YESCRYPT.replace('$y$', '$gy$'), /must begin with/],
    ['$6$', /malformed/],
    [`${SHA512}\n`, /malformed/],
    [`${SHA512}.`, /malformed/],
    [SHA512.slice(0, -1), /malformed/],
    [SHA512.replace('$6$', '$5$'), /malformed/],
    [SHA512.replace('saltstring', ''), /malformed/],
    [SHA512.replace('saltstring', '12345678901234567'), /malformed/],
    [SHA512.replace('saltstring', 'salt string'), /malformed/],
    [SHA512.replace('saltstring', 'salt:string'), /malformed/],
    [SHA512.replace('$6$', '$6$rounds=$'), /malformed/],
    [SHA512.replace('$6$', '$6$rounds=01000$'), /malformed/],
    [SHA512.replace('saltstring', 'rounds=5000'), /malformed/],
    [SHA512.replace('$6$', '$6$rounds=999$'), /rounds .* 1000 to 999999999/],
    [SHA256.replace('$5$', '$5$rounds=1000000000$'), /rounds .* 1000 to 999999999/],
    [SHA256.replace(/.$/, 'E'), /malformed/],
    [MD5.replace('abcdefgh', 'abcdefghi'), /malformed/],
    [MD5.replace(/.$/, '2'), /malformed/],
    [BCRYPT.replace('$05$', '$5$'), /malformed/],
    [BCRYPT.replace('$05$', '$03$'), /cost .* 04 to 31/],
    [BCRYPT.replace('$05$', '$32$'), /cost .* 04 to 31/],
    [BCRYPT.replace(/.$/, 'T'), /malformed/],
    [YESCRYPT.replace('j75', ''), /malformed/],
    [YESCRYPT.replace('8D6CvP8i76KRydsby4vnJ0', 'a'.repeat(87)), /malformed/],
  ];
  for (const [hash, message] of MALFORMED) {
    test(`malformed: ${JSON.stringify(hash)}`, () => {
      assert.throws(
        () => parseHash(hash),
        (error: Error) => {
          assert.match(error.message, message);
          assert.ok(hash.length < 5 || !error.message.includes(hash));
          return true;
        },
      );
      assert.throws(() => verifyHash(bytes(HORSE), hash), message);
    });
  }

  test('a hash with one character changed is refused or matches nothing', () => {
    const mutation = fc.record({
      hash: fc.constantFrom(MD5, SHA256, SHA512, BCRYPT),
      at: fc.nat(),
      length: fc.nat(2),
      text: fc.string({ maxLength: 2 }),
    });
    fc.assert(
      fc.property(mutation, ({ hash, at, length, text }) => {
        const start = at % hash.length;
        const mutated = hash.slice(0, start) + text + hash.slice(start + length);
        fc.pre(mutated !== hash && !mutated.includes('rounds=') && !/^\$2.\$[1-3]/.test(mutated));
        // $2a$, $2b$ and $2y$ are one method.
        fc.pre(mutated.slice(3) !== hash.slice(3));
        let matched = false;
        try {
          matched = verifyHash(bytes(HORSE), mutated);
        } catch (error) {
          assert.match(String(error), /malformed|must be/);
        }
        assert.equal(matched, false);
      }),
      { numRuns: 60 },
    );
  });

  test('any text is a hash or an error', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.stringMatching(/^\$(1|5|6|2a|2b|2y|y)\$[./0-9A-Za-z$=]{0,120}$/),
    );
    fc.assert(
      fc.property(text, (hash) => {
        try {
          parseHash(hash);
        } catch (error) {
          assert.ok(error instanceof Error && !(hash.length > 8 && error.message.includes(hash)));
        }
      }),
    );
  });
});

describe('makeHash', () => {
  test('makes a $6$ hash of the password, each time with another salt', () => {
    const hash = makeHash(UNICODE);
    assert.match(hash, /^\$6\$[./0-9A-Za-z]{16}\$[./0-9A-Za-z]{86}$/);
    assert.equal(verifyHash(bytes(UNICODE), hash), true);
    assert.equal(verifyHash(bytes(HORSE), hash), false);
    assert.notEqual(makeHash(UNICODE), hash);
  });

  test('any password that can be sent', () => {
    const password = fc.string({ unit: 'binary', minLength: 1, maxLength: 63 });
    fc.assert(
      fc.property(password, (text) => {
        fc.pre(!text.includes('\0'));
        assert.equal(verifyHash(bytes(text), makeHash(text)), true);
      }),
      { numRuns: 20 },
    );
  });

  for (const password of ['', 'x'.repeat(256), 'é'.repeat(128), 'a\0b', 'a\ud800b']) {
    test(`refuses ${JSON.stringify(password).slice(0, 20)} of ${password.length} characters`, () => {
      assert.throws(() => makeHash(password), RangeError);
    });
  }
});

describe('yescrypt', () => {
  test('known hashes', async (t) => {
    if (await withoutYescrypt(t)) return;
    const libcrypt = await loadLibcrypt();
    for (const [password, hash] of YESCRYPT_VECTORS) {
      assert.equal(verifyHash(bytes(password), hash, libcrypt), true);
      assert.equal(verifyHash(bytes(wrong(password)), hash, libcrypt), false);
      assert.equal(verifyHash(bytes(`${password}\0`), hash, libcrypt), false);
    }
    const ofBinary = '$y$j75$8D6CvP8i76KRydsby4vnJ0$widHIIBUKqkYL906PVYjWOzZm8Ln8/Qw2qyXnTT8Jk6';
    assert.equal(verifyHash(BINARY, ofBinary, libcrypt), true);
  });

  test('parameters the library refuses are an error, not a wrong password', async (t) => {
    if (await withoutYescrypt(t)) return;
    const libcrypt = await loadLibcrypt();
    const hash = YESCRYPT.replace('$j75$', '$zzz$');
    assert.throws(() => verifyHash(bytes(HORSE), hash, libcrypt), /refuses the hash/);
  });
});
