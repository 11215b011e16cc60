import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeWholeFile } from '../wholefile.js';
import { BACKENDS, type Backend, type BackendId, type Values } from './backend.js';
import { PAC_PATH } from './pacserver.js';

/** Its name in the app's folder: the script that removes a package looks for it. */
export const KEPT_FILE = 'system-proxy.json';

/** What has to be known to give back what was there. */
export interface Kept {
  readonly backend: BackendId;
  /** All settings as they were. */
  readonly before: Values;
  /** Those that were changed, as they are now. */
  readonly ours: Values;
}

/** The file that has what was there before, as long as the system's settings are ours. */
export class KeptFile {
  readonly #file: string;

  /** @param folder the app's own. */
  constructor(folder: string) {
    this.#file = join(folder, KEPT_FILE);
  }

  /** @returns undefined if there is none, or it cannot be used. */
  async read(): Promise<Kept | undefined> {
    try {
      const content: unknown = JSON.parse(await readFile(this.#file, 'utf8'));
      return isKept(content) ? content : undefined;
    } catch {
      return undefined;
    }
  }

  /** Writes it to the disk, before anything is changed. @throws {UserError} */
  write(kept: Kept): Promise<void> {
    return writeWholeFile(this.#file, JSON.stringify(kept, undefined, 2), { secret: true });
  }

  async remove(): Promise<void> {
    await rm(this.#file, { force: true });
  }
}

/** Whether settings are as some of them are to be; those that are gone do not count. */
export function holds(present: Values, values: Values): boolean {
  return Object.entries(values).every(([key, value]) => isAs(present, key, value));
}

/** Some of them. */
export function pick(values: Values, keys: readonly string[]): Values {
  return Object.fromEntries(keys.map((key) => [key, values[key] ?? null]));
}

function isAs(present: Values, key: string, value: string | null): boolean {
  const now = present[key];
  return now === undefined || now === value;
}

/**
 * Gives back what was there before, if each setting is as it was made, or is back already. Otherwise
 * something else has changed them: then only what names the app's own file goes back, which nothing
 * else can mean.
 *
 * @returns whether all was given back.
 * @throws {UserError} if it cannot be.
 */
export async function giveBack(backend: Backend, { before, ours }: Kept): Promise<boolean> {
  const present = await backend.read();
  const keys = Object.keys(ours).filter((key) => present[key] !== undefined);
  const isOurs = (key: string) => isAs(present, key, ours[key] ?? null);
  const isBack = (key: string) => isAs(present, key, before[key] ?? null);
  const isAll = keys.every((key) => isOurs(key) || isBack(key));
  const isNamed = (key: string) => isOurs(key) && ours[key]?.includes(PAC_PATH);
  const goBack = keys.filter((key) => !isBack(key) && (isAll || isNamed(key)));
  if (goBack.length > 0) await backend.write(pick(before, goBack));
  return isAll;
}

/**
 * Gives back what a run of the app has left changed.
 *
 * @returns whether there was something.
 * @throws {UserError} if it cannot be given back now; it stays known, then.
 */
export async function giveBackLeft(
  file: KeptFile,
  backendOf: (id: BackendId) => Promise<Backend>,
): Promise<boolean> {
  const kept = await file.read();
  if (kept === undefined) return false;
  await giveBack(await backendOf(kept.backend), kept);
  await file.remove();
  return true;
}

function isKept(value: unknown): value is Kept {
  if (typeof value !== 'object' || value === null) return false;
  const { backend, before, ours } = value as Record<string, unknown>;
  return BACKENDS.some((id) => id === backend) && areValues(before) && areValues(ours);
}

function areValues(value: unknown): value is Values {
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value).every((one) => one === null || typeof one === 'string');
}
