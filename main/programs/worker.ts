import { parentPort } from 'node:worker_threads';
import { LinuxFinder } from './linux.js';
import { MacFinder } from './macos.js';
import type { Endpoint, Finder, Program } from './program.js';
import { runProgram } from './run.js';
import { WindowsFinder } from './windows.js';

/** What the thread is asked: ends of connections, and the server's ports. */
export interface Question {
  readonly clients: readonly Endpoint[];
  readonly ports: readonly number[];
}

/** The programs, in the same order. */
export type Answer = readonly (Program | undefined)[];

function finder(): Finder {
  if (process.platform === 'win32') return new WindowsFinder(runProgram);
  return process.platform === 'darwin' ? new MacFinder(runProgram) : new LinuxFinder();
}

const own = finder();

parentPort?.on('message', async ({ clients, ports }: Question) => {
  const answer: Answer = await own
    .find(clients, new Set(ports))
    .catch(() => clients.map(() => undefined));
  parentPort?.postMessage(answer);
});
