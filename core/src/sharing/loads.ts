import { monotonic } from '../base/clock.js';
import type { Allowances } from '../limits/allowance.js';

/** How often loads are looked at at most, ms. */
const PERIOD = 900;
/** Names in whose rates a replica asks for its part, each second. */
const MAX_LOADS = 500;

/** What a replica tells of how much it could use of rates that are shared. */
export class Loads {
  readonly #allowances: Allowances;
  /** What was told, those last whose turn it was last. */
  readonly #told = new Map<string, number>();
  /** When they were looked at last, monotonic ms. */
  #at = monotonic();

  constructor(allowances: Allowances) {
    this.#allowances = allowances;
  }

  /** Nothing was told yet. */
  clear(): void {
    this.#told.clear();
  }

  /** What has changed of loads, and some of the others, whose parts may have changed. */
  take(): [name: string, load: number][] {
    const now = monotonic();
    if (now - this.#at < PERIOD) return [];
    const loads = this.#allowances.takeLoads(now - this.#at);
    this.#at = now;
    const told: [name: string, load: number][] = [];
    for (const name of this.#told.keys()) {
      if (told.length < MAX_LOADS && !loads.has(name)) told.push([name, 0]);
    }
    for (const [name] of told) this.#told.delete(name);
    // Those whose turn it was come last the next time.
    const order = [...this.#told.keys()].filter((name) => loads.has(name));
    const fresh = [...loads.keys()].filter((name) => !this.#told.has(name));
    for (const name of [...fresh, ...order].slice(0, MAX_LOADS - told.length)) {
      const load = Math.round((loads.get(name) ?? 0) * 1000) / 1000;
      told.push([name, load]);
      this.#told.delete(name);
      this.#told.set(name, load);
    }
    return told;
  }
}
