import { fchownSync, fstatSync, openSync, type Stats } from 'node:fs';
import { systemMessage, UserError } from '../base/errors.js';
import type { CommandOptions, LogFormat, LogLevel, LogMode } from '../config/settings.js';
import type { EventSink, ServerEvent } from './events.js';
import {
  type LogEntry,
  levelOf,
  logJson,
  logText,
  PRIORITIES,
  shortLine,
  timeStamp,
} from './logline.js';
import { LogWriter } from './logwriter.js';
import { withoutBlocking } from './stderr.js';
import { MAX_MESSAGE, Syslog } from './syslog.js';

/** Where a log goes that is not what its options say. */
export interface LogTarget {
  /** An open file that takes the place of stderr. */
  readonly fd?: number;
  /** Whether systemd's journal reads it in the end; found out by itself if not given. */
  readonly journal?: boolean;
  /** Whether another process has the same log, and says what there is to say about it. */
  readonly isWorkers?: boolean;
  /** Who is to own a log file that root opens: the user that the process will be. */
  readonly owner?: number | undefined;
}

/** Whether systemd's journal reads a file (systemd.exec(5), JOURNAL_STREAM). */
function isJournal({ dev, ino }: Stats): boolean {
  return process.env['JOURNAL_STREAM'] === `${dev}:${ino}`;
}

function statsOf(fd: number): Stats | undefined {
  try {
    return fstatSync(fd);
  } catch {
    return undefined;
  }
}

/** @throws {UserError} */
function openLogFile(file: string, owner: number | undefined): number {
  try {
    const fd = openSync(file, 'a', 0o640);
    // -1 leaves the group (chown(2)); a device or a pipe stays whose it is.
    const isOthers = owner !== undefined && process.getuid?.() === 0;
    if (isOthers && fstatSync(fd).isFile()) fchownSync(fd, owner, -1);
    return fd;
  } catch (error) {
    throw new UserError(`cannot open the log file "${file}": ${systemMessage(error)}`);
  }
}

/** Writes events to stderr or another file, to syslog, or to both. */
export class Log implements EventSink {
  readonly id = 'log';
  /** Whether systemd's journal reads it: it keeps the time itself. */
  readonly journal: boolean;
  /** Told what the process says of itself, whatever the level. */
  onSaid: ((event: ServerEvent) => void) | undefined;
  readonly #name: string | undefined;
  readonly #format: LogFormat;
  /** Of lines in JSON; none: all. */
  readonly #fields: readonly string[];
  readonly #owner: number | undefined;
  #threshold = PRIORITIES.info;
  readonly #file: LogWriter | undefined;
  readonly #syslog: Syslog | undefined;
  /** For what concerns the log itself, where no file has it. */
  #stderr: LogWriter | undefined;

  /**
   * @param target a file descriptor to write to where `mode` says stderr, or more about that.
   * @throws {UserError} if the log file cannot be opened.
   */
  constructor(
    options: Pick<CommandOptions, 'loglevel' | 'logFormat' | 'logFile' | 'logFields'>,
    mode: LogMode,
    target: number | LogTarget = {},
  ) {
    const {
      fd = 2,
      journal,
      isWorkers = false,
      owner,
    } = typeof target === 'number' ? { fd: target } : target;
    const { logFile } = options;
    if (logFile !== undefined && mode === 'syslog') {
      throw new UserError(
        '--log-file needs --logmode stderr, which it takes the place of, or combined',
      );
    }
    this.setLevel(options.loglevel);
    this.#format = options.logFormat ?? 'text';
    this.#fields = options.logFields ?? [];
    if (this.#fields.length > 0 && this.#format !== 'json') {
      throw new UserError('--log-fields needs --log-format json');
    }
    this.#name = logFile;
    this.#owner = owner;
    const stats = statsOf(fd);
    this.journal = logFile === undefined && (journal ?? (stats !== undefined && isJournal(stats)));
    if (logFile !== undefined) this.#file = new LogWriter(openLogFile(logFile, owner));
    else if (mode !== 'syslog') {
      this.#file = new LogWriter(stats === undefined ? fd : withoutBlocking(fd, stats));
    }
    if (mode !== 'stderr') this.#syslog = new Syslog((text) => this.#tell(text), !isWorkers);
  }

  setLevel(level: LogLevel = 'info'): void {
    this.#threshold = level === 'none' ? -1 : PRIORITIES[level];
  }

  wants(type: LogEntry['type']): boolean {
    return PRIORITIES[levelOf(type)] <= this.#threshold;
  }

  handle(event: LogEntry): void {
    const priority = PRIORITIES[levelOf(event.type)];
    this.#syslog?.write(priority, shortLine(event, this.#format, MAX_MESSAGE, this.#fields));
    this.#file?.write(this.#lineOf(event));
  }

  /** Takes what the process itself has to say. */
  say(type: 'error' | 'warning', message: string): void {
    const event = { type, time: Date.now(), message };
    if (this.wants(type)) this.handle(event);
    this.onSaid?.(event);
  }

  /** Takes whole lines that another process has made, without the last line feed. */
  forward(lines: string): void {
    (this.#file ?? this.#ownStderr()).write(lines);
  }

  /** Says at once if there is no syslog to log to. */
  lookForSyslog(): void {
    this.#syslog?.look();
  }

  /**
   * Opens the log file again, as whoever has renamed it expects; what is written after that is in
   * the new one. Without a log file nothing happens.
   *
   * @throws {UserError} if it cannot be opened; then the old one stays.
   */
  reopen(): void {
    if (this.#name !== undefined) this.#file?.moveTo(openLogFile(this.#name, this.#owner));
  }

  /** Writes what waits, as far as it is taken. */
  async close(): Promise<void> {
    await this.#syslog?.close();
    await this.#file?.close();
    await this.#stderr?.close();
  }

  #lineOf(event: LogEntry): string {
    const level = levelOf(event.type);
    const text = this.#format === 'json' ? logJson(event, undefined, this.#fields) : logText(event);
    if (this.journal) return `<${PRIORITIES[level]}>${text}`;
    if (this.#format === 'json') return text;
    return `${timeStamp(event.time)} ${level.padEnd(6)} ${text}`;
  }

  /** Tells of trouble with syslog where it can be read. */
  #tell(message: string): void {
    const warning = { type: 'warning', time: Date.now(), message } as const;
    if (this.#file === undefined) this.#ownStderr().write(`picosocks5: ${logText(warning)}`);
    else if (this.wants('warning')) this.#file.write(this.#lineOf(warning));
  }

  #ownStderr(): LogWriter {
    const stats = statsOf(2);
    this.#stderr ??= new LogWriter(stats === undefined ? 2 : withoutBlocking(2, stats));
    return this.#stderr;
  }
}
