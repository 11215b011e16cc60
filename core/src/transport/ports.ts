import { codeOf, UserError } from '../base/errors.js';

/** The first and the last of some ports; 0 and 0: whichever the system picks. */
export type PortRange = readonly [first: number, last: number];

/** Error codes of a port that is not to be had. */
const TAKEN: readonly string[] = ['EADDRINUSE', 'EACCES'];

export const ANY_PORT: PortRange = [0, 0];

/**
 * Reads `FIRST-LAST` or one port.
 *
 * @throws {UserError} if it is malformed.
 */
export function parsePortRange(text: string): PortRange {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  const first = Number(match?.[1]);
  const last = Number(match?.[2] ?? match?.[1]);
  if (match === null || first < 1 || first > last || last > 65535) {
    throw new UserError(`expected FIRST-LAST, ports from 1 to 65535, not "${text}"`);
  }
  return [first, last];
}

/**
 * Tries to listen at the ports of a range, from a random one on, until one is free. Ports that the
 * system keeps for itself (below 1024, or reserved on Windows) are as good as taken.
 *
 * @throws the last error, `EADDRINUSE` or `EACCES` if all ports are taken.
 */
export async function listenInRange<T>(
  [first, last]: PortRange,
  listen: (port: number) => Promise<T>,
): Promise<T> {
  const count = last - first + 1;
  const start = Math.floor(Math.random() * count);
  for (let i = 0; ; i++) {
    try {
      return await listen(first + ((start + i) % count));
    } catch (error) {
      const taken = TAKEN.includes(codeOf(error) ?? '');
      if (!taken || i === count - 1) throw error;
    }
  }
}
