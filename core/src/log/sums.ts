import type { ConnectionInfo } from './events.js';

/** What connections can be told apart by; of destinations, their hosts. */
export type SumKey =
  | 'listener'
  | 'dialect'
  | 'method'
  | 'command'
  | 'user'
  | 'group'
  | 'via'
  | 'destination';

const KEYS: ReadonlySet<string> = new Set<SumKey>([
  ...(['listener', 'dialect', 'method', 'command', 'user', 'group', 'via'] as const),
  'destination',
]);

/** Connections that have something in common, as they are now. */
export interface ConnectionSum {
  /** What they have in common, as {@link ConnectionInfo} has it: what is left out there is not here. */
  readonly of: Readonly<Partial<Record<SumKey, string>>>;
  readonly connections: number;
  /** Bytes from clients to destinations, and back. */
  readonly up: number;
  readonly down: number;
  /** UDP datagrams that were not relayed. */
  readonly dropped: number;
}

/**
 * Sums connections up.
 *
 * @param by what tells them apart.
 * @throws {TypeError} if that is nothing that a connection has.
 */
export function sumsOf(
  connections: Iterable<ConnectionInfo>,
  by: readonly SumKey[],
): ConnectionSum[] {
  const stranger = by.find((key) => !KEYS.has(key));
  if (stranger !== undefined) {
    throw new TypeError(`expected some of ${[...KEYS].join(', ')}, not "${stranger}"`);
  }
  const sums = new Map<string, { -readonly [K in keyof ConnectionSum]: ConnectionSum[K] }>();
  for (const connection of connections) {
    const values = by.map((key) =>
      key === 'destination' ? connection.destination?.host : connection[key],
    );
    const key = JSON.stringify(values);
    let sum = sums.get(key);
    if (sum === undefined) {
      const known = by.flatMap((name, i) => (values[i] === undefined ? [] : [[name, values[i]]]));
      sum = { of: Object.fromEntries(known), connections: 0, up: 0, down: 0, dropped: 0 };
      sums.set(key, sum);
    }
    sum.connections++;
    sum.up += connection.up;
    sum.down += connection.down;
    sum.dropped += connection.dropped;
  }
  return [...sums.values()];
}
