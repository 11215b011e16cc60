import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Scope } from './scope.js';

/** Where clients come, and how many in a second. */
export interface ArrivalsJob {
  /** Of 127.0.0.1. */
  readonly port?: number;
  /** Of a UNIX socket, in place of a port. */
  readonly path?: string;
  readonly rate: number;
}

/** What became of the clients. */
export interface Arrivals {
  readonly served: number;
  /** By what was in the way: `ECONNREFUSED`, `ECONNRESET`, `ended`, `reply 1`, `unanswered`. */
  readonly lost: Readonly<Record<string, number>>;
  /** How long a client took at most, ms. */
  readonly longest: number;
}

/**
 * Has clients come at a steady rate, from a process of their own.
 *
 * @returns what ends it: it resolves when the last of them has left.
 */
export async function startArrivals(t: Scope, job: ArrivalsJob): Promise<() => Promise<Arrivals>> {
  const program = fileURLToPath(new URL('./arrivalsmain.js', import.meta.url));
  const child = fork(program, [JSON.stringify(job)]);
  t.after(() => child.kill('SIGKILL'));
  await once(child, 'message');
  return async () => {
    const told = once(child, 'message');
    child.send('end');
    const [arrivals] = await told;
    return arrivals as Arrivals;
  };
}
