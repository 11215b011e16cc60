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
