import type { Family } from './families.js';

/** Series of a family at most: what is more is counted in one, whose labels are all "other". */
const MAX_SERIES = 2000;
/** Characters of a label's value at most. */
const MAX_VALUE = 128;
/** What stands for all that has no series of its own. */
export const OTHER = 'other';

/**
 * The value of a series. Of a histogram how many there were in each bucket, above the last one, and
 * the sum of all.
 */
export type Value = number | number[];

/** What stands for `undefined`: a label that is left out. */
export type Labels = readonly (string | undefined)[];

/** Series of a family: the values of their labels, and theirs. */
export type Series = [labels: string[], value: Value][];

/** All series of a process at a moment, by the names of their families. */
export type Snapshot = Record<string, Series>;

/** One more that is as much as both. */
export function sum(one: Value, other: Value, over?: Family['over']): Value {
  if (typeof one === 'number' && typeof other === 'number') {
    return over === 'min' ? Math.min(one, other) : one + other;
  }
  const [left, right] = [one, other].map((value) => (Array.isArray(value) ? value : [value]));
  return (left ?? []).map((part, i) => part + (right?.[i] ?? 0));
}

/** Values by their labels, of which there are not too many. */
export class Table {
  readonly #family: Family;
  readonly #series = new Map<string, [labels: string[], value: Value]>();

  constructor(family: Family) {
    this.#family = family;
  }

  /** Adds to a series; it becomes one if there is none. */
  add(labels: Labels, value: Value): void {
    const { labels: names, over } = this.#family;
    const values = names.map((_, i) => (labels[i] ?? '').slice(0, MAX_VALUE));
    const key = JSON.stringify(values);
    const series = this.#series.get(key);
    if (series !== undefined) series[1] = sum(series[1], value, over);
    else if (this.#series.size < MAX_SERIES) this.#series.set(key, [values, value]);
    else {
      const rest = names.map(() => OTHER);
      const others = this.#series.get(JSON.stringify(rest));
      if (others !== undefined) others[1] = sum(others[1], value, over);
      else this.#series.set(JSON.stringify(rest), [rest, value]);
    }
  }

  all(): Series {
    return [...this.#series.values()].map(([labels, value]) => [
      labels,
      typeof value === 'number' ? value : [...value],
    ]);
  }
}

/** What was counted since the extension runs. */
export class Store {
  readonly #tables = new Map<string, Table>();

  add(family: Family, labels: Labels = [], by: Value = 1): void {
    let table = this.#tables.get(family.name);
    if (table === undefined) {
      table = new Table(family);
      this.#tables.set(family.name, table);
    }
    table.add(labels, by);
  }

  /** @param span s. */
  observe(family: Family, labels: Labels, span: number): void {
    const buckets = family.buckets ?? [];
    const value = new Array<number>(buckets.length + 2).fill(0);
    const found = buckets.findIndex((bound) => span <= bound);
    value[found < 0 ? buckets.length : found] = 1;
    value[buckets.length + 1] = span;
    this.add(family, labels, value);
  }

  series({ name }: Family): Series {
    return this.#tables.get(name)?.all() ?? [];
  }

  snapshot(): Snapshot {
    return Object.fromEntries([...this.#tables].map(([name, table]) => [name, table.all()]));
  }
}

/** Names that have series of their own: those that came first, so that no series ever shrinks. */
export class Names {
  limit: number;
  readonly #known = new Set<string>();

  constructor(limit: number) {
    this.limit = limit;
  }

  /** @returns the name, or what stands for all that came later. */
  of(name: string | undefined): string | undefined {
    if (name === undefined || name === '' || this.#known.has(name)) return name;
    if (this.#known.size >= this.limit) return OTHER;
    this.#known.add(name);
    return name;
  }
}
