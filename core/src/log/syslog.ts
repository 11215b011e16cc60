import { type ChildProcess, spawn } from 'node:child_process';

/** What waits at most for the system's logger, bytes. */
const MAX_WAITING = 256 * 1024;

const names: Readonly<Record<number, string>> = {
  3: 'daemon.err',
  4: 'daemon.warning',
  5: 'daemon.notice',
  6: 'daemon.info',
  7: 'daemon.debug',
};

/** Hands lines to syslog(3) through logger(1), which every system with a syslog has. */
export class Syslog {
  readonly #loggers = new Map<number, ChildProcess>();
  readonly #onError: (message: string) => void;

  /** @param onError told once when there is no logger(1). */
  constructor(onError: (message: string) => void) {
    this.#onError = onError;
  }

  /** @param priority as in syslog(3), 3 to 7. */
  write(priority: number, line: string): void {
    const stdin = this.#logger(priority).stdin;
    if (stdin?.writable && stdin.writableLength < MAX_WAITING) stdin.write(`${line}\n`);
  }

  /** Lets the loggers end when they have read all. */
  async close(): Promise<void> {
    const ended = [...this.#loggers.values()].map((logger) => {
      logger.ref();
      const exit = new Promise((resolve) => logger.once('close', resolve).once('error', resolve));
      logger.stdin?.end();
      return exit;
    });
    await Promise.all(ended);
  }

  #logger(priority: number): ChildProcess {
    const running = this.#loggers.get(priority);
    if (running !== undefined) return running;
    const args = ['-t', `picosocks5[${process.pid}]`, '-p', names[priority] ?? 'daemon.info'];
    const logger = spawn('logger', args, { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
    logger.unref();
    logger.once('error', (error) => this.#onError(`cannot log to syslog: ${error.message}`));
    logger.stdin.on('error', () => {});
    this.#loggers.set(priority, logger);
    return logger;
  }
}
