import type { Session } from './session.js';

/**
 * The sessions of this moment. Not in a Map: V8 replaces the store of one whose entries come and
 * go every few dozen changes, and once the Map is old, what its thrown-away stores refer to
 * survives all collections of young objects. Here a place that becomes free is taken by the last.
 */
export class SessionTable implements Iterable<Session> {
  readonly #sessions: Session[] = [];
  #onEmpty: (() => void)[] = [];

  get size(): number {
    return this.#sessions.length;
  }

  add(session: Session): void {
    session.place = this.#sessions.push(session) - 1;
  }

  /** @param session which is in this table. */
  remove({ place }: Session): void {
    const last = this.#sessions.pop() as Session;
    if (place < this.#sessions.length) {
      this.#sessions[place] = last;
      last.place = place;
    }
    if (this.size > 0) return;
    const waiting = this.#onEmpty;
    this.#onEmpty = [];
    for (const resolve of waiting) resolve();
  }

  /** Waits until there is none. */
  async empty(): Promise<void> {
    if (this.size === 0) return;
    await new Promise<void>((resolve) => this.#onEmpty.push(resolve));
  }

  find(id: number): Session | undefined {
    return this.#sessions.find((session) => session.id === id);
  }

  /** In no order; sessions may end meanwhile. */
  [Symbol.iterator](): Iterator<Session> {
    return [...this.#sessions].values();
  }
}
