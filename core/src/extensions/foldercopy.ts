import type { Stats } from 'node:fs';
import { chmod, copyFile, lstat, mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { systemMessage, UserError } from '../base/errors.js';
import { Bounds } from './bounds.js';
import { isConfiguration } from './tarball.js';

/** What is not the extension's own, at the top of its folder. */
const left = new Set(['node_modules', '.git', '.hg', '.svn']);

/**
 * Copies the folder of an extension, without its dependencies and its history. A symbolic link to a
 * file becomes that file.
 *
 * @param to an empty folder.
 * @throws {UserError} if something in it cannot be copied, or if it is more than {@link Bounds}
 *   allow.
 */
export async function copyFolder(from: string, to: string): Promise<void> {
  const bounds = new Bounds(from);
  try {
    await copyAll(from, to, bounds, true);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`"${from}" cannot be copied: ${systemMessage(error)}`);
  }
}

async function copyAll(from: string, to: string, bounds: Bounds, isTop: boolean): Promise<void> {
  for (const name of (await readdir(from)).sort()) {
    if (isTop && (left.has(name) || isConfiguration([name]))) continue;
    const [source, target] = [join(from, name), join(to, name)];
    const own = await lstat(source);
    const stats = own.isSymbolicLink() ? await linked(source) : own;
    bounds.file();
    if (stats.isDirectory()) {
      await mkdir(target, { mode: 0o755 });
      await copyAll(source, target, bounds, false);
    } else if (stats.isFile()) {
      bounds.octets(stats.size);
      await copyFile(source, target);
      await chmod(target, (stats.mode & 0o111) !== 0 ? 0o755 : 0o644);
    } else throw new UserError(`"${source}" is neither a file nor a folder`);
  }
}

/** @throws {UserError} for a link to anything but a file: one to a folder may go round in circles. */
async function linked(source: string): Promise<Stats> {
  const stats = await stat(source);
  if (stats.isFile()) return stats;
  throw new UserError(`"${source}" is a link to what is no file: expected files and folders`);
}
