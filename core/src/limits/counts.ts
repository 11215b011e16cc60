import type { Awaitable } from '../base/awaitable.js';
import { type Disposable, toDisposable } from '../base/disposable.js';

/** One more of something, unless there are as many as the limit already. */
export interface Wanted {
  /** What is counted, such as `user alice`. */
  readonly key: string;
  /** How many there may be at once, from 1 on; undefined: no limit. */
  readonly limit: number | undefined;
  /**
   * What the key is one of, such as `devices of user alice`: however often the key is counted, it
   * counts there once, and the limit is how many different ones there may be.
   */
  readonly of?: string;
}

/** What was counted, until it is disposed; more than once is as good as once, and never throws. */
export type Lease = Disposable;

/** There are as many as allowed already of a key. */
export interface Full {
  readonly full: string;
}

/** Whether it is a limit that was reached, and no lease. */
export function isFull(result: object): result is Full {
  return 'full' in result;
}

/**
 * Counts what there is at once: connections of users, of addresses, and so on. The counts of one
 * process answer at once; those that several share may take a message.
 *
 * Failure: an answer that is an error, thrown or rejected, means that the asker has nothing and
 * owes nothing; what the counts took for it meanwhile is theirs to give back. Whoever asked denies
 * what it asked for, and nothing else suffers.
 *
 * Death: a lease is its process's. When that dies, the counts give back all that it had, whatever
 * it had been granted and not used, and what it had asked for.
 *
 * Lateness: there may be no answer for a while, or ever, while the other side hangs or everything
 * is about to end. Whoever asks has a deadline ({@link takeInTime}), denies when it is over, and
 * disposes a lease that comes later.
 */
export interface Counts {
  /** Counts one more of each, or of none of them: then the first key whose limit was reached. */
  take(wanted: readonly Wanted[]): Awaitable<Lease | Full>;
}

/** The counts of one process. */
export class LocalCounts implements Counts {
  readonly #counts = new Map<string, number>();

  take(wanted: readonly Wanted[]): Lease | Full {
    for (const { key, limit, of: all } of wanted) {
      if (limit === undefined || (all !== undefined && this.of(key) > 0)) continue;
      if (this.of(all ?? key) >= limit) return { full: all ?? key };
    }
    for (const one of wanted) this.#take(one);
    return toDisposable(() => {
      for (const one of wanted) this.#give(one);
    });
  }

  #take({ key, of: all }: Wanted): void {
    const before = this.of(key);
    this.#counts.set(key, before + 1);
    if (all !== undefined && before === 0) this.#counts.set(all, this.of(all) + 1);
  }

  /** How many there are. */
  of(key: string): number {
    return this.#counts.get(key) ?? 0;
  }

  #give({ key, of: all }: Wanted): void {
    if (this.#less(key) === 0 && all !== undefined) this.#less(all);
  }

  /** Counts one less. @returns how many are left. */
  #less(key: string): number {
    const left = this.of(key) - 1;
    if (left > 0) this.#counts.set(key, left);
    else this.#counts.delete(key);
    return left;
  }
}

/** How long counts have to answer, ms. */
const ANSWER_TIME = 5000;

/**
 * Asks counts as {@link Counts.take} does, but with a deadline: an answer that is late is an
 * error, and a lease that comes later is disposed.
 */
export function takeInTime(counts: Counts, wanted: readonly Wanted[]): Awaitable<Lease | Full> {
  const coming = counts.take(wanted);
  return coming instanceof Promise ? inTime(coming) : coming;
}

function inTime(coming: Promise<Lease | Full>): Promise<Lease | Full> {
  return new Promise((resolve, reject) => {
    let isLate = false;
    const deadline = setTimeout(() => {
      isLate = true;
      reject(new Error('connections were not counted in time'));
    }, ANSWER_TIME);
    coming.then(
      (result) => {
        clearTimeout(deadline);
        if (!isLate) resolve(result);
        else if (!isFull(result)) result.dispose();
      },
      (error: unknown) => {
        clearTimeout(deadline);
        reject(error);
      },
    );
  });
}
