import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Scope } from './scope.js';

/** How long anything of the desktop may take, ms. */
export const DEADLINE = 10_000;

/** The same promise, but it rejects when the deadline has passed. */
export async function within<T>(what: string, promise: Promise<T>, ms = DEADLINE): Promise<T> {
  const settled = new AbortController();
  const late = sleep(ms, undefined, { signal: settled.signal }).then(() => {
    throw new Error(`${what}: nothing within ${ms} ms`);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    settled.abort();
  }
}

/**
 * A program that serves others until the scope ends, or this process does, however it does. It
 * is asked to stop, and killed if it doesn't.
 */
export class Daemon {
  readonly child: ChildProcess;
  /** What it says, line by line. */
  readonly lines: AsyncIterableIterator<string>;
  readonly #name: string;
  #stderr = '';

  constructor(scope: Scope, name: string, args: readonly string[], env: NodeJS.ProcessEnv) {
    this.#name = name;
    this.child = spawn('setpriv', ['--pdeathsig', 'TERM', name, ...args], { env, stdio: 'pipe' });
    scope.after(() => this.#stop());
    this.child.on('error', (error) => {
      this.#stderr += error.message;
    });
    this.child.stdin?.on('error', () => {});
    this.child.stderr?.setEncoding('utf8').on('data', (text) => {
      this.#stderr += text;
    });
    const { stdout } = this.child;
    if (stdout === null) throw new Error('no stdout');
    this.lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  }

  /** Its next line on stdout; rejects when it ends, or takes longer. @param patience ms. */
  async line(patience = DEADLINE): Promise<string> {
    const { done, value } = await within(this.#name, this.lines.next(), patience);
    if (done) throw this.ended();
    return value;
  }

  /** The error that says that it ended. */
  ended(): Error {
    return new Error(`${this.#name} has ended: ${this.#stderr}`);
  }

  async #stop(): Promise<void> {
    const { child } = this;
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill('SIGTERM');
    const kill = setTimeout(() => child.kill('SIGKILL'), 2000);
    await exit;
    clearTimeout(kill);
  }
}
