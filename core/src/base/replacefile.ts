import type { Stats } from 'node:fs';
import { type FileHandle, open, readFile, realpath, rename, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonic } from './clock.js';
import { codeOf, systemMessage, UserError } from './errors.js';

/** How long another change of the same file is waited for, and between two looks, ms. */
const PATIENCE = 10_000;
const PAUSE = 20;

/** A new file is its owner's alone. */
const MODE = 0o600;

/**
 * Changes a file so that whoever reads it meanwhile, or after a crash, finds all of the old or all
 * of the new content: it is written beside it, to `FILE.lock`, which also keeps others who change
 * it this way waiting, and takes its place. Owner and mode stay; a new file has mode 0600; a
 * symbolic link stays one.
 *
 * A file that cannot be replaced, since it is a mount point, its folder cannot be written, or its
 * owner could not be kept, is written over in place.
 *
 * @param change makes the new content of the old one; undefined: there is no such file.
 * @returns whether the file is new.
 * @throws {UserError} if it cannot be read or written; and what `change` throws: then nothing is
 *   changed.
 */
export async function changeFile(
  file: string,
  change: (before: Buffer | undefined) => Buffer,
): Promise<boolean> {
  try {
    const path = await realpath(file).catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return file;
      throw error;
    });
    return await changeAt(path, change);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`cannot write "${file}": ${systemMessage(error)}`);
  }
}

async function changeAt(
  path: string,
  change: (before: Buffer | undefined) => Buffer,
): Promise<boolean> {
  const lock = `${path}.lock`;
  const stats = await statsOf(path);
  if (stats !== undefined && !stats.isFile()) {
    throw new UserError(`"${path}" is not a regular file`);
  }
  const handle = await openLock(lock).catch((error: unknown) => {
    const code = codeOf(error) ?? '';
    if (stats !== undefined && ['EACCES', 'EPERM', 'EROFS'].includes(code)) return undefined;
    throw error;
  });
  if (handle === undefined) {
    await overwrite(path, change(await readFile(path)));
    return false;
  }
  let renamed = false;
  try {
    const present = await statsOf(path);
    const content = change(present && (await readFile(path)));
    if (await writeLike(handle, content, present)) {
      renamed = await rename(lock, path).then(
        () => true,
        (error: unknown) => {
          if (present !== undefined && ['EBUSY', 'EXDEV'].includes(codeOf(error) ?? '')) {
            return false;
          }
          throw error;
        },
      );
    }
    if (renamed) await syncFolder(dirname(path));
    else await overwrite(path, content);
    return present === undefined;
  } finally {
    await handle.close();
    if (!renamed) await unlink(lock).catch(() => {});
  }
}

function statsOf(path: string): Promise<Stats | undefined> {
  return stat(path).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  });
}

/** Makes the file that is to take the other's place; waits while somebody else does. */
async function openLock(lock: string): Promise<FileHandle> {
  const end = monotonic() + PATIENCE;
  for (;;) {
    try {
      return await open(lock, 'wx', MODE);
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
      if (monotonic() > end) {
        throw new UserError(
          `another program is changing the file; if none is, remove "${lock}" and try again`,
        );
      }
    }
    await sleep(PAUSE);
  }
}

/** @returns whether the file has the owner and mode of the one whose place it is to take. */
async function writeLike(
  handle: FileHandle,
  content: Buffer,
  like: Stats | undefined,
): Promise<boolean> {
  await handle.writeFile(content);
  if (like !== undefined && process.platform !== 'win32') {
    const own = await handle.stat();
    if (own.uid !== like.uid || own.gid !== like.gid) {
      try {
        await handle.chown(like.uid, like.gid);
      } catch (error) {
        if (codeOf(error) === 'EPERM') return false;
        throw error;
      }
    }
    await handle.chmod(like.mode & 0o7777);
  }
  await handle.sync();
  return true;
}

async function overwrite(path: string, content: Buffer): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.writeFile(content);
    await handle.truncate(content.length);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes a rename outlive a crash, where folders can be synced. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  try {
    await handle?.sync();
  } catch {
    // Windows, and some file systems, cannot.
  } finally {
    await handle?.close();
  }
}
