import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** How many reports are kept, and how long, ms. */
const MAX = 10;
const AGE = 30 * 24 * 3600 * 1000;

/** A report of a process of the app that has failed. */
export interface Crash {
  readonly file: string;
  /** ms since 1970. */
  readonly time: number;
}

/** The reports in a folder, and in those within it, the newest first. */
export function crashesIn(folder: string): Crash[] {
  const found: Crash[] = [];
  try {
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.dmp')) continue;
      const file = join(folder, name);
      found.push({ file, time: statSync(file).mtimeMs });
    }
  } catch {
    // There is none yet, or another process is at it.
  }
  return found.sort((a, b) => b.time - a.time);
}

/** Deletes reports that are old, and the oldest of too many. */
export function deleteOldCrashes(folder: string, now = Date.now()): void {
  for (const [i, { file, time }] of crashesIn(folder).entries()) {
    if (i < MAX && now - time < AGE) continue;
    rmSync(file, { force: true });
    rmSync(file.replace(/\.dmp$/, '.meta'), { force: true });
  }
}
