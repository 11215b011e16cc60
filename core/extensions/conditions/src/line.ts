import type { Conditions } from './conditions.js';

/** How often bytes are let go that wait for the rate, ms. */
const TICK = 10;
/** Bytes that one connection sends before another has its turn: about a packet. */
const PIECE = 1460;
/** Bytes that wait in one direction of a connection at least, and at most, before it is paused. */
const [LEAST, MOST] = [64 * 1024, 1024 * 1024] as const;

/** What a line brings: bytes, or that there are no more. */
type Item = Uint8Array | 'end';

/** Something on its way. */
interface Flight {
  readonly item: Item;
  /** When it is there, monotonic ms. */
  readonly due: number;
}

/** One direction of all connections together, which share its rate in turn. */
export class Link {
  /** What it is like, at any moment. */
  readonly conditions: () => Conditions;
  readonly #waiting: Line[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** Bytes that may go now; less than none if more have gone. */
  #credit = 0;
  #since = 0;

  constructor(conditions: () => Conditions) {
    this.conditions = conditions;
  }

  /** Lets a line go on as soon as it is its turn. */
  join(line: Line): void {
    this.#waiting.push(line);
    if (this.#timer !== undefined) return;
    // What nobody used is lost, but for the time of a tick; what was too much is not forgotten.
    const idle = performance.now() - this.#since;
    const { rate } = this.conditions();
    this.#credit = Math.min(this.#credit + (rate * idle) / 1000, (rate * TICK) / 1000);
    this.#since = performance.now();
    this.#run();
  }

  readonly #run = (): void => {
    this.#timer = undefined;
    const now = performance.now();
    const { rate } = this.conditions();
    this.#credit += (rate * (now - this.#since)) / 1000;
    this.#since = now;
    while (this.#waiting.length > 0 && (rate === 0 || this.#credit > 0)) {
      const line = this.#waiting.shift() as Line;
      this.#credit -= line.leave(rate === 0 ? Number.POSITIVE_INFINITY : PIECE);
      if (line.waits) this.#waiting.push(line);
    }
    if (rate === 0) this.#credit = 0;
    if (this.#waiting.length > 0) this.#timer = setTimeout(this.#run, TICK);
  };
}

/** One direction of a connection: bytes come out of it in order, later than they have gone in. */
export class Line {
  readonly #link: Link;
  readonly #arrive: (item: Item) => boolean;
  readonly #drained: () => void;
  /** What waits for the rate. */
  readonly #pending: Item[] = [];
  /** What is on its way. */
  readonly #flights: Flight[] = [];
  #size = 0;
  #lastDue = 0;
  #timer: NodeJS.Timeout | undefined;
  #isFull = false;
  #held = false;
  #closed = false;
  #joined = false;

  /**
   * @param arrive takes what comes out; false holds the rest until {@link release}.
   * @param drained told when there is room again, after {@link put} has returned false.
   */
  constructor(link: Link, arrive: (item: Item) => boolean, drained: () => void) {
    this.#link = link;
    this.#arrive = arrive;
    this.#drained = drained;
  }

  /** Bytes in it. */
  get size(): number {
    return this.#size;
  }

  /** Whether nothing is in it, not even an end. */
  get isEmpty(): boolean {
    return this.#pending.length + this.#flights.length === 0;
  }

  /** Whether there is room for more. */
  get hasRoom(): boolean {
    return !this.#isFull;
  }

  /** Whether something of it waits for the rate. */
  get waits(): boolean {
    return this.#pending.length > 0;
  }

  /** Takes bytes, which are copied, or an end. @returns whether there is room for more. */
  put(item: Item): boolean {
    if (this.#closed) return true;
    const { delay, jitter, rate } = this.#link.conditions();
    if (delay + jitter + rate === 0 && this.isEmpty && !this.#held) {
      this.#held = !this.#arrive(item);
      return !this.#held;
    }
    this.#size += sizeOf(item);
    this.#pending.push(item === 'end' ? item : Buffer.from(item));
    if (!this.#joined) {
      this.#joined = true;
      this.#link.join(this);
    }
    const room = Math.min(Math.max((rate * (delay + jitter)) / 500, LEAST), MOST);
    this.#isFull = this.#size >= (rate === 0 ? MOST : room);
    return !this.#isFull;
  }

  /** Lets bytes go on their way. @returns how many. */
  leave(most: number): number {
    let left = most;
    while (left > 0 && this.#pending.length > 0) {
      const item = this.#pending.shift() as Item;
      if (item !== 'end' && item.length > left) {
        this.#pending.unshift(item.subarray(left));
        this.#depart(item.subarray(0, left));
        left = 0;
      } else {
        this.#depart(item);
        left -= sizeOf(item);
      }
    }
    this.#joined = this.#pending.length > 0;
    this.#schedule();
    return most === Number.POSITIVE_INFINITY ? 0 : most - left;
  }

  /** What is held comes out again. */
  release(): void {
    if (!this.#held) return;
    this.#held = false;
    this.#land();
  }

  /** Holds what would come out. */
  hold(): void {
    this.#held = true;
  }

  /** Forgets what is in it. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#pending.length = 0;
    this.#flights.length = 0;
    this.#size = 0;
  }

  #depart(item: Item): void {
    const { delay, jitter } = this.#link.conditions();
    const due = performance.now() + (delay + Math.random() * jitter) / 2;
    this.#lastDue = Math.max(this.#lastDue, due);
    this.#flights.push({ item, due: this.#lastDue });
  }

  #schedule(): void {
    const [first] = this.#flights;
    if (first === undefined || this.#timer !== undefined || this.#held || this.#closed) return;
    const wait = Math.max(first.due - performance.now(), 0);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#land();
    }, Math.ceil(wait));
  }

  /** Brings out what is there. */
  #land(): void {
    const now = performance.now();
    while (!this.#held && !this.#closed) {
      const [first] = this.#flights;
      if (first === undefined || first.due > now) break;
      this.#flights.shift();
      this.#size -= sizeOf(first.item);
      if (!this.#arrive(first.item)) this.#held = true;
    }
    if (this.#closed) return;
    if (this.#isFull && this.#size < LEAST / 2) {
      this.#isFull = false;
      this.#drained();
    }
    this.#schedule();
  }
}

function sizeOf(item: Item): number {
  return item === 'end' ? 0 : item.length;
}
