import { type Helper, UserError } from 'picosocks5';
import type { Answer, Question } from './question.js';

/** How many logins may wait for a process. */
const MAX_WAITING = 200;
/** Answers after which a process is replaced: modules are written for processes that end soon. */
const MAX_ANSWERS = 1000;

interface Place {
  helper: Helper;
  answers: number;
}

/** Processes that ask PAM, one login each at once. */
export class Pool {
  readonly #start: () => Helper;
  readonly #timeout: number;
  readonly #places: Place[] = [];
  readonly #free: Place[] = [];
  readonly #size: number;
  readonly #waiting = new Set<(place: Place | undefined) => void>();
  #isClosed = false;

  /**
   * @param size how many at most.
   * @param timeout how long a login waits for one at most, ms.
   */
  constructor(start: () => Helper, size: number, timeout: number) {
    this.#start = start;
    this.#size = size;
    this.#timeout = timeout;
  }

  /**
   * @param signal aborted when nobody waits for the answer any more.
   * @throws {UserError} if there is no answer: the process hangs, or has ended, or all are busy.
   */
  async ask(question: Question, signal?: AbortSignal): Promise<Answer> {
    const place = await this.#take(signal);
    try {
      return (await place.helper.ask(question)) as Answer;
    } catch (error) {
      throw new UserError(error instanceof Error ? error.message : String(error));
    } finally {
      this.#giveBack(place);
    }
  }

  close(): void {
    this.#isClosed = true;
    for (const { helper } of this.#places) helper.dispose();
    for (const wake of this.#waiting) wake(undefined);
  }

  async #take(signal: AbortSignal | undefined): Promise<Place> {
    const place = this.#isClosed ? undefined : (this.#free.pop() ?? this.#make());
    if (place !== undefined) return place;
    if (this.#waiting.size >= MAX_WAITING) {
      throw new UserError(`${MAX_WAITING} logins wait for PAM already: see pam.processes`);
    }
    const turn = await new Promise<Place | undefined>((resolve) => {
      const settle = (place: Place | undefined) => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', giveUp);
        this.#waiting.delete(settle);
        resolve(place);
      };
      const giveUp = () => settle(undefined);
      const timer = setTimeout(giveUp, this.#timeout);
      signal?.addEventListener('abort', giveUp);
      this.#waiting.add(settle);
      if (signal?.aborted === true || this.#isClosed) giveUp();
    });
    if (turn !== undefined) return turn;
    throw new UserError('all processes that ask PAM were busy too long: see pam.processes');
  }

  #make(): Place | undefined {
    if (this.#places.length >= this.#size) return undefined;
    const place = { helper: this.#start(), answers: 0 };
    this.#places.push(place);
    return place;
  }

  #giveBack(place: Place): void {
    if (++place.answers >= MAX_ANSWERS && !this.#isClosed) {
      place.helper.dispose();
      place.helper = this.#start();
      place.answers = 0;
    }
    const [next] = this.#waiting;
    if (next === undefined) this.#free.push(place);
    else next(place);
  }
}
