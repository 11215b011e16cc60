/** Something that must be undone: a registration, a listener, a timer. */
export interface Disposable {
  /** Undoes it. Calling it again does nothing. */
  dispose(): void;
}

/** Makes a {@link Disposable} of a function that is called once at most. */
export function toDisposable(undo: () => void): Disposable {
  let done = false;
  return {
    dispose() {
      if (!done) {
        done = true;
        undo();
      }
    },
  };
}

/** Several of them, undone together: those of a thing that consists of them, or has failed. */
export class DisposableStore implements Disposable {
  readonly #items: Disposable[] = [];
  #disposed = false;

  /** Takes one more; once the store is disposed, it is disposed at once. @returns the same. */
  add<T extends Disposable>(item: T): T {
    if (this.#disposed) item.dispose();
    else this.#items.push(item);
    return item;
  }

  /** Undoes them, the last first. One that throws keeps none of the others. */
  dispose(): void {
    this.#disposed = true;
    const errors: unknown[] = [];
    for (let item = this.#items.pop(); item !== undefined; item = this.#items.pop()) {
      try {
        item.dispose();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }
}
