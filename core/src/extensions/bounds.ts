import { UserError } from '../base/errors.js';

/** What an extension may have at most when it is installed: octets of all its files, and files. */
export const MAX_OCTETS = 256 * 1024 * 1024;
export const MAX_FILES = 20_000;

/** Counts what is installed, so that no folder and no archive fills the disk. */
export class Bounds {
  readonly #what: string;
  #octets = 0;
  #files = 0;

  /** @param what is installed, for messages. */
  constructor(what: string) {
    this.#what = what;
  }

  /** @throws {UserError} if there are too many octets. */
  octets(more: number): void {
    this.#octets += more;
    if (this.#octets <= MAX_OCTETS) return;
    throw new UserError(
      `"${this.#what}" has more than ${MAX_OCTETS / 1024 / 1024} MiB of files: expected an ` +
        'extension',
    );
  }

  /** @throws {UserError} if there are too many files. */
  file(): void {
    this.#files++;
    if (this.#files <= MAX_FILES) return;
    throw new UserError(`"${this.#what}" has more than ${MAX_FILES} files: expected an extension`);
  }
}
