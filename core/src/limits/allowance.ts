import type { Denial } from '../access/policy.js';
import { LIMIT_NAMES, type UserLimits } from '../auth/account.js';
import type { Identity } from '../auth/method.js';
import { type Awaitable, andThen } from '../base/awaitable.js';
import { type Disposable, toDisposable } from '../base/disposable.js';
import { networkOf } from '../protocol/ip.js';
import type { Throttle, Throttles } from '../relay/pacer.js';
import { type Counts, isFull, LocalCounts, takeInTime, type Wanted } from './counts.js';
import {
  Allowance,
  type AllowanceLimits,
  type Authority,
  type Peers,
  type TellConnections,
} from './oneallowance.js';
import type { TokenBucket } from './tokenbucket.js';
import { emptyUsage, type Usage } from './usage.js';

export type { AllowanceLimits, Peers };

/** Limits by the names of users and groups. */
export interface AllowanceTable {
  readonly users: ReadonlyMap<string, AllowanceLimits>;
  readonly groups: ReadonlyMap<string, AllowanceLimits>;
  /** Connections at once of each user whose own limits say nothing of them; 0: no limit. */
  readonly perUser: number;
}

/** How many allowances there are before those of no use are looked for. */
const SWEEP = 10_000;

/** Why there is nothing left for a connection. */
export interface Exhausted extends Denial {
  readonly reason: 'too-many-connections' | 'quota-exceeded';
}

/** A connection's share of what its user and its group may use. */
export class Share implements Disposable {
  readonly throttles: Throttles;
  readonly #allowances: readonly Allowance[];
  readonly #counted: Disposable;
  readonly #now: () => Date;

  constructor(
    allowances: readonly Allowance[],
    counted: Disposable,
    now: () => Date = () => new Date(),
  ) {
    this.#allowances = allowances;
    this.#counted = counted;
    this.#now = now;
    this.throttles = {
      up: throttle(allowances.map(({ up }) => up)),
      down: throttle(allowances.map(({ down }) => down)),
    };
  }

  /** Accounts for bytes that were moved. @returns why no more may move, if so. */
  use(bytes: number): Denial | undefined {
    if (this.#allowances.length === 0) return undefined;
    const now = this.#now();
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

const LIMIT_KEYS = Object.values(LIMIT_NAMES);

/** The limits of an account; undefined if it has none. */
function limitsOf(account: UserLimits | undefined): AllowanceLimits | undefined {
  if (account === undefined || !LIMIT_KEYS.some((key) => account[key] !== undefined))
    return undefined;
  return account;
}

const DEVICES = 'devices of ';

/** What is counted of a client's address. */
function devicesWanted(allowances: readonly Allowance[], address: string): Wanted[] {
  return allowances.flatMap(({ name, devices: limit }) => {
    if (limit === undefined) return [];
    return [{ key: `device ${networkOf(address)} of ${name}`, limit, of: `${DEVICES}${name}` }];
  });
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
  /** Told how many connections of this process have a part of a rate, when that changes. */
  onConnections: TellConnections | undefined;
  /** How far the clock that quotas go by is ahead of the system's, ms. */
  clockAhead = 0;
  readonly #authority: Authority = { peers: 'processes', hasReplicas: false };
  readonly #counts: Counts;
  /** By their names. */
  readonly #allowances = new Map<string, Allowance>();
  /** Limits of users and groups, by their names, as options say. */
  #configured: ReadonlyMap<string, AllowanceLimits> = new Map();
  #perUser: number | undefined;
  /** With more allowances than that, those are forgotten that are of no use. */
  #sweepAt = SWEEP;
  /** What was used by those who have no limits now, too. */
  #kept: Record<string, Usage> = {};

  constructor(counts: Counts = new LocalCounts()) {
    this.#counts = counts;
  }

  /** Sets new limits; what was used stays. */
  configure({ users, groups, perUser }: AllowanceTable): void {
    this.#perUser = perUser > 0 ? perUser : undefined;
    const configured = new Map<string, AllowanceLimits>();
    for (const [user, limits] of users) configured.set(`user ${user}`, limits);
    for (const [group, limits] of groups) configured.set(`group ${group}`, limits);
    this.#configured = configured;
    for (const name of new Set([...this.#allowances.keys(), ...configured.keys()])) {
      this.#setLimits(name, this.#allowances.get(name)?.own);
    }
  }

  /**
   * Takes a connection's share, which is to be disposed with the connection.
   *
   * @param address the client's IP address: devices are told apart by it.
   * @returns why there is none left, if so.
   * @throws what the counts come to grief by, as {@link Counts} says.
   */
  share({ user, group, account }: Identity, address?: string): Awaitable<Share | Exhausted> {
    const names: string[] = [];
    if (user !== undefined) {
      names.push(`user ${user}`);
      this.#takeAccount(`user ${user}`, account);
    }
    if (group !== undefined) names.push(`group ${group}`);
    if (names.length === 0) return unlimited;
    const allowances: Allowance[] = [];
    const now = this.now();
    for (const name of names) {
      const allowance = this.#allowances.get(name);
      if (allowance === undefined) continue;
      const spent = allowance.spent(now);
      if (spent !== undefined) return { ...spent, reason: 'quota-exceeded' };
      allowances.push(allowance);
    }
    // Those without a limit are counted, too: they may have one before the connection ends.
    const wanted: Wanted[] = names.map((key) => ({ key, limit: this.#limitOf(key) }));
    if (address !== undefined) wanted.push(...devicesWanted(allowances, address));
    return andThen(takeInTime(this.#counts, wanted), (result) => {
      if (isFull(result)) return this.#tooMany(result.full, wanted);
      for (const allowance of allowances) allowance.addShares(1);
      const counted = toDisposable(() => {
        result.dispose();
        for (const allowance of allowances) allowance.addShares(-1);
      });
      return new Share(allowances, counted, this.now);
    });
  }

  /** The time that quotas go by. */
  readonly now = (): Date => new Date(Date.now() + this.clockAhead);

  /** Sets whose word counts of what all have used, and of the parts of rates. */
  set authority(peers: Peers) {
    this.#authority.peers = peers;
    if (peers === 'replicas') this.#authority.hasReplicas = true;
    for (const allowance of this.#allowances.values()) allowance.useParts();
  }

  /** Sets the part of the rates of a user or a group, by its name, that is this process's. */
  setPart(name: string, part: number, by: Peers = 'processes'): void {
    this.#allowances.get(name)?.setPart(part, by);
  }

  /** What each could use of a rate that is shared. @param time since the last call, ms. */
  takeLoads(time: number): Map<string, number> {
    const loads = new Map<string, number>();
    for (const [name, allowance] of this.#allowances) {
      const load = allowance.takeLoad(time);
      if (load > 0) loads.set(name, load);
    }
    return loads;
  }

  /** Bytes that were used since the last call for the same peers, by `user NAME` and `group NAME`. */
  takeFresh(of: Peers = 'processes'): Readonly<Record<string, number>> {
    const fresh: Record<string, number> = {};
    for (const allowance of this.#allowances.values()) {
      const bytes = allowance.takeFresh(of);
      if (bytes > 0) fresh[allowance.name] = bytes;
    }
    return fresh;
  }

  /** What was used, to be kept: by `user NAME` and `group NAME`. */
  usage(): Readonly<Record<string, Usage>> {
    const usage = { ...this.#kept };
    for (const { name, usage: own } of this.#allowances.values()) {
      if (own !== emptyUsage) usage[name] = own;
    }
    return usage;
  }

  /** Takes what all have used of some, if it is their word that counts. */
  updateUsage(usage: Readonly<Record<string, Usage>>, by: Peers = 'processes'): void {
    if (by !== this.#authority.peers) return;
    for (const [name, used] of Object.entries(usage)) {
      this.#kept[name] = used;
      const allowance = this.#allowances.get(name);
      if (by === 'replicas') allowance?.setShared(used);
      else if (allowance !== undefined) allowance.usage = used;
    }
  }

  /** Takes what was kept. */
  setUsage(kept: Readonly<Record<string, Usage>>): void {
    this.#kept = { ...kept };
    for (const allowance of this.#allowances.values()) {
      allowance.usage = kept[allowance.name] ?? emptyUsage;
    }
  }

  /** How many connections there may be: as the limits of its own say or, of a user, those of all. */
  #limitOf(name: string): number | undefined {
    const own = this.#allowances.get(name)?.connections;
    return own ?? (name.startsWith('user ') ? this.#perUser : undefined);
  }

  /** Takes the limits that a source has for a user: those of options come before them. */
  #takeAccount(name: string, account: UserLimits | undefined): void {
    const own = limitsOf(account);
    const before = this.#allowances.get(name);
    if (before === undefined ? own === undefined : before.own === own) return;
    this.#setLimits(name, own);
    if (this.#allowances.size > this.#sweepAt) this.#sweep();
  }

  /** Forgets what users without connections may use; what they have used is kept. */
  #sweep(): void {
    const kept = { ...this.#kept };
    for (const [name, allowance] of this.#allowances) {
      if (!allowance.isIdle || this.#configured.has(name)) continue;
      if (allowance.usage !== emptyUsage) kept[name] = allowance.usage;
      this.#allowances.delete(name);
    }
    this.#kept = kept;
    this.#sweepAt = Math.max(SWEEP, 2 * this.#allowances.size);
  }

  #tooMany(name: string, wanted: readonly Wanted[]): Exhausted {
    const devices = wanted.find(({ of: all }) => all === name);
    if (devices !== undefined) {
      const by = `${name.replace(DEVICES, '')} is connected from ${devices.limit} addresses already`;
      return { by, reason: 'quota-exceeded' };
    }
    if (this.#allowances.get(name)?.connections === undefined) {
      return { by: 'too many connections of this user', reason: 'too-many-connections' };
    }
    const limit = wanted.find(({ key }) => key === name)?.limit;
    return { by: `${name} has ${limit} connections already`, reason: 'quota-exceeded' };
  }

  /** Sets what may be used. @param own what a source says of a user. */
  #setLimits(name: string, own: UserLimits | undefined): void {
    let allowance = this.#allowances.get(name);
    if (allowance === undefined) {
      const tell: TellConnections = (...told) => this.onConnections?.(...told);
      const usage = this.#kept[name] ?? emptyUsage;
      allowance = new Allowance(name, usage, tell, this.#authority);
      this.#allowances.set(name, allowance);
    }
    allowance.own = own;
    allowance.setLimits({ ...own, ...this.#configured.get(name) });
  }
}
