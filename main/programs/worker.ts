import { constants, cpus, setPriority } from 'node:os';
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
  /** Whether the processors have had hardly any rest since the question before. */
  readonly isBusy: boolean;
}

/** Less rest than this share of their time, and processors are busy. */
const BUSY = 0.1;

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

/** How long the processors have been at rest, and all of their time, ms. */
function rest(): { readonly idle: number; readonly all: number } {
  let [idle, all] = [0, 0];
  for (const { times } of cpus()) {
    idle += times.idle;
    all += times.idle + times.user + times.nice + times.sys + times.irq;
  }
  return { idle, all };
}

let before = rest();

/** Whether they were busy since this was asked last. */
function wereBusy(): boolean {
  const { idle, all } = before;
  before = rest();
  return before.idle - idle < BUSY * (before.all - all);
}

parentPort?.on('message', async ({ clients, ports }: Question) => {
  const began = busy();
  const programs = await own.find(clients, new Set(ports)).catch(() => []);
  const isBusy = wereBusy();
  parentPort?.postMessage({ programs, cost: busy() - began, isBusy } satisfies Answer);
});
