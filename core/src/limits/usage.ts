import type { Stats } from 'node:fs';
import {
  access,
  constants,
  copyFile,
  open,
  readFile,
  realpath,
  rename,
  rm,
  stat,
} from 'node:fs/promises';
import { dirname } from 'node:path';
import { codeOf, systemMessage, UserError } from '../base/errors.js';

/** Bytes that a user or a group has moved in a day and in a month of local time. */
export interface Usage {
  /** `YYYY-MM-DD`. */
  readonly day: string;
  readonly dayBytes: number;
  readonly monthBytes: number;
}

export const emptyUsage: Usage = { day: '', dayBytes: 0, monthBytes: 0 };

function dayOf(date: Date): string {
  const two = (number: number) => String(number).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/**
 * A usage as it counts at a time: a new day, or a new month, starts at zero. A day before the
 * usage's own, which a clock that was set back makes, takes what was used over.
 */
export function usageAt(usage: Usage, now: Date): Usage {
  const day = dayOf(now);
  if (usage.day === day) return usage;
  if (day < usage.day) return { ...usage, day };
  const sameMonth = usage.day.slice(0, 7) === day.slice(0, 7);
  return { day, dayBytes: 0, monthBytes: sameMonth ? usage.monthBytes : 0 };
}

function isUsage(value: unknown): value is Usage {
  if (typeof value !== 'object' || value === null) return false;
  const { day, dayBytes, monthBytes } = value as Partial<Usage>;
  return typeof day === 'string' && Number.isFinite(dayBytes) && Number.isFinite(monthBytes);
}

/** Nothing was used yet; but it has to be possible to say what will be. */
async function emptyFile(file: string): Promise<Record<string, Usage>> {
  try {
    await access(dirname(file), constants.W_OK);
  } catch (error) {
    throw new UserError(`cannot write the quota file "${file}": ${systemMessage(error)}`);
  }
  return {};
}

function parseUsage(text: string): Record<string, Usage> | undefined {
  try {
    const usage: unknown = JSON.parse(text);
    const isTable = typeof usage === 'object' && usage !== null && !Array.isArray(usage);
    return isTable && Object.values(usage).every(isUsage)
      ? (usage as Record<string, Usage>)
      : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Reads what was used from a file; nothing was if there is no such file. One that is empty or
 * damaged, as a crash can leave it, is kept aside, and where there is a whole copy of it, as
 * {@link writeUsage} makes it before it overwrites, that one counts.
 *
 * @param warn told of a file that is damaged, and what becomes of it.
 * @throws {UserError} if it cannot be read, or could not be written.
 */
export async function readUsage(
  file: string,
  warn: (message: string) => void,
): Promise<Record<string, Usage>> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return emptyFile(file);
    throw new UserError(`cannot read the quota file "${file}": ${systemMessage(error)}`);
  }
  const usage = parseUsage(text);
  if (usage !== undefined) return usage;

  const copy = freshName(await target(file));
  const before = parseUsage(await readFile(copy, 'utf8').catch(() => ''));
  const fault = text.trim() === '' ? 'is empty' : 'is damaged';
  const aside = await keepAside(file);
  const start = before === undefined ? 'quotas count from zero' : `its copy "${copy}" counts`;
  warn(`the quota file "${file}" ${fault}; ${aside}; ${start}`);
  return before ?? {};
}

/** Copies a file that makes no sense: the name stays, since it may be a mount point. */
async function keepAside(file: string): Promise<string> {
  const aside = `${file}.damaged-${new Date().toISOString().replaceAll(':', '-')}`;
  try {
    await copyFile(file, aside, constants.COPYFILE_EXCL);
    return `it is kept as "${aside}"`;
  } catch (error) {
    return `it cannot be kept as "${aside}": ${systemMessage(error)}`;
  }
}

/** The file that a name stands for, through symbolic links. */
function target(file: string): Promise<string> {
  return realpath(file).catch(() => file);
}

function freshName(file: string): string {
  return `${file}.new`;
}

/**
 * What the system says where a file cannot be replaced by another, though it may be possible to
 * write to it: a mount point, a folder of somebody else.
 */
const IRREPLACEABLE: ReadonlySet<string | undefined> = new Set([
  'EACCES',
  'EBUSY',
  'EEXIST',
  'EPERM',
  'EROFS',
  'EXDEV',
]);

/**
 * Writes what was used to a file, whole or not at all, so that it outlives a crash of the system
 * (fsync(2) of the file and its folder). A file that is a mount point, or in a folder that cannot
 * be written, is overwritten in its place; where the folder allows it, after a copy was made that
 * {@link readUsage} finds. The file keeps its mode, and its owner where root writes it.
 *
 * @throws the system's error.
 */
export async function writeUsage(
  file: string,
  usage: Readonly<Record<string, Usage>>,
): Promise<void> {
  const text = `${JSON.stringify(usage, undefined, 1)}\n`;
  const path = await target(file);
  const fresh = freshName(path);
  const before = await stat(path).catch(() => undefined);
  let copied = false;
  try {
    await writeFresh(fresh, text, before);
    copied = true;
    await rename(fresh, path);
    await syncFolder(dirname(path));
  } catch (error) {
    if (before === undefined || !IRREPLACEABLE.has(codeOf(error))) {
      await rm(fresh, { force: true }).catch(() => {});
      throw error;
    }
    await overwrite(path, text, before.size);
    if (copied) await rm(fresh, { force: true });
  }
}

async function writeFresh(file: string, text: string, before: Stats | undefined): Promise<void> {
  // One that was left over may be of somebody else, or a link to anywhere.
  await rm(file, { force: true }).catch(() => {});
  const handle = await open(file, 'wx', 0o600);
  try {
    if (before !== undefined) {
      await handle.chmod(before.mode & 0o777);
      if (process.getuid?.() === 0) await handle.chown(before.uid, before.gid);
    }
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Overwrites a file with one write(2) that leaves nothing of what was there. */
async function overwrite(file: string, text: string, size: number): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    await handle.writeFile(text.padEnd(size));
    await handle.truncate(Buffer.byteLength(text));
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes the names in a folder last. Not every system, nor every folder, lets one do that. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  if (handle === undefined) return;
  try {
    await handle.sync();
  } catch (error) {
    if (!['EINVAL', 'EPERM', 'ENOTSUP'].includes(codeOf(error) ?? '')) throw error;
  } finally {
    await handle.close();
  }
}
