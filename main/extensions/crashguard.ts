import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** How many starts may end in a crash before extensions are left out. */
const MAX_CRASHES = 2;
/** How long the app has to live after extensions were started, ms. */
const CALM = 5000;

/**
 * Counts the starts of extensions that the app has not survived: a file says that one is under way,
 * and is removed when the app has lived on for a while, or ends as its user wants it.
 */
export class CrashGuard {
  readonly #file: string;
  readonly #calm: number;
  #crashes: number;
  #timer: NodeJS.Timeout | undefined;
  #isMarked = false;

  /**
   * @param folder where the file is.
   * @param calm how long the app has to live on, ms.
   */
  constructor(folder: string, calm = CALM) {
    this.#file = join(folder, 'extensions-starting');
    this.#calm = calm;
    this.#crashes = countIn(this.#file);
  }

  /** Whether so many starts have failed that extensions are to be left out. */
  get isTripped(): boolean {
    return this.#crashes >= MAX_CRASHES;
  }

  /** Extensions are about to be started. */
  begin(): void {
    clearTimeout(this.#timer);
    if (this.#isMarked) return;
    this.#isMarked = true;
    try {
      writeFileSync(this.#file, String(this.#crashes + 1), { mode: 0o600 });
    } catch {
      // Where nothing can be written a crash cannot be counted.
    }
  }

  /** They were started, or could not be: the app has survived that. */
  end(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.reset(), this.#calm).unref();
  }

  /** All is well: from now on it is counted anew. */
  reset(): void {
    clearTimeout(this.#timer);
    this.#crashes = 0;
    this.#isMarked = false;
    rmSync(this.#file, { force: true });
  }

  /** The app ends as it is meant to. */
  close(): void {
    if (this.#isMarked) this.reset();
  }
}

function countIn(file: string): number {
  try {
    const count = Number(readFileSync(file, 'utf8'));
    return Number.isSafeInteger(count) && count > 0 ? count : 0;
  } catch {
    return 0;
  }
}
