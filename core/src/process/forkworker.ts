import { type ChildProcess, fork } from 'node:child_process';
import { readLines } from './lines.js';

/** Says to a process of this program that it is a worker. */
const WORKER_MARK = 'PICOSOCKS5_WORKER';

/** How the process of a worker is started. */
export interface ForkOptions {
  /** The program to run as a worker; this one, if left out. */
  readonly program?: string;
  /** Takes whole lines that workers write to stderr; they go to this process's, if left out. */
  readonly forward?: (lines: string) => void;
}

/** Starts the process of a worker, which waits for what it is told. @param number its place. */
export function forkWorker(number: number, options: ForkOptions): ChildProcess {
  const { program = process.argv[1] ?? '', forward } = options;
  // Where Node has the option, no signal can open its debugger, not even before main() runs.
  const safe = '--disable-sigusr1';
  const hasSafe = process.allowedNodeEnvironmentFlags.has(safe);
  const child = fork(program, [], {
    env: { ...process.env, [WORKER_MARK]: String(number) },
    execArgv: [...process.execArgv, ...(hasSafe ? [safe] : [])],
    // A pipe of its own: whoever reads this process's stderr cannot block it.
    stdio: ['ignore', 'ignore', forward === undefined ? 'inherit' : 'pipe', 'ipc'],
  });
  if (child.stderr !== null && forward !== undefined) readLines(child.stderr, forward);
  return child;
}
