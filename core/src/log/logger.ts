import { type ChildProcess, spawn } from 'node:child_process';
import { monotonic } from '../base/clock.js';
import { systemMessage } from '../base/errors.js';

/** What waits at most for a logger, characters. */
const MAX_WAITING = 256 * 1024;

/** A logger that ends sooner than this after its start is started again later and later, ms. */
const SOON = 10_000;
const FIRST_DELAY = 100;
const LAST_DELAY = 60_000;

/** A process logger(1) that reads messages from its standard input, and another when it has ended. */
export class Logger {
  readonly #args: readonly string[];
  readonly #onEnd: (trouble: string) => void;
  #process: ChildProcess | undefined;
  #started = 0;
  /** How often in a row it ended soon. */
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Messages until it is started again. */
  #waiting: string[] = [];
  #waitingLength = 0;
  #lost = 0;
  #ending = false;
  /** Called when it has ended because it was let. */
  #onEnded: (() => void) | undefined;

  /**
   * @param args its arguments: never what a client sent.
   * @param onEnd told when it has ended without being told to, or cannot be started.
   */
  constructor(args: readonly string[], onEnd: (trouble: string) => void) {
    this.#args = args;
    this.#onEnd = onEnd;
  }

  /** @param line without its line feed. What does not fit while it reads too slowly is counted. */
  write(line: string): void {
    if (this.#process === undefined && this.#timer === undefined) this.#start();
    const stdin = this.#process?.stdin;
    if ((stdin?.writableLength ?? this.#waitingLength) + line.length > MAX_WAITING) {
      this.#lost++;
    } else if (stdin?.writable) {
      if (this.#lost > 0) stdin.write(this.#lostLine());
      stdin.write(`${line}\n`);
    } else {
      this.#waiting.push(line);
      this.#waitingLength += line.length;
    }
  }

  /** Lets it read all that waits. @returns a promise that is settled when it has ended. */
  end(): Promise<void> {
    this.#ending = true;
    clearTimeout(this.#timer);
    if (this.#process === undefined && this.#waiting.length > 0) this.#start();
    const process = this.#process;
    if (process === undefined) return Promise.resolve();
    process.ref();
    return new Promise((resolve) => {
      this.#onEnded = resolve;
      process.stdin?.end(this.#lost > 0 ? this.#lostLine() : '');
    });
  }

  /** Ends it at once, if it has not. */
  kill(): void {
    this.#process?.kill('SIGKILL');
    this.#process?.unref();
  }

  #lostLine(): string {
    const line = `${this.#lost} messages were lost\n`;
    this.#lost = 0;
    return line;
  }

  #start(): void {
    this.#timer = undefined;
    this.#started = monotonic();
    let child: ChildProcess;
    try {
      const stdio = ['pipe', 'ignore', 'ignore'] as const;
      child = spawn('logger', [...this.#args], { stdio: [...stdio], detached: true });
    } catch (error) {
      this.#ended(`logger(1) cannot be started: ${systemMessage(error)}`);
      return;
    }
    this.#process = child;
    child.unref();
    child.once('error', (error) => {
      if (this.#process === child)
        this.#ended(`logger(1) cannot be started: ${systemMessage(error)}`);
    });
    child.once('exit', (status, signal) => {
      if (this.#process === child) this.#ended(`logger(1) has ended (${signal ?? status})`);
    });
    child.stdin?.on('error', () => {});
    for (const line of this.#waiting) child.stdin?.write(`${line}\n`);
    this.#waiting = [];
    this.#waitingLength = 0;
    if (this.#lost > 0) child.stdin?.write(this.#lostLine());
  }

  #ended(trouble: string): void {
    this.#process = undefined;
    this.#onEnded?.();
    if (this.#ending) return;
    this.#failures = monotonic() - this.#started < SOON ? this.#failures + 1 : 0;
    const delay = this.#failures === 0 ? 0 : FIRST_DELAY * 2 ** (this.#failures - 1);
    this.#timer = setTimeout(() => this.#start(), Math.min(delay, LAST_DELAY)).unref();
    this.#onEnd(trouble);
  }
}
