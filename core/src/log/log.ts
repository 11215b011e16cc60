import { fstatSync } from 'node:fs';
import type { CommandOptions, LogFormat, LogLevel, LogMode } from '../config/settings.js';
import type { EventSink, ServerEvent } from '../events.js';
import { levelOf, logJson, logText, PRIORITIES } from './logline.js';
import { LogWriter } from './logwriter.js';
import { Syslog } from './syslog.js';

/** Whether systemd's journal reads stderr (systemd.exec(5), JOURNAL_STREAM). */
function isJournal(fd: number): boolean {
  const { JOURNAL_STREAM: stream } = process.env;
  if (stream === undefined) return false;
  try {
    const { dev, ino } = fstatSync(fd);
    return stream === `${dev}:${ino}`;
  } catch {
    return false;
  }
}

/** Writes events to stderr or another file, to syslog, or to both. */
export class Log implements EventSink {
  readonly id = 'log';
  /** Whether systemd's journal reads it: it keeps the time itself. */
  readonly journal: boolean;
  readonly #format: LogFormat;
  #threshold = PRIORITIES.info;
  readonly #file: LogWriter | undefined;
  readonly #syslog: Syslog | undefined;

  /**
   * @param fd a file descriptor to write to where `mode` says stderr.
   * @param maxWrite how many bytes one write has at most, as {@link LogWriter} takes it.
   */
  constructor(
    options: Pick<CommandOptions, 'loglevel' | 'logFormat'>,
    mode: LogMode,
    fd = 2,
    maxWrite?: number,
  ) {
    this.setLevel(options.loglevel);
    this.#format = options.logFormat ?? 'text';
    this.journal = isJournal(fd);
    this.#file = mode === 'syslog' ? undefined : new LogWriter(fd, maxWrite);
    this.#syslog = mode === 'stderr' ? undefined : new Syslog((message) => this.#orphaned(message));
  }

  setLevel(level: LogLevel = 'info'): void {
    this.#threshold = level === 'none' ? -1 : PRIORITIES[level];
  }

  wants(type: ServerEvent['type']): boolean {
    return PRIORITIES[levelOf(type)] <= this.#threshold;
  }

  handle(event: ServerEvent): void {
    const level = levelOf(event.type);
    const priority = PRIORITIES[level];
    const text = this.#format === 'json' ? logJson(event) : logText(event);
    this.#syslog?.write(priority, text);
    if (this.#file === undefined) return;
    if (this.journal) this.#file.write(`<${priority}>${text}`);
    else if (this.#format === 'json') this.#file.write(text);
    else this.#file.write(`${new Date(event.time).toISOString()} ${level.padEnd(6)} ${text}`);
  }

  /** Writes what waits. */
  async close(): Promise<void> {
    await this.#file?.close();
    await this.#syslog?.close();
  }

  #orphaned(message: string): void {
    (this.#file ?? new LogWriter(2)).write(message);
  }
}
