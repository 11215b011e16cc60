import { monotonic } from '../../base/clock.js';

/** How long an upstream that fails is left alone at first, and at most, ms; twice as long each time. */
const FIRST_REST = 1000;
const LAST_REST = 60_000;

/** Whether an upstream is worth a try: one that fails is left alone for a while, where others are. */
export class Health {
  /** How long it is left alone since it failed, ms; 0: it has not failed. */
  #rest = 0;
  #failed = Number.NEGATIVE_INFINITY;
  #until = Number.NEGATIVE_INFINITY;

  /** Whether it is to be left alone now. */
  get resting(): boolean {
    return monotonic() < this.#until;
  }

  /** It is tried: after a rest one connection does so, while others still leave it alone. */
  trying(): void {
    if (this.#rest > 0 && !this.resting) this.#until = monotonic() + this.#rest;
  }

  /**
   * It cannot be used.
   *
   * @param since when that was tried, monotonic ms: those who tried it at the same time have found
   *   out the same thing.
   * @returns whether that is news.
   */
  failed(since: number): boolean {
    if (since < this.#failed) return false;
    const news = this.#rest === 0;
    this.#rest = Math.min(this.#rest * 2 || FIRST_REST, LAST_REST);
    this.#failed = monotonic();
    this.#until = this.#failed + this.#rest;
    return news;
  }

  /** It can be used. @returns whether that is news. */
  worked(): boolean {
    const news = this.#rest > 0;
    this.#rest = 0;
    this.#until = Number.NEGATIVE_INFINITY;
    return news;
  }
}
