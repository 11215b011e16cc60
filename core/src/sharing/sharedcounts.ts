import { type Awaitable, andThen } from '../base/awaitable.js';
import { toDisposable } from '../base/disposable.js';
import { type Counts, type Full, isFull, type Lease, type Wanted } from '../limits/counts.js';
import { Credits } from './credits.js';
import type { CountMessage } from './messages.js';

/** How it is counted together with other replicas. */
export interface Common {
  /** Takes what the credits have to tell. */
  tell(messages: readonly CountMessage[]): void;
  /** Why nobody is let in at this moment, though limits of its own would allow it. */
  readonly refusal: Error | undefined;
}

/**
 * The counts of a process, and those of all replicas where there are any: a lease is one of both.
 * What has no room here has none there, so nobody is asked for that.
 */
export class SharedCounts implements Counts {
  /** Left out: this process counts for itself. */
  common: Common | undefined;
  /** What is counted together: it outlives the ways in which it is told. */
  readonly credits = new Credits((messages) => this.common?.tell(messages));
  readonly #own: Counts;

  constructor(own: Counts) {
    this.#own = own;
    this.credits.goAlone();
  }

  take(wanted: readonly Wanted[]): Awaitable<Lease | Full> {
    const { common, credits } = this;
    if (common === undefined) return this.#own.take(wanted);
    if (common.refusal !== undefined) throw common.refusal;
    const both = (lease: Lease | Full) =>
      isFull(lease) ? lease : takeBoth(lease, credits, wanted);
    return andThen(this.#own.take(wanted), both);
  }
}

function takeBoth(
  own: Lease,
  credits: Credits,
  wanted: readonly Wanted[],
): Awaitable<Lease | Full> {
  const settle = (shared: Lease | Full): Lease | Full => {
    if (isFull(shared)) {
      own.dispose();
      return shared;
    }
    return toDisposable(() => {
      own.dispose();
      shared.dispose();
    });
  };
  const shared = credits.take(wanted);
  if (!(shared instanceof Promise)) return settle(shared);
  return shared.then(settle, (error: unknown) => {
    own.dispose();
    throw error;
  });
}
