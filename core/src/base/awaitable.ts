/** A value that is there, or comes: whoever has it at once makes no promise of it. */
export type Awaitable<T> = T | Promise<T>;

/** Whether what a stranger has answered is to be waited for. */
export function isPromiseLike(answer: unknown): answer is PromiseLike<unknown> {
  return (
    typeof answer === 'object' &&
    answer !== null &&
    'then' in answer &&
    typeof answer.then === 'function'
  );
}

/** Goes on with a value, now or when it comes. */
export function andThen<T, U>(value: Awaitable<T>, next: (value: T) => Awaitable<U>): Awaitable<U> {
  return value instanceof Promise ? value.then(next) : next(value);
}

/**
 * Waits for what another may never tell.
 *
 * @param time ms; more is not waited for.
 * @throws what `value` is rejected with, or the error that `late()` makes when the time is up.
 */
export function withDeadline<T>(
  value: PromiseLike<T>,
  time: number,
  late: () => Error,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const deadline = setTimeout(() => reject(late()), time);
    value.then(
      (result) => {
        clearTimeout(deadline);
        resolve(result);
      },
      (error: unknown) => {
        clearTimeout(deadline);
        reject(error);
      },
    );
  });
}
