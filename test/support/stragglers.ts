import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** How long they may take to end, ms. */
const PATIENCE = 20_000;

/** Whether a process was told of a folder, by its arguments or its environment. */
function knows(pid: number, folder: string): boolean {
  try {
    const facts = ['cmdline', 'environ'].map((name) => readFileSync(`/proc/${pid}/${name}`));
    return facts.some((fact) => fact.includes(folder));
  } catch {
    return false;
  }
}

/**
 * Ends every process that was told of a folder that is about to go: an Electron's helpers outlive
 * it for a moment, and would write to the folder while it is removed.
 */
export async function endStragglers(folder: string): Promise<void> {
  const deadline = Date.now() + PATIENCE;
  const left = () =>
    readdirSync('/proc')
      .map(Number)
      .filter((pid) => pid > 0 && pid !== process.pid && knows(pid, folder));
  for (let pids = left(); pids.length > 0; pids = left()) {
    if (Date.now() > deadline) throw new Error(`processes that do not end: ${pids.join(', ')}`);
    for (const pid of pids) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended in the meantime.
      }
    }
    await sleep(10);
  }
}
