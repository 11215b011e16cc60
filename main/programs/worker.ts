import { constants, setPriority } from 'node:os';
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

/** What it answers. */
export interface Answer {
  /** In the order of the question. */
  readonly programs: readonly (Program | undefined)[];
  /** How long a processor was busy with it, as far as that can be told, ms. */
  readonly cost: number;
}

function finder(): Finder {
  if (process.platform === 'win32') return new WindowsFinder(runProgram);
  return process.platform === 'darwin' ? new MacFinder(runProgram) : new LinuxFinder();
}

// Of the calling thread alone, on Linux (setpriority(2), Bugs): all others have their turn first.
if (process.platform === 'linux') setPriority(constants.priority.PRIORITY_LOW);

const own = finder();

/** Where other programs are asked, and where Node cannot tell, what it takes is what it costs. */
const tellsCost = process.platform === 'linux' && 'threadCpuUsage' in process;

/** How long a processor was busy with this thread, ms. */
function busy(): number {
  if (!tellsCost) return performance.now();
  const { user, system } = (
    process as unknown as { threadCpuUsage(): NodeJS.CpuUsage }
  ).threadCpuUsage();
  return (user + system) / 1000;
}

parentPort?.on('message', async ({ clients, ports }: Question) => {
  const began = busy();
  const programs = await own.find(clients, new Set(ports)).catch(() => []);
  parentPort?.postMessage({ programs, cost: busy() - began } satisfies Answer);
});
