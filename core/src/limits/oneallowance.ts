import type { Denial } from '../access/policy.js';
import type { UserLimits } from '../auth/account.js';
import { TokenBucket } from './tokenbucket.js';
import { type Usage, usageAt } from './usage.js';

export type AllowanceLimits = UserLimits;

/** Told how many connections of a user or a group there are in this process. */
export type TellConnections = (name: string, connections: number) => void;

/** With whom a server shares what there is: other processes of its machine, or those of others too. */
export type Peers = 'processes' | 'replicas';

/** Whose word counts of what is shared. */
export interface Authority {
  peers: Peers;
  /** Whether replicas are told of what is used. */
  hasReplicas: boolean;
}

/** What a connection that moves nothing weighs in a rate that is shared, beside 1 if it is busy. */
const IDLE_LOAD = 0.1;
/** A rate counts as used up from this part of it on. */
const FULL_USE = 0.8;

/** What a user or a group may use, and has used. */
export class Allowance {
  /** For messages, and for what is kept: `user alice`. */
  readonly name: string;
  usage: Usage;
  /** The limits that a source has for the user: those of options come before them. */
  own: UserLimits | undefined;
  readonly up = new TokenBucket();
  readonly down = new TokenBucket();
  #limits: AllowanceLimits = {};
  readonly #authority: Readonly<Authority>;
  /** The part of the rates that is this process's. */
  readonly #parts: Record<Peers, number> = { processes: 1, replicas: 1 };
  /** Bytes that were used since they were asked for last. */
  readonly #fresh: Record<Peers, number> = { processes: 0, replicas: 0 };
  /** Since its load was asked for last. */
  #moved = 0;
  /** How much of its part it used by then, up to 1. */
  #usedBefore = 0;
  /** How many connections have a share of it. */
  #shares = 0;
  /** How many of them were told, since rates are shared by them. */
  #told = 0;
  readonly #tell: TellConnections;

  constructor(name: string, usage: Usage, tell: TellConnections, authority: Readonly<Authority>) {
    this.name = name;
    this.usage = usage;
    this.#tell = tell;
    this.#authority = authority;
  }

  setLimits(limits: AllowanceLimits): void {
    this.#limits = limits;
    this.useParts();
    this.#tellShares();
  }

  /** Counts one more connection that has a share, or one less. */
  addShares(by: 1 | -1): void {
    this.#shares += by;
    this.#tellShares();
  }

  #tellShares(): void {
    const { rateUp = 0, rateDown = 0 } = this.#limits;
    const shares = rateUp > 0 || rateDown > 0 ? this.#shares : 0;
    if (shares === this.#told) return;
    this.#told = shares;
    this.#tell(this.name, shares);
  }

  /** @param part of the rates that is this process's: above 0, up to 1. */
  setPart(part: number, by: Peers): void {
    this.#parts[by] = part;
    this.useParts();
  }

  /** Goes by the part that counts now. */
  useParts(): void {
    const part = this.#parts[this.#authority.peers];
    this.up.rate = (this.#limits.rateUp ?? 0) * part;
    this.down.rate = (this.#limits.rateDown ?? 0) * part;
  }

  /** How many connections there may be. */
  get connections(): number | undefined {
    return this.#limits.connections;
  }

  /** From how many client addresses. */
  get devices(): number | undefined {
    return this.#limits.devices;
  }

  /** Whether it is of no use any more: nobody has a share, and nothing is to be kept of it. */
  get isIdle(): boolean {
    const { processes, replicas } = this.#fresh;
    const isTold = !this.#authority.hasReplicas || replicas === 0;
    return this.#shares === 0 && processes === 0 && isTold;
  }

  /**
   * How much of a rate that is shared it could use: each of its connections counts, and ten times as
   * much where they use up the part that they have.
   *
   * @param time since the last call, ms.
   * @returns 0 if it has no rate, or nobody uses it.
   */
  takeLoad(time: number): number {
    const { rateUp = 0, rateDown = 0 } = this.#limits;
    const rates = [rateUp, rateDown].filter((rate) => rate > 0);
    const moved = this.#moved;
    this.#moved = 0;
    if (rates.length === 0 || this.#shares === 0) return 0;
    const most = (Math.min(...rates) * this.#parts[this.#authority.peers] * time) / 1000;
    const used = Math.min(1, moved / Math.max(1, most * FULL_USE));
    // Bytes are accounted for once a second: in one second there may be none, in the next all.
    const load = IDLE_LOAD + Math.max(used, this.#usedBefore);
    this.#usedBefore = used;
    return this.#shares * load;
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
    this.#fresh.processes += bytes;
    this.#fresh.replicas += bytes;
    this.#moved += bytes;
  }

  /** Bytes that were used since the last call. */
  takeFresh(of: Peers): number {
    const fresh = this.#fresh[of];
    this.#fresh[of] = 0;
    return fresh;
  }

  /** Takes what all replicas have used, as far as they know. */
  setShared({ day, dayBytes, monthBytes }: Usage): void {
    const untold = this.#fresh.replicas;
    this.usage = { day, dayBytes: dayBytes + untold, monthBytes: monthBytes + untold };
  }
}
