import { join } from 'node:path';
import { type Endpoint, endpointKey, type Finder, nameOf, type Program } from './program.js';
import type { Run } from './run.js';

/** How long the name of a process is believed, ms: its number may be another's later. */
const MAX_AGE = 30_000;

/**
 * The processes that have some ends of connections, by these ends. The words of `netstat` are those
 * of the system's language: only numbers are read.
 *
 * @param output of `netstat -ano`.
 * @param ports where their other ends may be.
 */
export function parseNetstat(output: string, ports: ReadonlySet<number>): Map<string, number> {
  const owners = new Map<string, number>();
  for (const line of output.split(/\r?\n/)) {
    const found = /^\s*TCP\s+(\S+):(\d+)\s+\S+:(\d+)\s+\S.*?\s(\d+)\s*$/.exec(line);
    const [, host = '', port = '', remote = '', pid = ''] = found ?? [];
    // The process 0 has what is over.
    if (!ports.has(Number(remote)) || Number(pid) === 0) continue;
    owners.set(endpointKey(host, port), Number(pid));
  }
  return owners;
}

/** The names of processes. @param output of `tasklist /FO CSV /NH`. */
export function parseTasklist(output: string): Map<number, string> {
  const lines = output.matchAll(/^"((?:[^"]|"")*)","(\d+)"/gm);
  return new Map([...lines].map(([, name = '', pid]) => [Number(pid), name.replaceAll('""', '"')]));
}

/** Programs of Windows, as `netstat` and `tasklist` tell of them. */
export class WindowsFinder implements Finder {
  readonly #run: Run;
  readonly #folder: string;
  #names = new Map<number, string>();
  #since = Number.NEGATIVE_INFINITY;

  /** @param root the folder of the system. */
  constructor(run: Run, root = process.env['SystemRoot'] ?? 'C:\\Windows') {
    this.#run = run;
    this.#folder = join(root, 'System32');
  }

  async find(
    clients: readonly Endpoint[],
    ports: ReadonlySet<number>,
  ): Promise<(Program | undefined)[]> {
    const owners = parseNetstat(await this.#run(this.#program('netstat'), ['-ano']), ports);
    const pids = clients.map(({ host, port }) => owners.get(endpointKey(host, port)));
    await this.#learn(pids.filter((pid) => pid !== undefined));
    return pids.map((pid) => {
      const name = pid === undefined ? undefined : this.#names.get(pid);
      return name === undefined || pid === undefined
        ? undefined
        : { name: nameOf(name), path: '', pid };
    });
  }

  /** Learns the names of processes, unless all of them are known. */
  async #learn(pids: readonly number[]): Promise<void> {
    const isFresh = performance.now() - this.#since < MAX_AGE;
    if (pids.length === 0 || (isFresh && pids.every((pid) => this.#names.has(pid)))) return;
    this.#names = parseTasklist(await this.#run(this.#program('tasklist'), ['/FO', 'CSV', '/NH']));
    this.#since = performance.now();
  }

  #program(name: string): string {
    return join(this.#folder, `${name}.exe`);
  }
}
