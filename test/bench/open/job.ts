/** Where a process of clients goes, as JSON in its first argument. */
export interface ClientsJob {
  readonly proxy: number;
  /** Ports of the destinations, each at every address of {@link DESTINATIONS}. */
  readonly targets: readonly number[];
  readonly count: number;
  /** Which process it is, of how many. */
  readonly part: number;
}

/** What the parent asks of them. */
export type Ask =
  | { readonly type: 'open' }
  /** Messages there and back on connections chosen at random, so many at a time. */
  | { readonly type: 'ping'; readonly count: number; readonly lanes: number }
  /** One on each. */
  | { readonly type: 'wake' };

/** What they answer. */
export interface Answer {
  /** Connections that were made, or that answered. */
  readonly done: number;
  /** How long each answer took, µs. */
  readonly times: readonly number[];
  /** What came to grief, by why. */
  readonly lost: Readonly<Record<string, number>>;
}

/** Addresses that clients come from, and destinations are at: a port is free at each of them. */
export const CLIENTS = Array.from({ length: 16 }, (_, i) => `127.0.0.${2 + i}`);
export const DESTINATIONS = Array.from({ length: 8 }, (_, i) => [127, 0, 1, 1 + i] as const);
