/** Keeps one way of a flow to its rate. */
export interface Throttle {
  /** What may move at once, bytes: as much as the rate gives in a tenth of a second, at least 1. */
  readonly step: number;
  /** Accounts for bytes that are to move. @returns how long they have to wait, ms; 0: not at all. */
  take(bytes: number): number;
  /** Gives back what was taken and did not move after all, bytes. */
  give(bytes: number): void;
}

/** The rates of both ways; undefined: as fast as it goes. */
export interface Throttles {
  readonly up: Throttle | undefined;
  readonly down: Throttle | undefined;
}

const nothing: Uint8Array = new Uint8Array();

/**
 * Writes what was read in steps, each when its rate has room for it. Who comes first goes first
 * among all that share a rate, and a new connection brings no room of its own.
 */
export class Pacer {
  readonly #throttle: Throttle;
  readonly #traffic: { waiting: number };
  readonly #write: (step: Uint8Array) => boolean;
  readonly #proceed: () => void;
  #held = nothing;
  /** The length of the step that waits. */
  #taken = 0;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param traffic where it counts while it waits for its rate.
   * @param write writes a step. @returns whether another may follow at once.
   * @param proceed called when a step is written that had to wait.
   */
  constructor(
    throttle: Throttle,
    traffic: { waiting: number },
    write: (step: Uint8Array) => boolean,
    proceed: () => void,
  ) {
    this.#throttle = throttle;
    this.#traffic = traffic;
    this.#write = write;
    this.#proceed = proceed;
  }

  /** What may move at once, bytes. */
  get step(): number {
    return this.#throttle.step;
  }

  /** Whether a step waits for its rate. */
  get waits(): boolean {
    return this.#timer !== undefined;
  }

  /** Writes a chunk, which is kept until all of it is written. @returns as {@link advance} does. */
  write(chunk: Uint8Array): boolean {
    this.#held = chunk;
    return this.advance();
  }

  /** Goes on writing. @returns whether all is written. */
  advance(): boolean {
    while (this.#held.length > 0) {
      const bytes = Math.min(this.#held.length, this.#throttle.step);
      const ms = this.#throttle.take(bytes);
      if (ms > 0) {
        this.#waitFor(bytes, ms);
        return false;
      }
      if (!this.#writeStep(bytes)) return false;
    }
    return true;
  }

  /** Waits no more: what is held is lost. */
  stop(): void {
    if (this.#timer === undefined) return;
    this.#throttle.give(this.#taken);
    this.#waitNoMore();
  }

  /** Stops, and gives back what is held: who has asked for it moves it otherwise. */
  release(): Uint8Array {
    this.stop();
    const held = this.#held;
    this.#held = nothing;
    return held;
  }

  #waitFor(bytes: number, ms: number): void {
    this.#taken = bytes;
    this.#traffic.waiting++;
    this.#timer = setTimeout(() => {
      this.#waitNoMore();
      if (this.#writeStep(bytes)) this.#proceed();
    }, ms).unref();
  }

  #waitNoMore(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#traffic.waiting--;
  }

  #writeStep(bytes: number): boolean {
    const step = this.#held.subarray(0, bytes);
    this.#held = this.#held.subarray(bytes);
    return this.#write(step);
  }
}
