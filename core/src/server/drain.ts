import { setImmediate } from 'node:timers/promises';
import type { Admission } from '../session/admission.js';
import type { SessionTable } from '../session/table.js';

/**
 * Lets those finish who have come already, such as a balancer's client whose header is on its way,
 * and then nobody in any more.
 *
 * @param grace how long connections have, seconds; then they are closed.
 */
export async function drain(
  sessions: SessionTable,
  admission: Admission,
  grace: number,
): Promise<void> {
  const timer = setTimeout(() => {
    admission.setListeners([]);
    for (const session of sessions) session.end('shutdown');
  }, grace * 1000);
  while (sessions.size + admission.undecided > 0) {
    await admission.decided();
    await sessions.empty();
    // One that goes on with something else comes again once it has left.
    await setImmediate();
  }
  clearTimeout(timer);
  admission.setListeners([]);
}
