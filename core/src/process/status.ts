import type { ConnectionInfo } from '../log/events.js';
import type { Status } from '../log/logline.js';

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
  const users = new Set(connections.flatMap(({ user }) => user ?? []));
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
