/** Something that waits for its turn, and then takes a while. */
export interface Job {
  /** Begins. @returns settled when its place is free again; it never rejects. */
  run(): Promise<void>;
}

/** How many jobs of one client may wait. */
const MAX_WAITING = 256;

/**
 * Runs a limited number of jobs at once, and gives every client a fair part of the places: who has
 * as many as are free has to wait. One client gets half of them at most, two get a third each, and
 * so on, so that there is always a place for whoever comes next, however slow the others' jobs are.
 * Those who wait take turns.
 */
export class FairQueue {
  readonly #limit: number;
  readonly #held = new Map<string, number>();
  readonly #waiting = new Map<string, Set<Job>>();
  #running = 0;

  /** @param limit jobs at once. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /**
   * Runs a job when it is its turn, or its other client's if it waits for another as well.
   *
   * @returns false if too many jobs of the client wait.
   */
  add(client: string, job: Job): boolean {
    const mine = this.#waiting.get(client) ?? new Set();
    if (mine.size >= MAX_WAITING) return false;
    mine.add(job);
    this.#waiting.set(client, mine);
    this.#advance();
    return true;
  }

  /** Takes back a job that waits. */
  remove(job: Job): void {
    for (const [client, jobs] of this.#waiting) {
      if (jobs.delete(job) && jobs.size === 0) this.#waiting.delete(client);
    }
  }

  #advance(): void {
    for (let started = true; started && this.#running < this.#limit; ) {
      started = false;
      for (const [client, jobs] of [...this.#waiting]) {
        const held = this.#held.get(client) ?? 0;
        const [job] = jobs;
        if (job === undefined || held >= this.#limit - this.#running) continue;
        started = true;
        this.#start(client, job);
      }
    }
  }

  #start(client: string, job: Job): void {
    this.remove(job);
    // It goes to the end of those who take turns.
    const rest = this.#waiting.get(client);
    if (rest !== undefined) {
      this.#waiting.delete(client);
      this.#waiting.set(client, rest);
    }
    this.#running++;
    this.#held.set(client, (this.#held.get(client) ?? 0) + 1);
    void job.run().then(() => {
      this.#running--;
      const held = (this.#held.get(client) ?? 1) - 1;
      if (held === 0) this.#held.delete(client);
      else this.#held.set(client, held);
      this.#advance();
    });
  }
}
