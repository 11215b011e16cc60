/**
 * The time of a clock that is never set, ms since the process began (clock_gettime(2),
 * CLOCK_MONOTONIC): for whatever is a span. The system's own clock, which NTP, a suspend or a
 * person moves, is for times that people read and for quotas of the calendar.
 */
export function monotonic(): number {
  return performance.now();
}
