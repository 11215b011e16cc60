/** When a client is asked at the latest, and at the soonest, whether it is still there, s. */
const MAX_KEEP_ALIVE = 60;
const MIN_KEEP_ALIVE = 1;
/** How long the system then waits for answers, s: ten probes, one a second. */
const PROBE_TIME = 10;

/**
 * When to ask an association's client whether it lives: so that it is known well before it would
 * end as idle, of which answers that go nowhere would keep it.
 *
 * @param idle how long the association may be idle, s; 0: for ever.
 * @returns s.
 */
export function keepAliveDelay(idle: number): number {
  if (idle === 0) return MAX_KEEP_ALIVE;
  const delay = Math.floor((idle - PROBE_TIME) / 2);
  return Math.min(Math.max(delay, MIN_KEEP_ALIVE), MAX_KEEP_ALIVE);
}
