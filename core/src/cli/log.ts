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

/** Writes events to stderr, to syslog, or to both. */
export class Log implements EventSink {
  readonly id = 'log';
  /** Whether systemd's journal reads stderr: it keeps the time itself. */
  readonly journal = isJournal(2);
  readonly #format: LogFormat;
  #threshold = PRIORITIES.info;
  readonly #stderr: LogWriter | undefined;
  readonly #syslog: Syslog | undefined;

  constructor(options: Pick<CommandOptions, 'loglevel' | 'logFormat'>, mode: LogMode) {
    this.setLevel(options.loglevel);
    this.#format = options.logFormat ?? 'text';
    this.#stderr = mode === 'syslog' ? undefined : new LogWriter(2);
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
    if (this.#stderr === undefined) return;
    if (this.journal) this.#stderr.write(`<${priority}>${text}`);
    else if (this.#format === 'json') this.#stderr.write(text);
    else this.#stderr.write(`${new Date(event.time).toISOString()} ${level.padEnd(6)} ${text}`);
  }

  /** Writes what waits. */
  async close(): Promise<void> {
    await this.#stderr?.close();
    await this.#syslog?.close();
  }

  #orphaned(message: string): void {
    (this.#stderr ?? new LogWriter(2)).write(message);
  }
}
