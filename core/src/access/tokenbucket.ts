/** Keeps flows that share it to a rate: bytes go at once, and who moved them waits for them. */
export class TokenBucket {
  /** Bytes per second; 0: no limit. */
  rate = 0;
  #tokens = 0;
  #filled = performance.now();

  /**
   * Takes bytes out, into debt if need be. A second's worth can be saved up.
   *
   * @returns how long until the debt is paid, ms.
   */
  take(bytes: number): number {
    if (this.rate === 0) return 0;
    const now = performance.now();
    const saved = this.#tokens + ((now - this.#filled) * this.rate) / 1000;
    this.#filled = now;
    this.#tokens = Math.min(saved, this.rate) - bytes;
    return this.#tokens >= 0 ? 0 : (-this.#tokens * 1000) / this.rate;
  }
}
