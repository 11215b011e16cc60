import type { LogLevel } from '../config/settings.js';
import type { EventSink, ServerEvent } from '../log/events.js';
import { levelOf, PRIORITIES } from '../log/logline.js';

/** How long events are gathered for one message, ms. */
const GATHER_TIME = 20;
/** How many of them wait at most. */
const MOST = 5000;

/** Whether events of a type are of a level. */
export function isOfLevel(type: ServerEvent['type'], level: LogLevel): boolean {
  return level !== 'none' && PRIORITIES[levelOf(type)] <= PRIORITIES[level];
}

/** What a worker tells of its events. */
export interface EventNews {
  readonly events: readonly ServerEvent[];
  /** How many more there were than could be told. */
  readonly lost: number;
}

/** Tells another process of events, many at once. */
export class Teller implements EventSink {
  readonly id = 'observer';
  level: LogLevel = 'none';
  readonly #tell: (news: EventNews) => void;
  #events: ServerEvent[] = [];
  #lost = 0;

  constructor(tell: (news: EventNews) => void) {
    this.#tell = tell;
  }

  wants(type: ServerEvent['type']): boolean {
    return isOfLevel(type, this.level);
  }

  handle(event: ServerEvent): void {
    if (this.#events.length >= MOST) {
      this.#lost++;
      return;
    }
    if (this.#events.push(event) === 1) setTimeout(() => this.flush(), GATHER_TIME).unref();
  }

  /** Tells at once what is gathered. */
  flush(): void {
    if (this.#events.length === 0) return;
    const news = { events: this.#events, lost: this.#lost };
    this.#events = [];
    this.#lost = 0;
    this.#tell(news);
  }
}
