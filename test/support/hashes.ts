import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { HashFormat } from '#core/auth/crypt/formats.js';
import { libcryptSupports } from '#core/auth/crypt/libcrypt.js';
import { isCI } from './programs.js';

// Made with libxcrypt 4.4.33: mkpasswd, perl's crypt(), and openssl passwd.
export const HORSE = 'correct horse';
export const UNICODE = 'пароль-漢字-😀';
export const BINARY = Uint8Array.of(0xff, 0xfe, 0x80);
export const MD5 = '$1$abcdefgh$y6iHhJNbuC0xpbk0w9pm80';
export const SHA256 = '$5$saltstring$vc6YOOogU4kWVvwga8e9zTFgKcy4tb5LaPxIiPJzqEC';
export const SHA512 =
  '$6$saltstring$.r0X7ub5wGR2v4Xz7svCIozfnlorFh19V89t8KC9Umd81uGhFgsyTRNyzQDXDIm17fFcR9z3z7oBNdsyYBbtm/';
export const BCRYPT = '$2b$05$fvWHgLO0LKWNnuG/85HvV..PE73sNMirJnnng0YZi9F4XsDaqcBLS';
export const YESCRYPT = '$y$j75$8D6CvP8i76KRydsby4vnJ0$tNBO9FTixNwDQa5Y9Ks91iHtaAX84OVIguKZrOu/vJ3';
/** Takes half an hour to check. */
export const ENDLESS = SHA512.replace('$6$', '$6$rounds=999999999$');

export const VECTORS: readonly (readonly [format: HashFormat, password: string, hash: string])[] = [
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

export const YESCRYPT_VECTORS: readonly (readonly [password: string, hash: string])[] = [
  [HORSE, YESCRYPT],
  [HORSE, '$y$j9T$8UnOQAiW4L3dMVZg7aTTh1$orii5ZbIsx5fWJ9Q/WQJF.aJ/NjeATrOAU4xbg08FcD'],
  [UNICODE, '$y$j75$8D6CvP8i76KRydsby4vnJ0$mypErGeCAtVFk1TsMiF5Y.Yx8honT4.nWXRJ6yJgG41'],
  ['', '$y$j75$8D6CvP8i76KRydsby4vnJ0$.bBqz63OmERxYZtfvN.WzaiZP2cJl4U261F47AH2Dj2'],
  ['x'.repeat(64), '$y$j75$8D6CvP8i76KRydsby4vnJ0$//9qeWRm9f342b9X2cnTyQCUqxqfXKJx266PVyH6Nt8'],
  ['x'.repeat(255), '$y$j75$8D6CvP8i76KRydsby4vnJ0$489ylA7rHZm6uihGSYqm8qZGEy3ktlpHam1CODu5tY0'],
];

/** Another password, different from the first character on. */
export const wrong = (password: string): string => `!${password.slice(1)}`;

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Skips the test where there is no libxcrypt, which in CI there must be on Linux. */
export async function withoutYescrypt(t: TestContext): Promise<boolean> {
  const reason = await libcryptSupports();
  if (reason === undefined) return false;
  assert.match(reason, /^yescrypt \(\$y\$\) hashes cannot be checked here: ./);
  assert.ok(!isCI || process.platform !== 'linux', reason);
  t.skip(reason);
  return true;
}
