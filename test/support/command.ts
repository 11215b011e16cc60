import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

/** The program that `picosocks5` runs. */
export const PICOSOCKS5 = fileURLToPath(
  new URL('../../../core/bin/picosocks5.cjs', import.meta.url),
);

/** A running `picosocks5`, and what it has said. */
export class Command {
  readonly child: ChildProcess;
  /** Its lines on stderr so far. */
  readonly lines: string[] = [];
  stdout = '';
  readonly #waiting = new Set<() => void>();

  /**
   * @param program what runs in its place.
   * @param launcher a program, with arguments, that becomes it.
   */
  constructor(
    t: TestContext,
    args: readonly string[],
    env: NodeJS.ProcessEnv = {},
    program = PICOSOCKS5,
    launcher: readonly string[] = [],
  ) {
    const [first, ...rest] = [...launcher, process.execPath, program, ...args];
    this.child = spawn(first as string, rest, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    t.after(() => this.child.kill('SIGKILL'));
    this.child.stdout?.setEncoding('utf8').on('data', (text) => {
      this.stdout += text;
    });
    const stderr = this.child.stderr;
    if (stderr === null) throw new Error('no stderr');
    createInterface({ input: stderr }).on('line', (line) => {
      this.lines.push(line);
      for (const wake of this.#waiting) wake();
    });
    this.child.once('close', () => {
      for (const wake of this.#waiting) wake();
    });
  }

  /** Waits for a line on stderr, now or later; rejects when the program ends without it. */
  line(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const look = () => {
        for (const line of this.lines) {
          const match = pattern.exec(line);
          if (match !== null) return done(() => resolve(match));
        }
        if (this.child.exitCode !== null || this.child.signalCode !== null) {
          done(() => reject(new Error(`no line ${pattern} in:\n${this.lines.join('\n')}`)));
        }
      };
      const done = (settle: () => void) => {
        this.#waiting.delete(look);
        settle();
      };
      this.#waiting.add(look);
      look();
    });
  }

  /** The port of the first address it listens at. */
  async port(): Promise<number> {
    return Number((await this.line(/listening.*?address=\S*:(\d+)/))[1]);
  }

  /** The process ids of the programs that it has started and that run; only on Linux. */
  children(): number[] {
    const { pid } = this.child;
    const ids = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ');
    return ids.filter((id) => id !== '').map(Number);
  }

  /** The process ids of its workers; only on Linux. */
  workers(): number[] {
    return this.children().filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'latin1').includes('PICOSOCKS5_WORKER=');
      } catch {
        return false; // It has ended.
      }
    });
  }

  /** Sends a signal and waits for the end. @returns the exit status. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    const closed = once(this.child, 'close');
    this.child.kill(signal);
    const [status] = await closed;
    return status;
  }
}
