import type { Identity } from '../auth/method.js';
import type { Disposable } from '../disposable.js';
import type { Throttle, Throttles } from '../net/relay.js';
import type { Denial } from './policy.js';
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
  #connections = 0;

  constructor(name: string, usage: Usage) {
    this.name = name;
    this.usage = usage;
  }

  setLimits(limits: AllowanceLimits): void {
    this.#limits = limits;
    this.up.rate = limits.rateUp ?? 0;
    this.down.rate = limits.rateDown ?? 0;
  }

  /** Counts a connection until the result is disposed, unless it is one too many. */
  admit(now: Date): Disposable | Denial {
    const { connections } = this.#limits;
    if (connections !== undefined && this.#connections >= connections) {
      return { by: `${this.name} has ${connections} connections already` };
    }
    const spent = this.spent(now);
    if (spent !== undefined) return spent;
    this.#connections++;
    return { dispose: () => this.#connections-- };
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
  }
}

/** A connection's share of what its user and its group may use. */
export class Share implements Disposable {
  readonly throttles: Throttles;
  readonly #allowances: readonly Allowance[];
  readonly #counted: readonly Disposable[];

  constructor(allowances: readonly Allowance[], counted: readonly Disposable[]) {
    this.#allowances = allowances;
    this.#counted = counted;
    this.throttles = {
      up: throttle(allowances.map(({ up }) => up)),
      down: throttle(allowances.map(({ down }) => down)),
    };
  }

  /** Accounts for bytes that were moved. @returns why no more may move, if so. */
  use(bytes: number): Denial | undefined {
    const now = new Date();
    let spent: Denial | undefined;
    for (const allowance of this.#allowances) {
      allowance.use(bytes, now);
      spent ??= allowance.spent(now);
    }
    return spent;
  }

  dispose(): void {
    for (const counted of this.#counted) counted.dispose();
  }
}

function throttle(buckets: readonly TokenBucket[]): Throttle | undefined {
  const limited = buckets.filter(({ rate }) => rate > 0);
  if (limited.length === 0) return undefined;
  return (bytes) => Math.max(...limited.map((bucket) => bucket.take(bytes)));
}

/** What all users and groups may use, and have used. */
export class Allowances {
  readonly #users = new Map<string, Allowance>();
  readonly #groups = new Map<string, Allowance>();
  /** What was used by those who have no limits now, too. */
  #kept: Readonly<Record<string, Usage>> = {};

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
  share({ user, group }: Identity): Share | Denial {
    const own = user === undefined ? undefined : this.#users.get(user);
    const common = group === undefined ? undefined : this.#groups.get(group);
    const allowances = [own, common].filter((allowance) => allowance !== undefined);
    const counted: Disposable[] = [];
    for (const allowance of allowances) {
      const admitted = allowance.admit(new Date());
      if ('by' in admitted) {
        for (const before of counted) before.dispose();
        return admitted;
      }
      counted.push(admitted);
    }
    return new Share(allowances, counted);
  }

  /** What was used, to be kept: by `user NAME` and `group NAME`. */
  usage(): Readonly<Record<string, Usage>> {
    const usage = { ...this.#kept };
    for (const { name, usage: own } of [...this.#users.values(), ...this.#groups.values()]) {
      if (own !== emptyUsage) usage[name] = own;
    }
    return usage;
  }

  /** Takes what was kept. */
  setUsage(kept: Readonly<Record<string, Usage>>): void {
    this.#kept = kept;
    for (const allowance of [...this.#users.values(), ...this.#groups.values()]) {
      allowance.usage = kept[allowance.name] ?? emptyUsage;
    }
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
