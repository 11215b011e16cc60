import { Worker } from 'node:worker_threads';
import { UserError } from 'picosocks5';
import { text as words } from '../../words/words.js';

export interface SealCall {
  readonly action: 'seal' | 'open';
  readonly text: string;
  readonly passphrase: string;
  /** The binary logarithm of how much work a guess is. */
  readonly work?: number;
}

export type SealAnswer = { readonly text: string } | { readonly error: string };

/** How short a passphrase may be: who has the file can try as many as they like. */
const MIN_PASSPHRASE = 8;
/** How much work a guess is: the binary logarithm of scrypt's N, which OWASP asks to be 17 or more. */
const WORK = 17;

/** A passphrase takes a second to be tried, in a thread of its own: the proxy does not wait for it. */
function call(workerData: SealCall): Promise<SealAnswer> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./sealworker.js', import.meta.url), { workerData });
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('it has ended')));
  });
}

/** @throws {UserError} if a passphrase is too short to keep anything. */
export function checkPassphrase(passphrase: string): void {
  if (passphrase.length < MIN_PASSPHRASE)
    throw new UserError(words('settingsfile.shortPassphrase'));
}

/**
 * Encrypts a text with a passphrase: an armored file of age (https://age-encryption.org/v1), which
 * `age --decrypt` opens as well.
 *
 * @param work the binary logarithm of how much work a guess is: up to 20.
 * @throws {UserError} if the passphrase is too short.
 */
export async function seal(text: string, passphrase: string, work = WORK): Promise<string> {
  checkPassphrase(passphrase);
  const answer = await call({ action: 'seal', text, passphrase, work });
  if ('error' in answer) throw new Error(`cannot be encrypted: ${answer.error}`);
  return answer.text;
}

/** @throws {UserError} if it is the wrong passphrase, or no such file. */
export async function open(text: string, passphrase: string): Promise<string> {
  const answer = await call({ action: 'open', text, passphrase });
  if (!('error' in answer)) return answer.text;
  const isWrong = /no identity matched/.test(answer.error);
  throw new UserError(words(isWrong ? 'settingsfile.wrongPassphrase' : 'settingsfile.badSeal'));
}
