import { type EventSink, levelOf, logText, type ServerEvent } from 'picosocks5';
import { LOG_CAPACITY, type LogLine } from '../ipc/contract.js';

/** How many new lines the window is given at once: of more, it is given the newest. */
const MAX_NEW = 1000;

/**
 * The last events that the log was given, for who looks at them in the window. Their lines are made
 * only then.
 */
export class LogBook implements EventSink {
  readonly id = 'logbook';
  readonly #wants: (type: ServerEvent['type']) => boolean;
  readonly #capacity: number;
  /** A ring: an event's place is its id, modulo the capacity. */
  readonly #events: ServerEvent[] = [];
  #last = 0;
  /** The id of the line that the window was told last; undefined while nobody looks. */
  #told: number | undefined;

  /** @param wants whether the log has a line for such events at present. */
  constructor(wants: (type: ServerEvent['type']) => boolean, capacity = LOG_CAPACITY) {
    this.#wants = wants;
    this.#capacity = capacity;
  }

  wants(type: ServerEvent['type']): boolean {
    return this.#wants(type);
  }

  handle(event: ServerEvent): void {
    this.#events[this.#last++ % this.#capacity] = event;
  }

  /** All lines, the oldest first. From now on new ones are told of, until `unwatch()`. */
  watch(): LogLine[] {
    this.#told = this.#last;
    return this.#lines(Math.max(0, this.#last - this.#capacity));
  }

  unwatch(): void {
    this.#told = undefined;
  }

  /** The lines since the last call, or undefined if there are none: of many, the newest. */
  news(): LogLine[] | undefined {
    if (this.#told === undefined || this.#told === this.#last) return undefined;
    const from = Math.max(this.#told, this.#last - Math.min(MAX_NEW, this.#capacity));
    this.#told = this.#last;
    return this.#lines(from);
  }

  /** The newest lines, at most so many. */
  newest(count: number): LogLine[] {
    return this.#lines(Math.max(0, this.#last - Math.min(count, this.#capacity)));
  }

  #lines(from: number): LogLine[] {
    const lines: LogLine[] = [];
    for (let i = from; i < this.#last; i++) {
      const event = this.#events[i % this.#capacity] as ServerEvent;
      lines.push({
        id: i + 1,
        time: event.time,
        level: levelOf(event.type),
        text: logText(event),
      });
    }
    return lines;
  }
}
