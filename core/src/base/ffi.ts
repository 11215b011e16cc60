import { codeOf } from './errors.js';

/**
 * Koffi, which calls native libraries: an optional peer, so that who needs none has none.
 *
 * @throws Error with one sentence if it is not installed.
 */
export async function importKoffi(): Promise<typeof import('koffi')> {
  try {
    return await import('koffi');
  } catch (error) {
    if (codeOf(error) !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new Error('the package koffi is not installed ("npm install koffi" beside picosocks5)', {
      cause: error,
    });
  }
}
