import { access, constants, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { codeOf, systemMessage, UserError } from '../errors.js';

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

/**
 * Reads what was used from a file; nothing was if there is no such file.
 *
 * @throws {UserError} if it cannot be read or is damaged.
 */
export async function readUsage(file: string): Promise<Record<string, Usage>> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return emptyFile(file);
    throw new UserError(`cannot read the quota file "${file}": ${systemMessage(error)}`);
  }
  try {
    const usage: unknown = JSON.parse(text);
    if (typeof usage !== 'object' || usage === null || !Object.values(usage).every(isUsage)) {
      throw new TypeError('not a table of usage');
    }
    return usage as Record<string, Usage>;
  } catch {
    throw new UserError(`the quota file "${file}" is damaged; move it away to count from zero`);
  }
}

/**
 * Writes what was used to a file, whole or not at all.
 *
 * @throws the system's error.
 */
export async function writeUsage(
  file: string,
  usage: Readonly<Record<string, Usage>>,
): Promise<void> {
  const fresh = `${file}.new`;
  await writeFile(fresh, `${JSON.stringify(usage, undefined, 1)}\n`, { mode: 0o600 });
  await rename(fresh, file);
}
