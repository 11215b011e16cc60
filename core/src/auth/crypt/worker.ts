import { parentPort } from 'node:worker_threads';
import { messageOf } from '../../errors.js';
import { parseHash, verifyHash } from './formats.js';
import { loadLibcrypt } from './libcrypt.js';

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
    const yescrypt = parseHash(hash).format === 'yescrypt';
    return { matched: verifyHash(password, hash, yescrypt ? await loadLibcrypt() : undefined) };
  } catch (error) {
    return { error: messageOf(error) };
  } finally {
    password.fill(0);
  }
}
