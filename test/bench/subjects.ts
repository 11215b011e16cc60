import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PICOSOCKS5 } from '../support/command.js';
import { has } from '../support/programs.js';

/** A server to be measured. */
export interface Subject {
  readonly name: string;
  /** The command that listens at a port of 127.0.0.1; undefined if it is not installed. */
  command(port: number, folder: string): readonly string[] | undefined;
}

const dante = (port: number) => `
logoutput: /dev/null
internal: 127.0.0.1 port = ${port}
external: lo
clientmethod: none
socksmethod: none
client pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }
socks pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }
`;

const limits = ['--maxconn', '0', '--maxconn-per-address', '0'];

/** Servers by the order in which they are measured. */
export function subjects(node: string): Subject[] {
  const ours = (...args: string[]) => [node, PICOSOCKS5, ...limits, ...args];
  return [
    { name: 'picosocks5', command: (port) => ours('-v', 'none', `127.0.0.1:${port}`) },
    { name: 'with access log', command: (port) => ours(`127.0.0.1:${port}`) },
    {
      name: 'pipe',
      command: (port) => [
        node,
        fileURLToPath(new URL('./piperelay.js', import.meta.url)),
        String(port),
      ],
    },
    {
      name: 'dante',
      command: (port, folder) => {
        const file = join(folder, 'danted.conf');
        writeFileSync(file, dante(port));
        return has('danted') ? ['danted', '-f', file, '-p', join(folder, 'pid')] : undefined;
      },
    },
    {
      name: 'microsocks',
      command: (port) =>
        has('microsocks') ? ['microsocks', '-i', '127.0.0.1', '-p', String(port)] : undefined,
    },
  ];
}

/** A running server, in a process group and a folder of its own. */
export class Running {
  readonly #child: ChildProcess;
  readonly #folder: string;

  private constructor(child: ChildProcess, folder: string) {
    this.#child = child;
    this.#folder = folder;
  }

  static start(subject: Subject, port: number): Running | undefined {
    const folder = mkdtempSync(join(tmpdir(), 'picosocks5-bench-'));
    const [program, ...args] = subject.command(port, folder) ?? [];
    if (program === undefined) {
      rmSync(folder, { recursive: true });
      return undefined;
    }
    return new Running(spawn(program, args, { stdio: 'ignore', detached: true }), folder);
  }

  /** CPU time of the process and all below it, s. */
  cpu(): number {
    const parents = new Map<number, { parent: number; ticks: number }>();
    for (const name of readdirSync('/proc')) {
      if (!/^\d+$/.test(name)) continue;
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        const fields = stat
          .slice(stat.lastIndexOf(')') + 2)
          .split(' ')
          .map(Number);
        const ticks = [11, 12, 13, 14].reduce((sum, i) => sum + (fields[i] ?? 0), 0);
        parents.set(Number(name), { parent: fields[1] ?? 0, ticks });
      } catch {
        // It has ended meanwhile.
      }
    }
    const isOurs = (id: number): boolean =>
      id === this.#child.pid || (parents.has(id) && isOurs(parents.get(id)?.parent ?? 0));
    let ticks = 0;
    for (const [id, own] of parents) if (isOurs(id)) ticks += own.ticks;
    return ticks / 100;
  }

  stop(): void {
    const ended = this.#child.exitCode !== null || this.#child.signalCode !== null;
    if (this.#child.pid !== undefined && !ended) process.kill(-this.#child.pid, 'SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
