import { statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonic } from '../base/clock.js';
import { Logger } from './logger.js';

/**
 * What one message may have, bytes. The programs logger(1) of util-linux, BSD and busybox, and the
 * syslog(3) of musl, cut at 1024, some with the header that they put before it, and take what is
 * left for another message; RFC 3164 4.1 has the same limit.
 */
export const MAX_MESSAGE = 900;

/** Where syslogd listens: on Linux, macOS, the BSDs. */
const SOCKETS = ['/dev/log', '/var/run/syslog', '/var/run/log'];
/** How often it is looked whether it does, ms. */
const LOOK_INTERVAL = 2000;
/** How often at most it is told that a logger has ended, ms. */
const TELL_INTERVAL = 60_000;
/** How long loggers have to read all when the process ends, ms. */
const CLOSE_TIME = 2000;

const names: Readonly<Record<number, string>> = {
  3: 'daemon.err',
  4: 'daemon.warning',
  5: 'daemon.notice',
  6: 'daemon.info',
  7: 'daemon.debug',
};
const WARNING = 4;

function isSocket(file: string): boolean {
  try {
    return statSync(file).isSocket();
  } catch {
    return false;
  }
}

/**
 * Hands messages to syslog(3) through logger(1), which every system with a syslog has: one process
 * for each priority that is used, started again when it ends.
 */
export class Syslog {
  readonly #loggers = new Map<number, Logger>();
  readonly #onTrouble: (message: string) => void;
  readonly #announces: boolean;
  readonly #listens: () => boolean;
  #looked = Number.NEGATIVE_INFINITY;
  /** How many messages have been written while nobody listened; undefined while somebody does. */
  #unheard: number | undefined;
  #told = Number.NEGATIVE_INFINITY;

  /**
   * @param onTrouble told when messages cannot be logged, in words for a person.
   * @param announces whether it is told that nobody listens: one of several processes says it.
   * @param listens whether the system's logger can be reached.
   */
  constructor(
    onTrouble: (message: string) => void,
    announces = true,
    listens = () => SOCKETS.some(isSocket),
  ) {
    this.#onTrouble = onTrouble;
    this.#announces = announces;
    this.#listens = listens;
  }

  /** Looks whether anybody listens, and tells if not. */
  look(): void {
    this.#looked = monotonic();
    const listens = this.#listens();
    if (!listens && this.#unheard === undefined) {
      this.#unheard = 0;
      if (!this.#announces) return;
      this.#onTrouble(
        'there is no syslog here, such as /dev/log: messages to it are lost until there is one',
      );
    } else if (listens && this.#unheard !== undefined) {
      const lost = this.#unheard;
      this.#unheard = undefined;
      if (lost > 0) this.#logger(WARNING).write(`${lost} messages were lost without a syslog`);
    }
  }

  /**
   * @param priority as in syslog(3), 3 to 7.
   * @param line visible ASCII, of {@link MAX_MESSAGE} bytes at most.
   */
  write(priority: number, line: string): void {
    if (monotonic() - this.#looked > LOOK_INTERVAL) this.look();
    if (this.#unheard !== undefined) this.#unheard++;
    this.#logger(priority).write(line);
  }

  /** Lets the loggers end when they have read all, but not for ever. */
  async close(): Promise<void> {
    const loggers = [...this.#loggers.values()];
    const late = new AbortController();
    const ended = Promise.all(loggers.map((logger) => logger.end()));
    const { signal } = late;
    await Promise.race([ended, sleep(CLOSE_TIME, undefined, { signal }).catch(() => {})]);
    late.abort();
    for (const logger of loggers) logger.kill();
  }

  #logger(priority: number): Logger {
    let logger = this.#loggers.get(priority);
    if (logger === undefined) {
      const args = ['-t', `picosocks5[${process.pid}]`, '-p', names[priority] ?? 'daemon.info'];
      logger = new Logger(args, (trouble) => this.#troubled(trouble));
      this.#loggers.set(priority, logger);
    }
    return logger;
  }

  #troubled(trouble: string): void {
    if (monotonic() - this.#told < TELL_INTERVAL) return;
    this.#told = monotonic();
    this.#onTrouble(`${trouble}: messages to syslog may be lost; it is started again`);
    this.#logger(WARNING).write(`${trouble}: messages may be lost`);
  }
}
