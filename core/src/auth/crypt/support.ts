import { parseHash } from './formats.js';
import { libcryptSupports } from './libcrypt.js';

/**
 * The reason why this platform cannot check a hash, in one sentence; undefined when it can.
 *
 * @throws Error when the hash is malformed, see `parseHash`
 */
export async function whyUnsupported(hash: string): Promise<string | undefined> {
  return parseHash(hash).format === 'yescrypt' ? libcryptSupports() : undefined;
}
