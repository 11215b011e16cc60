import { monotonic } from '../base/clock.js';

/** What a flow moves at once at most: as much as its rate gives in this time, ms. */
const STEP = 100;

/** Keeps flows that share it to a rate: each takes what it is to move, and waits for it. */
export class TokenBucket {
  /** Bytes per second; 0: no limit. */
  rate = 0;
  #tokens = 0;
  #filled = monotonic();

  /** What is to be taken at once, bytes, so that something moves several times a second. */
  get step(): number {
    return this.rate === 0 ? Number.POSITIVE_INFINITY : Math.ceil((this.rate * STEP) / 1000);
  }

  /**
   * Takes bytes out, into debt if need be. A second's worth can be saved up.
   *
   * @param bytes 0 to look only.
   * @returns how long until the debt is paid, ms.
   */
  take(bytes: number): number {
    if (this.rate === 0) return 0;
    const now = monotonic();
    const saved = this.#tokens + ((now - this.#filled) * this.rate) / 1000;
    this.#filled = now;
    this.#tokens = Math.min(saved, this.rate) - bytes;
    return this.#tokens >= 0 ? 0 : (-this.#tokens * 1000) / this.rate;
  }

  /** Puts bytes back that did not move after all. */
  give(bytes: number): void {
    this.#tokens += bytes;
  }
}
