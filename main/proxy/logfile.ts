import {
  closeSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { type EventSink, Log, type LogLevel, messageOf, type ServerEvent } from 'picosocks5';

/** How much of the log is kept. */
export interface LogLimits {
  /** A file larger than this is put aside, bytes. */
  readonly size: number;
  /** Old files are deleted that nothing was written to for so many days. */
  readonly days: number;
  /** Old files beyond so many are deleted, the oldest first. */
  readonly files: number;
}

/** After how many events it is looked how large the log is, and how often at least, ms. */
const LOOK = 256;
const PERIOD = 3600 * 1000;
const DAY = 24 * 3600 * 1000;

const NAME = 'picosocks5.log';
/** What files that are put aside are called: by the time of that, so that their names sort. */
const OLD = /^picosocks5-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}Z\.log$/;
/** What earlier versions have put aside. */
const OLDEST = 'picosocks5.old.log';

/** The first moment of the day after a time, in local time, ms since 1970. */
function endOfDay(time: number): number {
  const date = new Date(time);
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() + 1).getTime();
}

/**
 * The log of the desktop: the lines of the headless server, in a file. Each day has a file of its
 * own, and more of them where there is much to write; those of earlier times are deleted.
 */
export class LogFile implements EventSink {
  readonly id = 'log';
  readonly folder: string;
  /** The file that is written to. */
  readonly file: string;
  #limits: LogLimits;
  #level: LogLevel;
  #fd: number;
  #log: Log;
  #left = LOOK;
  /** Whether nothing was written to the file, nor waits for it. */
  #isEmpty: boolean;
  /** When the file is put aside whose lines are of one day, ms since 1970. */
  #until: number;
  readonly #timer: NodeJS.Timeout;
  /** Logs that are put aside and still have lines to write. */
  readonly #closing = new Set<Promise<void>>();

  /** @throws the system's error, if the file cannot be written. */
  constructor(folder: string, level: LogLevel, limits: LogLimits) {
    this.folder = folder;
    this.file = join(folder, NAME);
    this.#level = level;
    this.#limits = limits;
    mkdirSync(folder, { recursive: true });
    this.#fd = this.#open();
    this.#log = this.#make();
    this.#isEmpty = fstatSync(this.#fd).size === 0;
    this.#until = endOfDay(beginOf(this.#fd));
    this.#look(Date.now());
    this.#deleteOld();
    this.#timer = setInterval(() => {
      this.#look(Date.now());
      this.#deleteOld();
    }, PERIOD).unref();
  }

  setLevel(level: LogLevel): void {
    this.#level = level;
    this.#log.setLevel(level);
  }

  setLimits(limits: LogLimits): void {
    this.#limits = limits;
    this.#look(Date.now());
    this.#deleteOld();
  }

  wants(type: ServerEvent['type']): boolean {
    return this.#log.wants(type);
  }

  handle(event: ServerEvent): void {
    if (--this.#left <= 0 || event.time >= this.#until) this.#look(event.time);
    this.#isEmpty = false;
    this.#log.handle(event);
  }

  /** Writes what waits. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all([...this.#closing, this.#log.close()]);
    closeSync(this.#fd);
  }

  #open(): number {
    return openSync(this.file, 'a+', 0o600);
  }

  #make(): Log {
    return new Log({ loglevel: this.#level }, 'stderr', this.#fd);
  }

  /**
   * Begins a new file if this one is full, of another day, or no longer where its reader looks for
   * it. Renaming an open file is possible on Windows as well: libuv opens with FILE_SHARE_DELETE.
   */
  #look(time: number): void {
    this.#left = LOOK;
    const { size, nlink } = fstatSync(this.#fd);
    const isPast = time >= this.#until;
    if (isPast) this.#until = endOfDay(time);
    const isOver = size > this.#limits.size || (isPast && !this.#isEmpty);
    if (!isOver && nlink > 0) return;
    try {
      if (nlink > 0) renameSync(this.file, this.#nameAside(time));
      const fresh = this.#open();
      this.#putAside();
      this.#fd = fresh;
      this.#log = this.#make();
      this.#isEmpty = true;
      this.#until = endOfDay(time);
    } catch (error) {
      // Where no other file can be had, the newest lines are worth more than the oldest.
      if (size > this.#limits.size) ftruncateSync(this.#fd);
      this.#log.say('warning', `the log cannot be put aside: ${messageOf(error)}`);
    }
    this.#deleteOld();
  }

  #nameAside(time: number): string {
    for (let moment = time; ; moment++) {
      const stamp = new Date(moment).toISOString().replaceAll(':', '-');
      const file = join(this.folder, `picosocks5-${stamp}.log`);
      if (!existsSync(file)) return file;
    }
  }

  #putAside(): void {
    const fd = this.#fd;
    const closed = this.#log.close().then(() => {
      closeSync(fd);
      this.#closing.delete(closed);
    });
    this.#closing.add(closed);
  }

  /** Deletes what is too old, or too much; what cannot be deleted now is another time. */
  #deleteOld(): void {
    try {
      const names = readdirSync(this.folder);
      const old = names.filter((name) => OLD.test(name)).sort();
      if (names.includes(OLDEST)) old.unshift(OLDEST);
      const since = Date.now() - this.#limits.days * DAY;
      for (const [i, name] of old.entries()) {
        const file = join(this.folder, name);
        const isTooMuch = old.length - i > this.#limits.files;
        if (isTooMuch || statSync(file).mtimeMs < since) rmSync(file, { force: true });
      }
    } catch {
      // Another program has one of them open, on Windows: it is deleted an hour later.
    }
  }
}

/** When the first line of a log was written, ms since 1970; now if it has none. */
function beginOf(fd: number): number {
  const start = Buffer.alloc('2026-01-01T00:00:00.000Z'.length);
  const { mtimeMs, size } = fstatSync(fd);
  if (size === 0) return Date.now();
  readSync(fd, start, 0, start.length, 0);
  const time = Date.parse(start.toString('latin1'));
  return Number.isNaN(time) ? mtimeMs : time;
}
