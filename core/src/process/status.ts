import type { ConnectionInfo } from '../log/events.js';
import type { Status } from '../log/logline.js';

/** How many clients are served at a moment. */
export interface Tally {
  readonly connections: number;
  /** The names of those who have logged in. */
  readonly users: ReadonlySet<string>;
}

/** Counts the connections of a moment. */
export function tallyOf(connections: readonly ConnectionInfo[]): Tally {
  return {
    connections: connections.length,
    users: new Set(connections.flatMap(({ user }) => user ?? [])),
  };
}

/** Counts those of several processes. */
export function sumOf(tallies: readonly Tally[]): Tally {
  return {
    connections: tallies.reduce((sum, { connections }) => sum + connections, 0),
    users: new Set(tallies.flatMap(({ users }) => [...users])),
  };
}

/**
 * How a service is, from its connections of this moment.
 *
 * @param workers how many processes serve; undefined if it is this one.
 */
export function statusOf(
  connections: readonly ConnectionInfo[],
  workers: number | undefined,
): Status {
  const having = (command: ConnectionInfo['command']) =>
    connections.filter((connection) => connection.command === command).length;
  const sum = (key: 'up' | 'down') => connections.reduce((all, one) => all + one[key], 0);
  const { users } = tallyOf(connections);
  return {
    type: 'status',
    time: Date.now(),
    uptime: process.uptime(),
    workers,
    connections: connections.length,
    handshakes: having(undefined),
    connect: having('connect'),
    bind: having('bind'),
    associate: having('associate'),
    users: users.size,
    up: sum('up'),
    down: sum('down'),
    memory: process.memoryUsage.rss(),
  };
}
