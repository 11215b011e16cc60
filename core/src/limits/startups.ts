import { monotonic } from '../base/clock.js';
import { type Disposable, toDisposable } from '../base/disposable.js';

/** A connection whose client has not made its request yet. */
export interface Startup {
  /** Whether it waits for its client, and not the client for an answer. */
  readonly stalled: boolean;
  /** Ends it, and gives the place that it counts for back at once. */
  giveWay(): void;
}

/** How long a client may keep a place for itself while there is none left for others, ms. */
const PATIENCE = 1000;

interface Entry {
  readonly network: string;
  readonly startup: Startup;
  /** Monotonic ms. */
  readonly since: number;
  older: Entry | undefined;
  newer: Entry | undefined;
}

/**
 * The connections whose clients have not made their request: they have a share of their own of all
 * connections, as with MaxStartups of sshd_config(5), so that those who say nothing cannot keep
 * everybody else out. When it is full, the oldest that waits for its client gives way to a new
 * one, of a network that has the most of them.
 */
export class Startups {
  /** How many there may be; Infinity: no limit. */
  limit = Number.POSITIVE_INFINITY;
  readonly #counts = new Map<string, number>();
  #size = 0;
  #oldest: Entry | undefined;
  #newest: Entry | undefined;

  /** @param network of its client, as `networkOf` has it. @returns to be disposed with its request. */
  add(network: string, startup: Startup): Disposable {
    const entry = { network, startup, since: monotonic(), older: this.#newest, newer: undefined };
    if (this.#newest === undefined) this.#oldest = entry;
    else this.#newest.newer = entry;
    this.#newest = entry;
    this.#size++;
    this.#counts.set(network, this.#countOf(network) + 1);
    return toDisposable(() => this.#remove(entry));
  }

  /** Makes room for one more of a network. @returns false if it is the one that has to go. */
  makeRoom(network: string): boolean {
    if (this.#size < this.limit) return true;
    const isCrowded = this.#crowdedWith(network);
    const stalled = this.#find((entry) => isCrowded(entry.network) && entry.startup.stalled);
    if (stalled !== undefined) return end(stalled);
    return !isCrowded(network) && end(this.#find((entry) => isCrowded(entry.network)));
  }

  /**
   * Ends the oldest that has waited for its client for a second, for others have no place left.
   *
   * @param network looks among those of this one only.
   * @returns false if there is none.
   */
  endStalled(network?: string): boolean {
    const latest = monotonic() - PATIENCE;
    return end(
      this.#find(
        (entry) =>
          entry.since <= latest &&
          (network === undefined || entry.network === network) &&
          entry.startup.stalled,
      ),
    );
  }

  /** Tells networks that have the most, with one more of `network`. */
  #crowdedWith(network: string): (other: string) => boolean {
    const countOf = (other: string) => this.#countOf(other) + (other === network ? 1 : 0);
    let most = countOf(network);
    for (const other of this.#counts.keys()) most = Math.max(most, countOf(other));
    return (other) => countOf(other) === most;
  }

  #find(matches: (entry: Entry) => boolean): Entry | undefined {
    let entry = this.#oldest;
    while (entry !== undefined && !matches(entry)) entry = entry.newer;
    return entry;
  }

  #countOf(network: string): number {
    return this.#counts.get(network) ?? 0;
  }

  #remove(entry: Entry): void {
    const { network, older, newer } = entry;
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    // What is gone must not keep others in memory.
    entry.older = undefined;
    entry.newer = undefined;
    this.#size--;
    const left = this.#countOf(network) - 1;
    if (left > 0) this.#counts.set(network, left);
    else this.#counts.delete(network);
  }
}

/** @returns whether there was one. */
function end(entry: Entry | undefined): boolean {
  entry?.startup.giveWay();
  return entry !== undefined;
}

/**
 * How many connections a process may have whose clients have not made their request: never more
 * than half of all, or they could fill the server.
 *
 * @param wanted 0: as many as that.
 * @param maxconn how many connections there may be in all; 0: no limit.
 * @param processes that serve.
 */
export function startupLimit(wanted: number, maxconn: number, processes: number): number {
  const half = maxconn === 0 ? Number.POSITIVE_INFINITY : Math.max(1, Math.floor(maxconn / 2));
  return Math.ceil(Math.min(wanted === 0 ? half : wanted, half) / processes);
}
