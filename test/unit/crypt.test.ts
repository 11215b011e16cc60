import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { after, describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { type HashFormat, makeHash, parseHash, verifyHash } from '#core/auth/crypt/formats.js';
import { libcryptSupports, loadLibcrypt } from '#core/auth/crypt/libcrypt.js';
import { CryptPool, CryptPoolBusyError } from '#core/auth/crypt/pool.js';

// Made with libxcrypt 4.4.33: mkpasswd, perl's crypt(), and openssl passwd.
const HORSE = 'correct horse';
const UNICODE = 'пароль-漢字-😀';
const BINARY = Uint8Array.of(0xff, 0xfe, 0x80);
const MD5 = '$1$abcdefgh$y6iHhJNbuC0xpbk0w9pm80';
const SHA256 = '$5$saltstring$vc6YOOogU4kWVvwga8e9zTFgKcy4tb5LaPxIiPJzqEC';
const SHA512 =
  '$6$saltstring$.r0X7ub5wGR2v4Xz7svCIozfnlorFh19V89t8KC9Umd81uGhFgsyTRNyzQDXDIm17fFcR9z3z7oBNdsyYBbtm/';
const BCRYPT = '$2b$05$fvWHgLO0LKWNnuG/85HvV..PE73sNMirJnnng0YZi9F4XsDaqcBLS';
const YESCRYPT = '$y$j75$8D6CvP8i76KRydsby4vnJ0$tNBO9FTixNwDQa5Y9Ks91iHtaAX84OVIguKZrOu/vJ3';
/** Takes half an hour to check. */
const ENDLESS = SHA512.replace('$6$', '$6$rounds=999999999$');

const VECTORS: readonly (readonly [format: HashFormat, password: string, hash: string])[] = [
  ['md5', HORSE, MD5],
  ['md5', UNICODE, '$1$abcdefgh$Cn3P42rlsxubb0tW5PKGC0'],
  ['md5', '', '$1$abcdefgh$M55TzYaaccxVGbptZWaxX/'],
  ['md5', 'x'.repeat(64), '$1$abcdefgh$O0X86kK5uBMSkmJGvfUOj.'],
  ['md5', 'x'.repeat(255), '$1$abcdefgh$sxQ.nmF6y2qvOyvStanpL0'],
  ['sha256', HORSE, SHA256],
  ['sha256', HORSE, SHA256.replace('$5$', '$5$rounds=5000$')],
  ['sha256', HORSE, '$5$rounds=77777$saltsalt$FuTU5DZRdQljX7TTTufKh4ICLajex/Fn1OZpzfzE.t6'],
  ['sha256', UNICODE, '$5$saltstring$sR6CoUWkoZ3mSN5JgEJDwcCqUKVJzRbjcTxgLbDu6m9'],
  ['sha256', '', '$5$saltstring$FdNfA4gXqvCeO6iZs7G/.wwwoywYZqo0l1pwmfWaBA7'],
  ['sha256', 'x'.repeat(32), '$5$saltstring$xLASXGU7L2tnQezB4rwhJEBqDVqcstZLQvC6JaczsJA'],
  ['sha256', 'x'.repeat(64), '$5$saltstring$.Q4wJP3hnYUpcFYigvdygfeEBqAFzeeKjKg/MtHRkKA'],
  ['sha256', 'x'.repeat(255), '$5$saltstring$PEi1SNpuZsn/v35xdQ94JOi4//GbfllDP/XMuiFRMq/'],
  ['sha512', HORSE, SHA512],
  [
    'sha512',
    HORSE,
    '$6$rounds=1000$saltsaltsaltsalt$90PYBEdNthW.s1MdBAGmZzUlBcO3THQlu3cLQCSmKwwDU4eOztdiNqFHvvjbULR8htwd7bcG6QXZbqiJ2JtSh.',
  ],
  [
    'sha512',
    UNICODE,
    '$6$saltstring$gt87wRVryCChLiZWh4y1P7URtB6hitcN2JDXDZlrNpLLabqYJKNZwibpbs4Ig6qjqYJOWGlTCHbenux8Kfiki.',
  ],
  [
    'sha512',
    '',
    '$6$saltstring$kyGrqt6gmjAdtFLPrflEFifSYLCWWq1pyx95SvqinLDy2UHmj0sTF0MSLMwxPFZc3tu5kQckI8fks0zOPda3n1',
  ],
  [
    'sha512',
    'x'.repeat(64),
    '$6$saltstring$SSoAqlzjEXraQ.dDguxosFViX0Mfw4O.kEQXNqWn2FWfLIsQUWxK3xUguKKWh/yPYlb6YCK5MTl1eAQTuZtVf.',
  ],
  [
    'sha512',
    'x'.repeat(255),
    '$6$saltstring$SHfxa8x5wgkTYRB0F2sGAlI2AB4Jkhev2sARUDN.84.ysIaZcZ759Vahd1OsUnEPzy9E86lAUsOGLcz2mKeXt0',
  ],
  ['bcrypt', HORSE, BCRYPT],
  ['bcrypt', HORSE, '$2a$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e'],
  ['bcrypt', HORSE, '$2y$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e'],
  ['bcrypt', UNICODE, '$2b$04$abcdefghijklmnopqrstuucj2JU7sjcbLEK9fWpo3XJtBvQkpUHtK'],
  ['bcrypt', '', '$2b$04$abcdefghijklmnopqrstuubyCG3zY1GIXMyxfivm.ClDiInHzxjiq'],
  ['bcrypt', 'x'.repeat(64), '$2b$04$abcdefghijklmnopqrstuuI/zbVz7rMQrNxQD2FUlNoUjOA96U/ge'],
  ['bcrypt', 'x'.repeat(255), '$2b$04$abcdefghijklmnopqrstuubzadhGtS2zEF.gu0yd0opP6cVzb.e0i'],
];

const YESCRYPT_VECTORS: readonly (readonly [password: string, hash: string])[] = [
  [HORSE, YESCRYPT],
  [HORSE, '$y$j9T$8UnOQAiW4L3dMVZg7aTTh1$orii5ZbIsx5fWJ9Q/WQJF.aJ/NjeATrOAU4xbg08FcD'],
  [UNICODE, '$y$j75$8D6CvP8i76KRydsby4vnJ0$mypErGeCAtVFk1TsMiF5Y.Yx8honT4.nWXRJ6yJgG41'],
  ['', '$y$j75$8D6CvP8i76KRydsby4vnJ0$.bBqz63OmERxYZtfvN.WzaiZP2cJl4U261F47AH2Dj2'],
  ['x'.repeat(64), '$y$j75$8D6CvP8i76KRydsby4vnJ0$//9qeWRm9f342b9X2cnTyQCUqxqfXKJx266PVyH6Nt8'],
  ['x'.repeat(255), '$y$j75$8D6CvP8i76KRydsby4vnJ0$489ylA7rHZm6uihGSYqm8qZGEy3ktlpHam1CODu5tY0'],
];

/** Another password, different from the first character on. */
const wrong = (password: string): string => `!${password.slice(1)}`;

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Skips the test where there is no libxcrypt, which in CI there must be. */
async function withoutYescrypt(t: TestContext): Promise<boolean> {
  const reason = await libcryptSupports();
  if (reason === undefined) return false;
  assert.match(reason, /^this system's crypt library cannot check yescrypt \(\$y\$\) hashes: ./);
  const { CI } = process.env;
  assert.equal(CI, undefined, reason);
  t.skip(reason);
  return true;
}

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

  test('in the pool', async (t) => {
    if (await withoutYescrypt(t)) return;
    const pool = new CryptPool({ threads: 2 });
    t.after(() => pool.close());
    assert.equal(await pool.supports(YESCRYPT), undefined);
    const passwords = [HORSE, 'wrong', HORSE, 'wrong', HORSE];
    const results = await Promise.all(passwords.map((text) => pool.verify(bytes(text), YESCRYPT)));
    assert.deepEqual(results, [true, false, true, false, true]);
  });

  test('close() while a thread loads the library', async (t) => {
    if (await withoutYescrypt(t)) return;
    for (let delay = 0; delay < 30; delay += 2) {
      const pool = new CryptPool({ threads: 1 });
      const started = once(process, 'worker') as Promise<[Worker]>;
      const first = pool.verify(bytes(HORSE), YESCRYPT);
      const second = pool.verify(bytes(HORSE), YESCRYPT).catch((error: Error) => error.message);
      const [worker] = await started;
      await once(worker, 'online');
      await sleep(delay);
      await pool.close();
      assert.equal(await first, true);
      assert.match(String(await second), /true|closed/);
    }
  });
});

describe('CryptPool', () => {
  const pool = new CryptPool({ threads: 2 });
  after(() => pool.close());

  test('refuses options out of range', () => {
    for (const options of [
      { threads: 0 },
      { threads: 1.5 },
      { queue: -1 },
      { queue: Number.NaN },
    ]) {
      assert.throws(() => new CryptPool(options), RangeError);
    }
  });

  test('checks many passwords at once, each against its own hash', async () => {
    const cheap = VECTORS.filter(([, , hash]) => !hash.includes('77777'));
    const results = await Promise.all(
      cheap.flatMap(([, password, hash]) => [
        pool.verify(bytes(password), hash),
        pool.verify(bytes(wrong(password)), hash),
      ]),
    );
    assert.deepEqual(
      results,
      cheap.flatMap(() => [true, false]),
    );
  });

  test("leaves the caller's password alone", async () => {
    const slab = Buffer.from(`before ${HORSE} after`);
    assert.equal(await pool.verify(slab.subarray(7, 7 + HORSE.length), SHA512), true);
    assert.equal(slab.toString(), `before ${HORSE} after`);
  });

  test('supports what needs no library, and rejects what is malformed', async () => {
    assert.equal(await pool.supports(MD5), undefined);
    assert.equal(await pool.supports(BCRYPT), undefined);
    await assert.rejects(pool.supports('$6$nonsense'), /malformed/);
    await assert.rejects(pool.verify(bytes(HORSE), '$6$nonsense'), /malformed/);
  });

  test('the event loop turns while 20 passwords are checked', async () => {
    let turns = 0;
    const timer = setInterval(() => {
      turns += 1;
    }, 2);
    const checks = Array.from({ length: 20 }, () => pool.verify(bytes(HORSE), SHA512));
    assert.ok((await Promise.all(checks)).every(Boolean));
    clearInterval(timer);
    assert.ok(turns >= 10, `${turns} turns`);
  });

  test('refuses more than may wait', async (t) => {
    const small = new CryptPool({ threads: 1, queue: 2 });
    t.after(() => small.close());
    const checks = Array.from({ length: 3 }, () => small.verify(bytes(HORSE), SHA512));
    await assert.rejects(small.verify(bytes(HORSE), SHA512), CryptPoolBusyError);
    assert.deepEqual(await Promise.all(checks), [true, true, true]);
    assert.equal(await small.verify(bytes(HORSE), SHA512), true);
  });

  test('without a queue, takes as many as it has threads', async (t) => {
    const direct = new CryptPool({ threads: 1, queue: 0 });
    t.after(() => direct.close());
    const first = direct.verify(bytes(HORSE), SHA512);
    await assert.rejects(direct.verify(bytes(HORSE), SHA512), CryptPoolBusyError);
    assert.equal(await first, true);
  });

  test('a thread that dies fails its own password only, and is replaced', async (t) => {
    const single = new CryptPool({ threads: 1 });
    t.after(() => single.close());
    const started = once(process, 'worker') as Promise<[Worker]>;
    const doomed = assert.rejects(single.verify(bytes(HORSE), ENDLESS), /thread died/);
    const waiting = single.verify(bytes(HORSE), SHA512);
    const [worker] = await started;
    await worker.terminate();
    await doomed;
    assert.equal(await waiting, true);
  });

  test('close() ends what runs and what waits, at once and for good', async () => {
    const closing = new CryptPool({ threads: 1 });
    const started = once(process, 'worker') as Promise<[Worker]>;
    const checks = [ENDLESS, SHA512].map((hash) =>
      assert.rejects(closing.verify(bytes(HORSE), hash), /closed/),
    );
    const [worker] = await started;
    await once(worker, 'online');
    await sleep(20);
    await Promise.all([closing.close(), closing.close()]);
    await Promise.all(checks);
    assert.equal(worker.threadId, -1);
    await assert.rejects(closing.verify(bytes(HORSE), SHA512), /closed/);
    await closing.close();
  });

  test('a pool that was never used closes', async () => {
    await new CryptPool().close();
  });

  test('idle threads do not keep a process, and close() leaves nothing', async () => {
    const script = `
      import { CryptPool } from '#core/auth/crypt/pool.js';
      const check = (pool) => pool.verify(Buffer.from(${JSON.stringify(HORSE)}), '${SHA512}');
      const closed = new CryptPool({ threads: 2 });
      await Promise.all([check(closed), check(closed), check(closed)]);
      await closed.close();
      console.log(process.getActiveResourcesInfo().filter((name) => /Worker|Port/.test(name)).length);
      const idle = new CryptPool({ threads: 2 });
      console.log(await check(idle));
      process.on('exit', (code) => console.log('exit', code));
    `;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--input-type=module', '--eval', script],
      { timeout: 10_000 },
    );
    assert.equal(stdout, '0\ntrue\nexit 0\n');
  });
});
