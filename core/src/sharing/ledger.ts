import { emptyUsage, type Usage, usageAt } from '../limits/usage.js';
import type { ReplicaUsage } from './sharedstate.js';

type Usages = Readonly<Record<string, Usage>>;

/** Bytes of a day and of its month. */
interface Bytes {
  readonly dayBytes: number;
  readonly monthBytes: number;
}

const nothing: Bytes = { dayBytes: 0, monthBytes: 0 };

interface Entry {
  /** What was used here. */
  own: Usage;
  /** Of that, what the state has taken, and what is in the last that was heard. */
  taken: Bytes;
  included: Bytes;
  /** What all have used, as was heard last. */
  all: Usage | undefined;
  before: { readonly all: Usage; readonly isWeak: boolean } | undefined;
  /** Whether it has to be told, though nothing more was used. */
  isStale: boolean;
}

/**
 * What was used of one replica, told as sums that only grow: told twice they count once, and what
 * the state has lost it is told again. Where it has lost everything, each replica also tells what it
 * knows that all have used; what was used since then is counted beside.
 */
export class Ledger {
  readonly #entries = new Map<string, Entry>();
  #epoch: string | undefined;

  /** Counts what was used since the last time. @param now by the clock that quotas go by. */
  add(bytes: Readonly<Record<string, number>>, now: Date): void {
    for (const [name, more] of Object.entries(bytes)) {
      const entry = this.#entry(name);
      turn(entry, now);
      const { day, dayBytes, monthBytes } = entry.own;
      entry.own = { day, dayBytes: dayBytes + more, monthBytes: monthBytes + more };
    }
  }

  /**
   * Joins a state.
   *
   * @param epoch another one: it knows nothing of what others have heard.
   * @param known what was used, as this process knows: it counts of names that nobody knows.
   */
  begin(epoch: string, known: Usages, now: Date): void {
    const isFirst = this.#epoch === undefined;
    const isOther = epoch !== this.#epoch;
    this.#epoch = epoch;
    if (isFirst) {
      for (const [name, used] of Object.entries(known)) {
        const entry = this.#entry(name);
        turn(entry, now);
        const all = { day: entry.own.day, ...minus(usageAt(used, now), entry.own) };
        if (all.monthBytes > 0) entry.before = { all, isWeak: true };
      }
    }
    for (const entry of this.#entries.values()) {
      entry.isStale = entry.own.monthBytes > 0 || entry.before !== undefined;
      if (!isOther || isFirst) continue;
      const { own, included, all } = entry;
      entry.own = { day: own.day, ...minus(own, included) };
      entry.taken = nothing;
      entry.included = nothing;
      if (all === undefined) continue;
      entry.before = { all, isWeak: false };
      entry.isStale = true;
    }
  }

  /** What the state is to be told, of so many names at most. */
  untold(most: number): ReplicaUsage[] {
    const told: ReplicaUsage[] = [];
    for (const [name, { own, taken, before, isStale }] of this.#entries) {
      if (!isStale && own.monthBytes <= taken.monthBytes && own.dayBytes <= taken.dayBytes)
        continue;
      if (told.length === most) break;
      const day = own.day === '' ? (before?.all.day ?? '') : own.day;
      const { dayBytes, monthBytes } = own;
      const offer = before && { ...bytesAt(before.all, day), isWeak: before.isWeak };
      told.push({ name, day, dayBytes, monthBytes, ...(offer && { before: offer }) });
    }
    return told;
  }

  /** The state has taken what it was told. */
  settle(told: readonly ReplicaUsage[]): void {
    for (const { name, day, dayBytes, monthBytes } of told) {
      const entry = this.#entry(name);
      entry.isStale = false;
      entry.before = undefined;
      if (entry.own.day === day) entry.taken = { dayBytes, monthBytes };
    }
  }

  /** Hears what all have used. @returns the same with what the state does not know of yet. */
  hear(usage: readonly ({ readonly name: string } & Usage)[]): Record<string, Usage> {
    const heard: Record<string, Usage> = {};
    for (const { name, ...all } of usage) {
      const entry = this.#entry(name);
      entry.all = all;
      entry.included = entry.taken;
      const { own, taken } = entry;
      const more = own.day === all.day ? minus(own, taken) : nothing;
      const dayBytes = all.dayBytes + more.dayBytes;
      heard[name] = { day: all.day, dayBytes, monthBytes: all.monthBytes + more.monthBytes };
    }
    return heard;
  }

  #entry(name: string): Entry {
    let entry = this.#entries.get(name);
    if (entry === undefined) {
      entry = {
        ...{ own: emptyUsage, taken: nothing, included: nothing },
        ...{ all: undefined, before: undefined, isStale: false },
      };
      this.#entries.set(name, entry);
    }
    return entry;
  }
}

/** A new day, or a new month, starts at zero. */
function turn(entry: Entry, now: Date): void {
  const { own } = entry;
  const next = usageAt(own, now);
  if (next === own) return;
  const isSameMonth = own.day.slice(0, 7) === next.day.slice(0, 7);
  const later = ({ monthBytes }: Bytes) => ({
    dayBytes: 0,
    monthBytes: isSameMonth ? monthBytes : 0,
  });
  entry.own = next;
  // A clock that was set back takes the day over.
  if (next.dayBytes > 0) return;
  entry.taken = later(entry.taken);
  entry.included = later(entry.included);
}

function minus(one: Bytes, other: Bytes): Bytes {
  return {
    dayBytes: Math.max(0, one.dayBytes - other.dayBytes),
    monthBytes: Math.max(0, one.monthBytes - other.monthBytes),
  };
}

/** What counts of a usage on another day. */
function bytesAt({ day, dayBytes, monthBytes }: Usage, at: string): Bytes {
  const isSameMonth = day.slice(0, 7) === at.slice(0, 7);
  return {
    dayBytes: day === at ? dayBytes : 0,
    monthBytes: isSameMonth ? monthBytes : 0,
  };
}
