import type { TestContext } from 'node:test';

/** A clock that a test moves: the monotonic one, and such of Node's timers as it names. */
export interface ManualClock {
  /** Lets time pass, ms. */
  pass(ms: number): void;
  /** Lets time pass in steps until something has come of it that takes turns of the event loop. */
  passUntil<T>(promise: Promise<T>, step: number): Promise<T>;
}

/** Not one that a test has stopped. */
const timer = globalThis.setTimeout;

/** Stops the monotonic clock for a test, and the timers of {@link apis} as well. */
export function manualClock(
  t: TestContext,
  apis: readonly ('setTimeout' | 'setInterval' | 'setImmediate' | 'Date')[] = [],
): ManualClock {
  let now = 1e6;
  t.mock.method(performance, 'now', () => now);
  if (apis.length > 0) {
    t.mock.timers.enable({ apis: [...apis], now: apis.includes('Date') ? 1e12 : 0 });
    // What ends with the test may need its time.
    t.after(() => t.mock.timers.reset());
  }
  const pass = (ms: number) => {
    now += ms;
    if (apis.length > 0) t.mock.timers.tick(ms);
  };
  return {
    pass,
    async passUntil(promise, step) {
      let isSettled = false;
      const settle = () => {
        isSettled = true;
      };
      promise.then(settle, settle);
      while (!isSettled) {
        pass(step);
        await new Promise((resolve) => timer(resolve, 1));
      }
      return promise;
    },
  };
}

/** How often a clock that stands still with its process looks, and what counts at once at most, ms. */
const LOOK = 10;
const MOST = 20;

/**
 * A clock that stands still while this process does, as on a machine that others keep busy: for
 * bounds of what takes its time in this process alone.
 *
 * @returns its time, ms.
 */
export function awakeClock(t: TestContext): () => number {
  let time = 0;
  let last = performance.now();
  const look = () => {
    const now = performance.now();
    time += Math.min(now - last, MOST);
    last = now;
    return time;
  };
  const interval = setInterval(look, LOOK);
  t.after(() => clearInterval(interval));
  return look;
}
