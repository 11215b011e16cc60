import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ProcessTree } from './processes.js';
import type { Mode, Subject } from './subjects.js';

/** How long a server may take to start, ms. */
const PATIENCE = 20_000;

/** Servers that end with this process. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) kill(child);
});

/** A running server, in a process group and a folder of its own. */
export class Running {
  readonly port: number;
  /** How long it took until a connection was accepted, ms. */
  readonly started: number;
  readonly tree: ProcessTree;
  readonly #child: ChildProcess;
  readonly #folder: string;

  private constructor(port: number, child: ChildProcess, folder: string, started: number) {
    this.port = port;
    this.#child = child;
    this.#folder = folder;
    this.started = started;
    this.tree = new ProcessTree(child.pid ?? 0);
    running.add(child);
  }

  /** @throws {Error} if it cannot be started here. */
  static async start(subject: Subject, port: number, mode: Mode): Promise<Running> {
    if (await accepts(port)) throw new Error(`another program listens at 127.0.0.1:${port}`);
    const folder = mkdtempSync(join(tmpdir(), 'picosocks5-bench-'));
    try {
      const [program = '', ...args] = subject.command(port, mode, folder);
      const log = openSync(join(folder, 'log'), 'w');
      const begin = performance.now();
      const child = spawn(program, args, { stdio: ['ignore', log, log], detached: true });
      closeSync(log);
      while (!(await accepts(port))) {
        if (child.exitCode !== null || child.signalCode !== null) throw new Error('it has ended');
        if (performance.now() - begin > PATIENCE) {
          kill(child);
          throw new Error('it does not listen');
        }
        await sleep(1);
      }
      return new Running(port, child, folder, performance.now() - begin);
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** Waits until nothing listens any more. */
  async stop(): Promise<void> {
    kill(this.#child);
    running.delete(this.#child);
    while (await accepts(this.port)) await sleep(10);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function kill({ pid, exitCode, signalCode }: ChildProcess): void {
  if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, 'SIGKILL');
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    }).on('error', () => resolve(false));
  });
}
