import { randomBytes } from 'node:crypto';
import { type FileHandle, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { systemMessage, UserError } from 'picosocks5';
import { text } from './words/words.js';

/** What a file is written with. */
export interface WholeFileOptions {
  /** Whether only its owner may read it, whatever was there before. */
  readonly secret?: boolean;
}

/**
 * Writes a file whole or not at all: what was there stays until all of the new content is on the
 * disk, and nothing is left behind that is only a part of it. A link is followed.
 *
 * @throws {UserError} with one sentence that names the file, if it cannot be written.
 */
export async function writeWholeFile(
  file: string,
  content: string,
  { secret = false }: WholeFileOptions = {},
): Promise<void> {
  try {
    const target = await realpath(file).catch(() => file);
    const before = await stat(target).catch(() => undefined);
    if (before !== undefined && !before.isFile()) throw new Error('it is not a regular file');
    await replace(target, content, secret ? 0o600 : before && before.mode & 0o777);
  } catch (error) {
    throw new UserError(text('server.notWritten', { file, problem: systemMessage(error) }));
  }
}

/** @param mode the permissions; undefined: those that the process gives new files. */
async function replace(target: string, content: string, mode: number | undefined): Promise<void> {
  const name = `.${basename(target).slice(0, 200)}.${randomBytes(6).toString('hex')}`;
  const fresh = join(dirname(target), name);
  let handle: FileHandle | undefined;
  try {
    handle = await open(fresh, 'wx', mode ?? 0o666);
    // The process's umask may have taken bits away that the file before had.
    if (mode !== undefined) await handle.chmod(mode);
    await handle.writeFile(content);
    await handle.sync();
    await handle.close();
    await rename(fresh, target);
  } catch (error) {
    await handle?.close().catch(() => {});
    await rm(fresh, { force: true }).catch(() => {});
    throw error;
  }
}
