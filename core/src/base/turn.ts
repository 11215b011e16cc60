import { monotonic } from './clock.js';

/** How long a piece of work goes on before others have their turn, ms. */
const LONGEST = 5;
/** How many steps are taken between two looks at the clock. */
const STEPS = 32;

/** Cuts long work into pieces between which the event loop has its turn. */
export class Turn {
  #began = monotonic();
  #steps = 0;

  /** Counts one short step of the work. @returns whether it is time for {@link next}. */
  step(): boolean {
    this.#steps++;
    return this.#steps % STEPS === 0 && monotonic() - this.#began > LONGEST;
  }

  /** Lets others have their turn. */
  async next(): Promise<void> {
    await new Promise(setImmediate);
    this.#began = monotonic();
  }
}
