import { monotonic } from './clock.js';

/** Keeps something that happens often from being told as often: a few at once, then now and then. */
export class TellLimit {
  readonly #most: number;
  readonly #interval: number;
  #left: number;
  #since = monotonic();
  #untold = 0;

  /**
   * @param most how many may be told at once.
   * @param interval how soon one more may, ms.
   */
  constructor(most: number, interval: number) {
    this.#most = most;
    this.#interval = interval;
    this.#left = most;
  }

  /**
   * Counts one more.
   *
   * @returns how many before it were not told; undefined if it is not to be told either.
   */
  take(): number | undefined {
    const now = monotonic();
    const more = Math.floor((now - this.#since) / this.#interval);
    this.#since += more * this.#interval;
    this.#left = Math.min(this.#most, this.#left + more);
    if (this.#left === 0) {
      this.#untold++;
      return undefined;
    }
    this.#left--;
    const untold = this.#untold;
    this.#untold = 0;
    return untold;
  }
}
