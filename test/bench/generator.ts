import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Job, Outcome } from './load/job.js';

/** How long a job may take beyond its own time, s. */
const PATIENCE = 20;

const path = (file: string) => fileURLToPath(new URL(file, import.meta.url));

/**
 * Has the load generator, a process of its own, do a job.
 *
 * @param whenIdle is called once all connections of an `idle` job are there and rest.
 */
export function load(job: Job, whenIdle?: () => Promise<void>): Promise<Outcome> {
  const child = fork(path('./load/main.js'), [JSON.stringify(job)]);
  return new Promise<Outcome>((resolve, reject) => {
    const late = () => reject(new Error(`not done within ${PATIENCE} s`));
    const timer = setTimeout(late, (job.seconds + PATIENCE) * 1000);
    const failed = (error: Error | null) => {
      if (error !== null) reject(error);
    };
    child.on('message', (said: 'idle' | string | Outcome) => {
      if (said === 'idle') whenIdle?.().then(() => child.send('wake', failed), reject);
      else if (typeof said === 'string') reject(new Error(said));
      else resolve(said);
    });
    child.once('exit', () => {
      clearTimeout(timer);
      reject(new Error('the load generator has ended'));
    });
  }).finally(() => child.kill('SIGKILL'));
}

/** A process that answers the load generator, by TCP and UDP at the same port. */
export class Target {
  readonly port: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  static async start(): Promise<Target> {
    const child = fork(path('./target.js'));
    const [{ port }] = (await once(child, 'message')) as [AddressInfo];
    return new Target(child, port);
  }

  stop(): void {
    this.#child.kill();
  }
}
