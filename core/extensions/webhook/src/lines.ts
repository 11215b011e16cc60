/** Octets of a batch at most, unless one line has more. */
const MAX_BATCH = 1024 * 1024;
/** Octets of all lines that wait at most. */
const MAX_WAITING = 64 * 1024 * 1024;

/** Lines that wait, in order. */
export class Lines {
  readonly #limit: number;
  readonly #batch: number;
  #lines: string[] = [];
  /** Where the first one stands: those before it are gone. */
  #first = 0;
  #octets = 0;

  /**
   * @param limit how many may wait.
   * @param batch how many are a batch.
   */
  constructor(limit: number, batch: number) {
    this.#limit = limit;
    this.#batch = batch;
  }

  get size(): number {
    return this.#lines.length - this.#first;
  }

  /** Whether there are enough for a batch. */
  get isBatch(): boolean {
    return this.size >= this.#batch || this.#octets >= MAX_BATCH;
  }

  /** @returns false if there is no room for it. */
  add(line: string): boolean {
    if (this.size >= this.#limit || this.#octets + line.length > MAX_WAITING) return false;
    this.#lines.push(line);
    this.#octets += line.length;
    return true;
  }

  /** The first lines, as many as are posted at once. */
  nextBatch(): string[] {
    const lines = this.#lines.slice(this.#first, this.#first + this.#batch);
    let octets = 0;
    const end = lines.findIndex((line, i) => {
      octets += line.length;
      return i > 0 && octets > MAX_BATCH;
    });
    return end < 0 ? lines : lines.slice(0, end);
  }

  /** @param batch the first lines. */
  remove(batch: readonly string[]): void {
    this.#first += batch.length;
    for (const line of batch) this.#octets -= line.length;
    if (this.#first * 2 < this.#lines.length) return;
    this.#lines = this.#lines.slice(this.#first);
    this.#first = 0;
  }
}
