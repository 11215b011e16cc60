import { type Endpoint, endpointKey, type Finder, nameOf, type Program } from './program.js';
import type { Run } from './run.js';

/**
 * The processes that have some ends of connections, by these ends.
 *
 * @param output of `lsof -F pn`: a line for each field, with its letter before it (lsof(8), OUTPUT
 *   FOR OTHER PROGRAMS).
 */
export function parseLsof(output: string): Map<string, number> {
  const owners = new Map<string, number>();
  let pid = 0;
  for (const line of output.split('\n')) {
    if (line.startsWith('p')) pid = Number(line.slice(1));
    const ends = /^n(.+):(\d+)->.+:\d+$/.exec(line);
    if (ends !== null) owners.set(endpointKey(ends[1] ?? '', ends[2] ?? ''), pid);
  }
  return owners;
}

/** The files of programs, by their processes. @param output of `ps -o pid=,comm=`. */
export function parsePs(output: string): Map<number, string> {
  const lines = output.matchAll(/^\s*(\d+)\s+(.+?)\s*$/gm);
  return new Map([...lines].map(([, pid, path = '']) => [Number(pid), path]));
}

/** Programs of macOS, as `lsof` and `ps` tell of them. */
export class MacFinder implements Finder {
  readonly #run: Run;

  constructor(run: Run) {
    this.#run = run;
  }

  async find(
    clients: readonly Endpoint[],
    ports: ReadonlySet<number>,
  ): Promise<(Program | undefined)[]> {
    const where = `-iTCP:${[...ports].join(',')}`;
    const owners = parseLsof(await this.#run('/usr/sbin/lsof', ['-nP', where, '-F', 'pn']));
    const pids = clients.map(({ host, port }) => owners.get(endpointKey(host, port)));
    const wanted = [...new Set(pids.filter((pid) => pid !== undefined))];
    if (wanted.length === 0) return pids.map(() => undefined);
    const files = parsePs(await this.#run('/bin/ps', ['-o', 'pid=,comm=', '-p', wanted.join(',')]));
    return pids.map((pid) => {
      const path = pid === undefined ? undefined : files.get(pid);
      return path === undefined || pid === undefined
        ? undefined
        : { name: nameOf(path), path, pid };
    });
  }
}
