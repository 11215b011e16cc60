/** Actions of which each begins when the one before is over, however that ended. */
export class Sequence {
  #last: Promise<unknown> = Promise.resolve();

  /** @returns what the action comes to. */
  run<T>(action: () => T | Promise<T>): Promise<T> {
    const next = this.#last.then(action);
    this.#last = next.catch(() => {});
    return next;
  }
}
