import { createHash } from 'node:crypto';
import { lstat, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../base/errors.js';

/** How often the files of an extension under development are looked at, ms. */
const PERIOD = 300;

/** Files and folders at most that are looked at. */
const MAX_ENTRIES = 20_000;

/**
 * What tells the files of a folder from those that it had before: all of them, but for dependencies
 * and for what begins with a dot.
 *
 * @throws if the folder cannot be read, or has more than 20,000 files.
 */
export async function stampOf(folder: string): Promise<string> {
  const hash = createHash('sha256');
  let entries = 0;
  const lookAt = async (path: string): Promise<void> => {
    for (const name of (await readdir(path)).sort()) {
      if (name === 'node_modules' || name.startsWith('.')) continue;
      if (++entries > MAX_ENTRIES) throw new Error(`it has more than ${MAX_ENTRIES} files`);
      const file = join(path, name);
      // One that goes meanwhile makes another stamp the next time.
      const own = await lstat(file).catch(() => undefined);
      if (own?.isDirectory()) await lookAt(file);
      const { mtimeMs, size, ino } = (own && (await stat(file).catch(() => own))) ?? {};
      if (!own?.isDirectory()) hash.update(JSON.stringify([file, mtimeMs, size, ino]));
    }
  };
  await lookAt(folder);
  return hash.digest('base64');
}

/**
 * Looks whether files of extensions under development change, and waits until they have come to
 * rest. Files are looked at in turn: notifications of the system do not come over networks and out
 * of containers, and miss what editors put in a file's place.
 */
export class DevelopmentWatch {
  readonly #changed: (folder: string) => void;
  /** By folders: what they were last when that was told, and what they may have become. */
  readonly #folders = new Map<string, { told: string; next: string }>();
  #timer: NodeJS.Timeout | undefined;

  /** @param changed called when the files of a folder are others than before. */
  constructor(changed: (folder: string) => void) {
    this.#changed = changed;
  }

  /** Which folders are looked at from now on, and the {@link stampOf} that is known of each. */
  set(stamps: ReadonlyMap<string, string>): void {
    for (const folder of this.#folders.keys()) {
      if (!stamps.has(folder)) this.#folders.delete(folder);
    }
    for (const [folder, told] of stamps) this.#folders.set(folder, { told, next: told });
    if (this.#folders.size === 0) this.close();
    else this.#timer ??= this.#wait();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#folders.clear();
  }

  #wait(): NodeJS.Timeout {
    return setTimeout(() => void this.#look(), PERIOD).unref();
  }

  async #look(): Promise<void> {
    for (const [folder, known] of this.#folders) {
      const stamp = await stampOf(folder).catch((error: unknown) => `cannot: ${messageOf(error)}`);
      if (this.#folders.get(folder) !== known || stamp === known.told) continue;
      if (stamp !== known.next) known.next = stamp;
      else {
        known.told = stamp;
        this.#changed(folder);
      }
    }
    if (this.#timer !== undefined) this.#timer = this.#wait();
  }
}
