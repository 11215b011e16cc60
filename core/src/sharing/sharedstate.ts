import type { Awaitable } from '../base/awaitable.js';

/**
 * What servers have in common that serve the same clients on several machines, such as behind a
 * load balancer, kept elsewhere: how many connections there are, who has failed to log in, what was
 * used. Each process that serves is a replica of its own.
 */
export interface SharedState {
  readonly id: string;
  /**
   * What becomes of new connections while it is away: with `local`, as if left out, limits are each
   * server's own meanwhile; with `refuse` none is served.
   */
  readonly whenAway?: 'local' | 'refuse';
  /** After so long without an exchange what a replica had is given back, from 1000 on, ms. */
  readonly lease: number;
  /** How long an exchange may take until the state counts as away, 50 to 4000, ms. */
  readonly timeout: number;
  /**
   * Opens a way there, without waiting for it: an exchange fails while there is none.
   *
   * @param wake to be called when another replica has changed something that cannot wait; it need
   *   not ever be: each replica looks by itself at least once a second.
   */
  join(wake: () => void): Awaitable<SharedLink>;
}

/** A replica's way to the shared state. */
export interface SharedLink {
  /**
   * Does all of an exchange at once, or nothing of it. There may be several at a time, which have to
   * be done in their order.
   *
   * @param signal aborted when it takes too long: it must not be sent any more then.
   * @throws why it could not be done; whether it was done may not be known.
   */
  exchange(exchange: StateExchange, signal: AbortSignal): Promise<StateAnswer>;
  dispose(): Awaitable<void>;
}

/** A key, its limit, and what it is one of if the limit is of that, as in `Wanted`. */
export type WantedKey = readonly [key: string, limit: number, of?: string];

/** What a user or a group has used of a replica so far. */
export interface ReplicaUsage {
  /** `user NAME` or `group NAME`. */
  readonly name: string;
  /** `YYYY-MM-DD`, by the state's clock. */
  readonly day: string;
  /** Bytes of that day, and of its month, since the replica began. */
  readonly dayBytes: number;
  readonly monthBytes: number;
  /**
   * What all replicas are known to have used beside: it counts if the state does not know of more,
   * or, where it is `weak`, if it knows nothing at all.
   */
  readonly before?: {
    readonly dayBytes: number;
    readonly monthBytes: number;
    readonly isWeak: boolean;
  };
}

/** What a replica tells, and asks, at once. */
export interface StateExchange {
  /** Of this membership: another one after each time that the replica joined. */
  readonly member: string;
  /** Of the process, for as long as it lives. */
  readonly replica: string;
  /** 1: it joins; later one more each time. Any other is not done, and answered by `isLost`. */
  readonly sequence: number;
  /** How long the membership lasts without another exchange, ms. */
  readonly lease: number;
  /** Of the first: the membership that this one takes the place of, which does nothing any more. */
  readonly formerly?: string;
  /** The same once its claims are made: what that membership had is given back, after these. */
  readonly replaces?: string;
  /** Whether it leaves: what it has is given back. */
  readonly isLast?: boolean;
  /** It counts so many of a key already, whatever the limit. They come before all else. */
  readonly claims: readonly (readonly [key: string, count: number, of?: string])[];
  /** It gives so many permits of a key back. They come before what it asks for. */
  readonly gives: readonly (readonly [key: string, count: number])[];
  /** Each wants one permit of each key, or none at all. */
  readonly asks: readonly (readonly [id: number, wanted: readonly WantedKey[]])[];
  /** What else there is to tell and to hear, which not every exchange has. */
  readonly pulse?: Pulse;
}

/** What a replica tells and hears beside its counts, once a second and when there is news. */
export interface Pulse {
  readonly used: readonly ReplicaUsage[];
  /** How much of a shared rate it could use, by `user NAME` and `group NAME`; 0: nothing any more. */
  readonly loads: readonly (readonly [name: string, load: number])[];
  /** What others are to hear of logins: texts of at most 4096 characters. */
  readonly news: readonly string[];
  /** What it has heard up to: as the last answer said, or 0. */
  readonly heard: Heard;
}

/** Where a replica is in what changes. */
export interface Heard {
  readonly usage: number;
  readonly news: number;
}

/** What comes back of an exchange. */
export type StateAnswer = { readonly isLost: true } | DoneExchange;

export interface DoneExchange {
  readonly isLost: false;
  /** The state's clock, ms since 1970. */
  readonly time: number;
  /** Another one after the state has lost all that it knew. */
  readonly epoch: string;
  /** What replicas make digests with, 32 octets in Base64: the same for all of them. */
  readonly key: string;
  /** Permits of a limit that are the replica's; loose ones may be kept for later. */
  readonly grants: readonly (readonly [
    key: string,
    count: number,
    limit: number,
    isLoose: boolean,
  ])[];
  /**
   * To what was asked: null, or the key whose limit was reached; `isFinal` is false where others may
   * have permits that they do not use, and are being asked for them: ask again.
   */
  readonly answers: readonly (readonly [id: number, full: string | null, isFinal: boolean])[];
  /** Keys of which the replica is to give back what it does not use. */
  readonly recalls: readonly string[];
  /** Of an exchange with a pulse. */
  readonly pulse?: PulseAnswer;
}

export interface PulseAnswer {
  /** What all replicas have used, of those where that has changed. */
  readonly usage: readonly {
    readonly name: string;
    readonly day: string;
    readonly dayBytes: number;
    readonly monthBytes: number;
  }[];
  /** The replica's part of the rates that it told a load of: above 0, up to 1. */
  readonly parts: readonly (readonly [name: string, part: number])[];
  /** What other replicas have told, and how long ago, ms. */
  readonly news: readonly (readonly [age: number, text: string])[];
  readonly heard: Heard;
  /** Whether there is more to hear at once. */
  readonly hasMore: boolean;
}
