import { type AsyncHook, createHook } from 'node:async_hooks';
import { monotonic } from '../base/clock.js';

/** Calls within calls at most that are timed. */
const MAX_DEPTH = 64;

/** Times what the event loop calls: each timer, each event of a socket, each step of a promise. */
export class Watchdog {
  readonly #hook: AsyncHook;
  /** Of the calls that are under way, the innermost last: which it is, and when it began. */
  readonly #ids: number[] = [];
  readonly #starts: number[] = [];

  /**
   * @param limit ms.
   * @param held told of a call that took longer, while its context is still in force.
   */
  constructor(limit: number, held: (time: number) => void) {
    const ids = this.#ids;
    const starts = this.#starts;
    this.#hook = createHook({
      before(id) {
        // What was thrown out of a call may have left it here.
        if (ids.length >= MAX_DEPTH) ids.length = starts.length = 0;
        ids.push(id);
        starts.push(monotonic());
      },
      after(id) {
        let place = ids.length - 1;
        while (place >= 0 && ids[place] !== id) place--;
        if (place < 0) return;
        const time = monotonic() - (starts[place] as number);
        ids.length = starts.length = place;
        if (time > limit) held(time);
      },
    });
  }

  start(): void {
    this.#hook.enable();
  }

  stop(): void {
    this.#hook.disable();
    this.#ids.length = this.#starts.length = 0;
  }
}
