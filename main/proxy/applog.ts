import { EventEmitter } from 'node:events';
import type { EventSink, LogLevel, ServerEvent } from 'picosocks5';
import type { LogLevelChange, LogLine, LogState, SettingValues } from '../ipc/contract.js';
import { LogBook } from './logbook.js';
import { LogFile, type LogLimits } from './logfile.js';

/** Settings that are about the log. */
type LogSettings = Pick<SettingValues, 'loglevel' | 'logSize' | 'logDays' | 'logFiles'>;

const MEGABYTE = 1024 * 1024;

export function logLimits({ logSize, logDays, logFiles }: LogSettings): LogLimits {
  return { size: logSize * MEGABYTE, days: logDays, files: logFiles };
}

/**
 * The log of the app: a file, the last lines for the window, and the level of both, which may be
 * another one for a while. Emits `state` when the level is another.
 */
export class AppLog extends EventEmitter<{ state: [state: LogState] }> implements EventSink {
  readonly id = 'log';
  readonly #file: LogFile;
  readonly #book: LogBook;
  #kept: LogLevel;
  #level: LogLevel;
  #until: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @throws the system's error, if the file cannot be written. */
  constructor(folder: string, settings: LogSettings) {
    super();
    this.#kept = settings.loglevel as LogLevel;
    this.#level = this.#kept;
    this.#file = new LogFile(folder, this.#level, logLimits(settings));
    this.#book = new LogBook((type) => this.#file.wants(type));
  }

  get folder(): string {
    return this.#file.folder;
  }

  get state(): LogState {
    const { file } = this.#file;
    return { level: this.#level, kept: this.#kept, until: this.#until, file };
  }

  /** Takes the settings over: a level that is in force for a while ends. */
  apply(settings: LogSettings, levelToo: boolean): void {
    this.#file.setLimits(logLimits(settings));
    if (!levelToo) return;
    this.#kept = settings.loglevel as LogLevel;
    this.#use(this.#kept, undefined);
  }

  /**
   * Uses another level for a while, or keeps one.
   *
   * @param keep keeps it in the settings, which are applied then.
   */
  change({ level, minutes }: LogLevelChange, keep: (level: LogLevel) => void): void {
    if (minutes !== undefined) {
      this.#use(level, minutes);
      return;
    }
    keep(level);
    // The level of before changes no setting, but ends one that is in force for a while.
    if (this.#until !== undefined) this.#use(this.#kept, undefined);
  }

  wants(type: ServerEvent['type']): boolean {
    return this.#file.wants(type);
  }

  handle(event: ServerEvent): void {
    this.#file.handle(event);
    this.#book.handle(event);
  }

  /** Writes a message that is none of a server. */
  write(type: 'warning' | 'error', message: string): void {
    if (this.wants(type)) this.handle({ type, time: Date.now(), message });
  }

  /** All lines that there are for the window, which is told of new ones until `unwatch()`. */
  watch(): { lines: LogLine[]; state: LogState } {
    return { lines: this.#book.watch(), state: this.state };
  }

  unwatch(): void {
    this.#book.unwatch();
  }

  /** Lines since the last call; undefined if there are none, or nobody looks. */
  news(): LogLine[] | undefined {
    return this.#book.news();
  }

  /** The newest lines, at most so many. */
  newest(count: number): LogLine[] {
    return this.#book.newest(count);
  }

  /** Writes what waits. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#file.close();
  }

  #use(level: LogLevel, minutes: number | undefined): void {
    clearTimeout(this.#timer);
    this.#level = level;
    this.#until = undefined;
    this.#file.setLevel(level);
    if (minutes !== undefined) {
      const time = minutes * 60_000;
      this.#until = Date.now() + time;
      this.#timer = setTimeout(() => this.#use(this.#kept, undefined), time).unref();
    }
    this.emit('state', this.state);
  }
}
