import { monotonic } from '../base/clock.js';
import type { LogLevel } from '../config/settings.js';
import type { ServerEvent } from '../log/events.js';
import { logJson, PRIORITIES, timeStamp } from '../log/logline.js';
import { type EventNews, isOfLevel } from '../process/observing.js';

/** The level of the events that are kept for who comes later, and how many of them are. */
const KEPT_LEVEL = 'info';
const KEPT = 1000;
/** What waits at most for a reader that is slow, lines and characters. */
const MAX_LINES = 5000;
const MAX_WAITING = 1024 * 1024;

/** What has happened since the server started. */
export interface Counters {
  /** Connections that are over. */
  readonly closed: number;
  /** Connections and requests that were refused. */
  readonly rejected: number;
  readonly failedLogins: number;
  /** Bytes of the connections that are over, from and to clients. */
  readonly up: number;
  readonly down: number;
}

/** Where lines go, as a stream takes them. */
export interface LineTarget {
  /** @returns false if no more is to be written until it says that it takes some again. */
  write(text: string): boolean;
}

/** One who reads events as they happen: what it does not take in time is lost, and counted. */
export class FeedReader {
  readonly level: LogLevel;
  readonly #target: LineTarget;
  readonly #waiting: string[] = [];
  #size = 0;
  #lost = 0;
  #isFull = false;

  constructor(level: LogLevel, target: LineTarget) {
    this.level = level;
    this.#target = target;
  }

  /** @param line without a line feed. */
  send(line: string): void {
    if (!this.#isFull && this.#waiting.length === 0) {
      this.#isFull = !this.#target.write(`${line}\n`);
      return;
    }
    if (this.#waiting.length >= MAX_LINES || this.#size > MAX_WAITING) {
      this.#lost++;
      return;
    }
    this.#waiting.push(line);
    this.#size += line.length;
  }

  /** Counts events that were lost before they came here. */
  lose(count: number): void {
    this.#lost += count;
    if (!this.#isFull && this.#waiting.length === 0) this.#tellLost();
  }

  /** It takes some again. */
  drained(): void {
    this.#isFull = false;
    const lines = this.#waiting.splice(0);
    this.#size = 0;
    if (lines.length > 0) this.#isFull = !this.#target.write(`${lines.join('\n')}\n`);
    this.#tellLost();
  }

  #tellLost(): void {
    if (this.#lost === 0) return;
    const count = this.#lost;
    this.#lost = 0;
    const time = timeStamp(Date.now());
    const line = JSON.stringify({ time, level: 'warn', type: 'lost', count });
    this.#isFull = !this.#target.write(`${line}\n`) || this.#isFull;
  }
}

/** The events of a server, for those who read them as they happen or later. */
export class EventFeed {
  readonly started = monotonic();
  readonly #observe: (level: LogLevel) => void;
  readonly #readers = new Set<FeedReader>();
  /** A ring: the oldest is at `#first`, once it is full. */
  readonly #kept: ServerEvent[] = [];
  #first = 0;
  readonly #counters = { closed: 0, rejected: 0, failedLogins: 0, up: 0, down: 0 };
  #level: LogLevel = KEPT_LEVEL;

  /** @param observe has events of a level told to this feed. */
  constructor(observe: (level: LogLevel) => void) {
    this.#observe = observe;
    observe(this.#level);
  }

  get counters(): Counters {
    return { ...this.#counters };
  }

  take({ events, lost }: EventNews): void {
    for (const event of events) this.handle(event);
    if (lost > 0) for (const reader of this.#readers) reader.lose(lost);
  }

  handle(event: ServerEvent): void {
    this.#count(event);
    if (isOfLevel(event.type, KEPT_LEVEL)) this.#keep(event);
    let line: string | undefined;
    for (const reader of this.#readers) {
      if (!isOfLevel(event.type, reader.level)) continue;
      line ??= logJson(event);
      reader.send(line);
    }
  }

  /** Hands events to a target from now on, until it is told {@link leave}. */
  read(level: LogLevel, target: LineTarget): FeedReader {
    const reader = new FeedReader(level, target);
    this.#readers.add(reader);
    this.#setLevel();
    return reader;
  }

  leave(reader: FeedReader): void {
    this.#readers.delete(reader);
    this.#setLevel();
  }

  /** The last events, the oldest first. @param count how many at most. */
  last(count: number, level: LogLevel): string[] {
    const all = [...this.#kept.slice(this.#first), ...this.#kept.slice(0, this.#first)];
    const wanted = all.filter(({ type }) => isOfLevel(type, level));
    return (count === 0 ? [] : wanted.slice(-count)).map((event) => logJson(event));
  }

  #setLevel(): void {
    const levels: LogLevel[] = [KEPT_LEVEL, ...[...this.#readers].map(({ level }) => level)];
    const priority = (level: LogLevel) => (level === 'none' ? -1 : PRIORITIES[level]);
    const level = levels.reduce((a, b) => (priority(b) > priority(a) ? b : a));
    if (level === this.#level) return;
    this.#level = level;
    this.#observe(level);
  }

  #keep(event: ServerEvent): void {
    if (this.#kept.length < KEPT) {
      this.#kept.push(event);
      return;
    }
    this.#kept[this.#first] = event;
    this.#first = (this.#first + 1) % KEPT;
  }

  #count(event: ServerEvent): void {
    const counters = this.#counters;
    switch (event.type) {
      case 'closed':
        counters.closed++;
        counters.up += event.up;
        counters.down += event.down;
        break;
      case 'rejected':
        counters.rejected++;
        break;
      case 'authentication-failed':
        counters.failedLogins++;
        break;
    }
  }
}

/** The levels that an event may have. */
export const LEVELS: readonly LogLevel[] = ['err', 'warn', 'notice', 'info', 'debug'];
