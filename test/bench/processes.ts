import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** Linux counts CPU time in hundredths of a second. */
const TICKS = 100;

/** A process and all below it: a server may have children. Linux only. */
export class ProcessTree {
  readonly #root: number;

  constructor(root: number) {
    this.#root = root;
  }

  /** CPU time used so far, children that have ended included, s. */
  cpu(): number {
    let ticks = 0;
    for (const fields of this.#members().values()) {
      for (const i of [11, 12, 13, 14]) ticks += Number(fields[i]);
    }
    return ticks / TICKS;
  }

  /** Resident memory, KB; what several processes share is divided among them. */
  resident(): number {
    const members = [...this.#members().keys()];
    const field = members.length > 1 ? /^Pss:\s+(\d+)/m : /^Rss:\s+(\d+)/m;
    return members
      .map((id) => Number(field.exec(readFileSync(`/proc/${id}/smaps_rollup`, 'utf8'))?.[1] ?? 0))
      .reduce((sum, kilobytes) => sum + kilobytes, 0);
  }

  /** Files that the first process has open. */
  openFiles(): number {
    return readdirSync(`/proc/${this.#root}/fd`).length;
  }

  /** The TCP connections that the first process has open, as `ss` prints them. */
  sockets(): string[] {
    const { stdout } = spawnSync('ss', ['-Htnpo', 'state', 'all'], { encoding: 'utf8' });
    const mine = `pid=${this.#root},`;
    return (stdout ?? '')
      .split('\n')
      .filter((line) => line.includes(mine) && !/^LISTEN/.test(line));
  }

  /** The fields of /proc/PID/stat from the state on, by process. */
  #members(): Map<number, readonly string[]> {
    const all = new Map<number, readonly string[]>();
    for (const name of readdirSync('/proc')) {
      if (!/^\d+$/.test(name)) continue;
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        all.set(Number(name), stat.slice(stat.lastIndexOf(')') + 2).split(' '));
      } catch {
        // It has ended meanwhile.
      }
    }
    const isOurs = (id: number): boolean => {
      const parent = all.get(id)?.[1];
      return id === this.#root || (parent !== undefined && isOurs(Number(parent)));
    };
    return new Map([...all].filter(([id]) => isOurs(id)));
  }
}
