import type { TestContext } from 'node:test';

/** A clock that a test moves: the monotonic one, and such of Node's timers as it names. */
export interface ManualClock {
  /** Lets time pass, ms. */
  pass(ms: number): void;
}

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
  return {
    pass(ms) {
      now += ms;
      if (apis.length > 0) t.mock.timers.tick(ms);
    },
  };
}
