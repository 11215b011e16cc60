import { messageOf } from '../../base/errors.js';
import { importKoffi } from '../../base/ffi.js';
import type { Crypt } from './formats.js';

const LIBRARIES = ['libcrypt.so.1', 'libcrypt.so.2'];
/** The size of struct crypt_data of libxcrypt, crypt(3). */
const CRYPT_DATA_SIZE = 32768;
const KNOWN_PASSWORD = 'correct horse';
const KNOWN_HASH = '$y$j75$8D6CvP8i76KRydsby4vnJ0$tNBO9FTixNwDQa5Y9Ks91iHtaAX84OVIguKZrOu/vJ3';

let loading: Promise<Crypt> | undefined;

/**
 * The reason why yescrypt (`$y$`) hashes cannot be checked here, in one sentence, or undefined when
 * they can: a known hash has been computed. The first call loads native code.
 */
export async function libcryptSupports(): Promise<string | undefined> {
  try {
    await loadLibcrypt();
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

/**
 * The crypt(3) of the system's libxcrypt, tried on a yescrypt hash. It is loaded once per thread,
 * and only here, so that nothing else depends on native code.
 *
 * @throws Error with one sentence when this system has none, or the package koffi is not installed
 */
export function loadLibcrypt(): Promise<Crypt> {
  loading ??= load().catch((error: unknown) => {
    throw new Error(`yescrypt ($y$) hashes cannot be checked here: ${messageOf(error)}`, {
      cause: error,
    });
  });
  return loading;
}

async function load(): Promise<Crypt> {
  if (process.platform !== 'linux') throw new Error('only libxcrypt of Linux can');
  const { load: open } = await importKoffi();
  // Only libxcrypt has crypt_rn, which unlike crypt_r is told the size of its work area: that of
  // glibc's own crypt is four times as large.
  const cryptRn = firstThatWorks(LIBRARIES, (name) =>
    open(name).func('crypt_rn', 'str', ['void *', 'str', 'void *', 'int']),
  );
  const data = new Uint8Array(CRYPT_DATA_SIZE);

  const crypt: Crypt = (password, setting) => {
    const phrase = new Uint8Array(password.length + 1);
    phrase.set(password);
    try {
      const hash: unknown = cryptRn(phrase, setting, data, data.length);
      if (typeof hash !== 'string') throw new Error("the system's crypt library refuses the hash");
      return hash;
    } finally {
      phrase.fill(0);
      data.fill(0);
    }
  };
  if (crypt(Buffer.from(KNOWN_PASSWORD), KNOWN_HASH) !== KNOWN_HASH) {
    throw new Error('it computes a known hash wrongly');
  }
  return crypt;
}

function firstThatWorks<T>(names: readonly string[], open: (name: string) => T): T {
  const errors: string[] = [];
  for (const name of names) {
    try {
      return open(name);
    } catch (error) {
      errors.push(messageOf(error));
    }
  }
  throw new Error(errors.join('; '));
}
