import { type Awaitable, andThen } from '../base/awaitable.js';
import { type Disposable, toDisposable } from '../base/disposable.js';

/** One more of something, unless there are as many as the limit already; undefined: no limit. */
export interface Wanted {
  /** What is counted, such as `user alice`. */
  readonly key: string;
  readonly limit: number | undefined;
}

/**
 * Counts what there is at once: connections of users, of addresses, and so on. The counts of one
 * process answer at once; those that several processes share take a message.
 */
export interface Counts {
  /**
   * Counts one more of each, or of none of them.
   *
   * @returns the key whose limit was reached, if so.
   */
  take(wanted: readonly Wanted[]): Awaitable<string | undefined>;
  /** Counts one less of each. */
  give(keys: readonly string[]): void;
}

/** The counts of one process. */
export class LocalCounts implements Counts {
  readonly #counts = new Map<string, number>();

  take(wanted: readonly Wanted[]): string | undefined {
    for (const { key, limit } of wanted) {
      if (limit !== undefined && this.of(key) >= limit) return key;
    }
    for (const { key } of wanted) this.#counts.set(key, this.of(key) + 1);
    return undefined;
  }

  give(keys: readonly string[]): void {
    for (const key of keys) {
      const left = this.of(key) - 1;
      if (left > 0) this.#counts.set(key, left);
      else this.#counts.delete(key);
    }
  }

  of(key: string): number {
    return this.#counts.get(key) ?? 0;
  }
}

/** Counts one more of each until the result is disposed, unless a limit was reached: its key. */
export function taken(counts: Counts, wanted: readonly Wanted[]): Awaitable<Disposable | string> {
  const keys = wanted.map(({ key }) => key);
  return andThen(counts.take(wanted), (full) => full ?? toDisposable(() => counts.give(keys)));
}
