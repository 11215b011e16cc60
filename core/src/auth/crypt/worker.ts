import { parentPort } from 'node:worker_threads';
import { messageOf } from '../../base/errors.js';
import { useOfLibcrypt } from './formats.js';
import { loadLibcrypt } from './libcrypt.js';
import { verifyHash } from './verify.js';

/** What a thread of the pool is asked: whether the password has the hash. */
export interface CryptRequest {
  readonly password: Uint8Array;
  readonly hash: string;
}

/** What it answers. */
export type CryptReply = { readonly matched: boolean } | { readonly error: string };

parentPort?.on('message', async (request: CryptRequest) => {
  parentPort?.postMessage(await answer(request));
});

async function answer({ password, hash }: CryptRequest): Promise<CryptReply> {
  try {
    const use = useOfLibcrypt(password, hash);
    const loading = use === 'none' ? undefined : loadLibcrypt();
    const libcrypt = await (use === 'try' ? loading?.catch(() => undefined) : loading);
    return { matched: verifyHash(password, hash, libcrypt) };
  } catch (error) {
    return { error: messageOf(error) };
  } finally {
    password.fill(0);
  }
}
