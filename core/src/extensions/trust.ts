import type { Stats } from 'node:fs';
import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { systemMessage, UserError } from '../base/errors.js';

/** What only those who may change the server itself may be able to write (stat(2)). */
const WRITABLE_BY_OTHERS = 0o022;
/** In such a folder nobody can rename or remove what is another's, whoever can write there. */
const STICKY = 0o1000;

/**
 * Makes sure that nobody can put code into an extension but root and the user that the server runs
 * as, as sshd does with its files: all that is in its folder, where symbolic links in it lead, and
 * the folders above. On Windows, where modes say nothing, nothing is looked at.
 *
 * @param user the number of the user that the server runs as.
 * @throws {UserError} naming what others could write, and how to mend it.
 */
export async function demandTrust(
  folder: string,
  user: number | undefined = process.getuid?.(),
): Promise<void> {
  if (process.platform === 'win32' || user === undefined) return;
  const looker = new Looker(user);
  try {
    await looker.lookAt(await realpath(folder));
  } catch (error) {
    if (!(error instanceof UserError)) {
      throw new UserError(`the extension in "${folder}" cannot be read: ${systemMessage(error)}`);
    }
    throw UserError.at(`the extension in "${folder}" is not loaded`, error);
  }
}

class Looker {
  readonly #user: number;
  /** What was looked at, with all that is in it. */
  readonly #seen = new Set<string>();
  readonly #above = new Set<string>();

  constructor(user: number) {
    this.#user = user;
  }

  /** @param path without symbolic links. */
  async lookAt(path: string): Promise<void> {
    for (let above = dirname(path); !this.#above.has(above); above = dirname(above)) {
      this.#above.add(above);
      this.#demand(above, await stat(above), STICKY);
    }
    await this.#lookIn(path);
  }

  async #lookIn(path: string): Promise<void> {
    if (this.#seen.has(path)) return;
    const stats = await lstat(path);
    if (stats.isSymbolicLink()) {
      const target = await realpath(path);
      if (!this.#seen.has(target)) await this.lookAt(target);
      return;
    }
    this.#seen.add(path);
    this.#demand(path, stats);
    if (!stats.isDirectory()) return;
    for (const name of await readdir(path)) await this.#lookIn(join(path, name));
  }

  /** @param allowing a mode that makes up for what others may write. */
  #demand(path: string, { uid, mode }: Stats, allowing = 0): void {
    if (uid !== 0 && uid !== this.#user) {
      const who = this.#user === 0 ? 'root' : `root or the user ${this.#user}`;
      throw new UserError(
        `"${path}" belongs to the user ${uid}, who could change it; expected ${who}: ` +
          `chown ${this.#user} ${quote(path)}`,
      );
    }
    if ((mode & WRITABLE_BY_OTHERS) === 0 || (mode & allowing) !== 0) return;
    const who = (mode & 0o002) === 0 ? 'its group' : 'everybody';
    throw new UserError(
      `"${path}" can be changed by ${who} (mode ${(mode & 0o7777).toString(8)}); ` +
        `mend that with: chmod go-w ${quote(path)}`,
    );
  }
}

/** A path as a word for a shell. */
function quote(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

/** Whether a path is in a folder, or is the folder itself. */
export function isInside(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}
