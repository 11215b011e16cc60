import type { Denial } from '../access/policy.js';
import type { Identity } from '../auth/method.js';
import { type Awaitable, andThen } from '../base/awaitable.js';
import { type Disposable, toDisposable } from '../base/disposable.js';
import type { Throttle, Throttles } from '../relay/pacer.js';
import { type Counts, LocalCounts, taken } from './counts.js';
import { TokenBucket } from './tokenbucket.js';
import { emptyUsage, type Usage, usageAt } from './usage.js';

/** What a user, or all users of a group together, may use. What is left out has no limit. */
export interface AllowanceLimits {
  /** Connections at once. */
  readonly connections?: number;
  /** Bytes per second from clients. */
  readonly rateUp?: number;
  /** Bytes per second to clients. */
  readonly rateDown?: number;
  /** Bytes both ways in a day, and in a month, of local time. */
  readonly perDay?: number;
  readonly perMonth?: number;
}

/** Limits by the names of users and groups. */
export interface AllowanceTable {
  readonly users: ReadonlyMap<string, AllowanceLimits>;
  readonly groups: ReadonlyMap<string, AllowanceLimits>;
}

/** What a user or a group may use, and has used. */
class Allowance {
  /** For messages, and for what is kept: `user alice`. */
  readonly name: string;
  usage: Usage;
  readonly up = new TokenBucket();
  readonly down = new TokenBucket();
  #limits: AllowanceLimits = {};
  /** The part of the rates that is this process's. */
  #part = 1;
  /** Bytes that were used since they were asked for last. */
  #fresh = 0;

  constructor(name: string, usage: Usage) {
    this.name = name;
    this.usage = usage;
  }

  setLimits(limits: AllowanceLimits): void {
    this.#limits = limits;
    this.setPart(this.#part);
  }

  /** @param part of the rates that is this process's: above 0, up to 1. */
  setPart(part: number): void {
    this.#part = part;
    this.up.rate = (this.#limits.rateUp ?? 0) * part;
    this.down.rate = (this.#limits.rateDown ?? 0) * part;
  }

  /** How many connections there may be. */
  get connections(): number | undefined {
    return this.#limits.connections;
  }

  /** Why no more bytes may move, if so. */
  spent(now: Date): Denial | undefined {
    this.usage = usageAt(this.usage, now);
    const { perDay, perMonth } = this.#limits;
    if (perDay !== undefined && this.usage.dayBytes >= perDay) {
      return { by: `${this.name} has used up this day's bytes` };
    }
    if (perMonth !== undefined && this.usage.monthBytes >= perMonth) {
      return { by: `${this.name} has used up this month's bytes` };
    }
    return undefined;
  }

  use(bytes: number, now: Date): void {
    const usage = usageAt(this.usage, now);
    this.usage = {
      ...usage,
      dayBytes: usage.dayBytes + bytes,
      monthBytes: usage.monthBytes + bytes,
    };
    this.#fresh += bytes;
  }

  /** Bytes that were used since the last call. */
  takeFresh(): number {
    const fresh = this.#fresh;
    this.#fresh = 0;
    return fresh;
  }
}

/** A connection's share of what its user and its group may use. */
export class Share implements Disposable {
  readonly throttles: Throttles;
  readonly #allowances: readonly Allowance[];
  readonly #counted: Disposable;

  constructor(allowances: readonly Allowance[], counted: Disposable) {
    this.#allowances = allowances;
    this.#counted = counted;
    this.throttles = {
      up: throttle(allowances.map(({ up }) => up)),
      down: throttle(allowances.map(({ down }) => down)),
    };
  }

  /** Accounts for bytes that were moved. @returns why no more may move, if so. */
  use(bytes: number): Denial | undefined {
    if (this.#allowances.length === 0) return undefined;
    const now = new Date();
    let spent: Denial | undefined;
    for (const allowance of this.#allowances) {
      allowance.use(bytes, now);
      spent ??= allowance.spent(now);
    }
    return spent;
  }

  dispose(): void {
    this.#counted.dispose();
  }
}

/** What those have who have no limits. */
const unlimited = new Share(
  [],
  toDisposable(() => {}),
);

function throttle(buckets: readonly TokenBucket[]): Throttle | undefined {
  const limited = buckets.filter(({ rate }) => rate > 0);
  if (limited.length === 0) return undefined;
  return {
    get step() {
      return Math.min(...limited.map(({ step }) => step));
    },
    take: (bytes) => Math.max(...limited.map((bucket) => bucket.take(bytes))),
    give: (bytes) => {
      for (const bucket of limited) bucket.give(bytes);
    },
  };
}

/** What all users and groups may use, and have used. */
export class Allowances {
  readonly #counts: Counts;
  readonly #users = new Map<string, Allowance>();
  readonly #groups = new Map<string, Allowance>();
  /** What was used by those who have no limits now, too. */
  #kept: Readonly<Record<string, Usage>> = {};

  constructor(counts: Counts = new LocalCounts()) {
    this.#counts = counts;
  }

  /** Sets new limits; what was used stays. */
  configure(table: AllowanceTable): void {
    this.#setLimits('user', this.#users, table.users);
    this.#setLimits('group', this.#groups, table.groups);
  }

  /**
   * Takes a connection's share, which is to be disposed with the connection.
   *
   * @returns why there is none left, if so.
   */
  share({ user, group }: Identity): Awaitable<Share | Denial> {
    const own = user === undefined ? undefined : this.#users.get(user);
    const common = group === undefined ? undefined : this.#groups.get(group);
    if (own === undefined && common === undefined) return unlimited;
    const allowances = [own, common].filter((allowance) => allowance !== undefined);
    const now = new Date();
    for (const allowance of allowances) {
      const spent = allowance.spent(now);
      if (spent !== undefined) return spent;
    }
    const wanted = allowances.map(({ name, connections }) => ({ key: name, limit: connections }));
    return andThen(taken(this.#counts, wanted), (counted) => {
      if (typeof counted !== 'string') return new Share(allowances, counted);
      const limit = wanted.find(({ key }) => key === counted)?.limit;
      return { by: `${counted} has ${limit} connections already` };
    });
  }

  /** Sets the part of the rates of a user or a group, by its name, that is this process's. */
  setPart(name: string, part: number): void {
    this.#find(name)?.setPart(part);
  }

  /** Bytes that were used since the last call, by `user NAME` and `group NAME`. */
  takeFresh(): Readonly<Record<string, number>> {
    const fresh: Record<string, number> = {};
    for (const allowance of this.#all()) {
      const bytes = allowance.takeFresh();
      if (bytes > 0) fresh[allowance.name] = bytes;
    }
    return fresh;
  }

  /** What was used, to be kept: by `user NAME` and `group NAME`. */
  usage(): Readonly<Record<string, Usage>> {
    const usage = { ...this.#kept };
    for (const { name, usage: own } of this.#all()) {
      if (own !== emptyUsage) usage[name] = own;
    }
    return usage;
  }

  /** Takes what all processes have used of some. */
  updateUsage(usage: Readonly<Record<string, Usage>>): void {
    this.#kept = { ...this.#kept, ...usage };
    for (const [name, used] of Object.entries(usage)) {
      const allowance = this.#find(name);
      if (allowance !== undefined) allowance.usage = used;
    }
  }

  /** Takes what was kept. */
  setUsage(kept: Readonly<Record<string, Usage>>): void {
    this.#kept = kept;
    for (const allowance of this.#all()) {
      allowance.usage = kept[allowance.name] ?? emptyUsage;
    }
  }

  #all(): readonly Allowance[] {
    return [...this.#users.values(), ...this.#groups.values()];
  }

  #find(name: string): Allowance | undefined {
    return this.#all().find((allowance) => allowance.name === name);
  }

  #setLimits(
    kind: string,
    allowances: Map<string, Allowance>,
    limits: ReadonlyMap<string, AllowanceLimits>,
  ): void {
    for (const allowance of allowances.values()) allowance.setLimits({});
    for (const [id, own] of limits) {
      let allowance = allowances.get(id);
      if (allowance === undefined) {
        const name = `${kind} ${id}`;
        allowance = new Allowance(name, this.#kept[name] ?? emptyUsage);
        allowances.set(id, allowance);
      }
      allowance.setLimits(own);
    }
  }
}
