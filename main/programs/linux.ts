import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { endianness } from 'node:os';
import { join } from 'node:path';
import { type Endpoint, endpointKey, type Finder, nameOf, type Program } from './program.js';

/** How many processes are remembered that had clients: they are looked at first. */
const MAX_KNOWN = 64;

const isLittle = endianness() === 'LE';

/**
 * The text of an address of `/proc/net/tcp`: 32-bit words in the order of this machine, in hex
 * (proc_net_tcp of the kernel's documentation).
 */
function addressOf(hex: string): string {
  const octets = Buffer.from(hex, 'hex');
  if (isLittle) octets.swap32();
  if (octets.length === 4) return octets.join('.');
  const groups = Array.from({ length: 8 }, (_, i) => octets.readUInt16BE(2 * i).toString(16));
  return groups.join(':');
}

/**
 * The inodes of sockets, by the ends that they are.
 *
 * @param table such as `/proc/net/tcp` has it.
 * @param wanted the ends that are looked for.
 * @param ports where their other ends may be.
 */
export function inodesOf(
  table: string,
  wanted: ReadonlySet<string>,
  ports: ReadonlySet<number>,
): Map<string, string> {
  const found = new Map<string, string>();
  const wantedPorts = new Set([...wanted].map((key) => hexOf(key.slice(key.lastIndexOf(':') + 1))));
  const remotePorts = new Set([...ports].map(hexOf));
  for (let start = table.indexOf('\n') + 1; start > 0; start = table.indexOf('\n', start) + 1) {
    // Most lines are of others: no more of them is read than it takes to see that.
    const local = table.indexOf(':', table.indexOf(':', start) + 1) + 1;
    const remote = table.indexOf(':', local) + 1;
    if (!wantedPorts.has(table.slice(local, local + 4))) continue;
    if (!remotePorts.has(table.slice(remote, remote + 4))) continue;
    const end = table.indexOf('\n', start);
    const line = table.slice(start, end < 0 ? table.length : end);
    const [, own = '', , , , , , , , inode = '0'] = line.trim().split(/\s+/);
    // A socket whose connection is over belongs to nobody.
    if (inode === '0') continue;
    const [host = '', port = ''] = own.split(':');
    const key = endpointKey(addressOf(host), Number.parseInt(port, 16));
    if (wanted.has(key)) found.set(key, inode);
  }
  return found;
}

/** A port as the tables have it. */
function hexOf(port: number | string): string {
  return Number(port).toString(16).toUpperCase().padStart(4, '0');
}

/** Programs of Linux, as `/proc` tells of them (proc(5)). Other users' are told to root only. */
export class LinuxFinder implements Finder {
  readonly #root: string;
  /** Processes that had clients, the latest last. */
  readonly #known = new Set<string>();

  /** @param root where the proc file system is. */
  constructor(root = '/proc') {
    this.#root = root;
  }

  async find(
    clients: readonly Endpoint[],
    ports: ReadonlySet<number>,
  ): Promise<(Program | undefined)[]> {
    const keys = clients.map(({ host, port }) => endpointKey(host, port));
    const wanted = new Set(keys);
    const inodes = new Map<string, string>();
    for (const table of ['tcp', 'tcp6']) {
      const text = attempt(() => readFileSync(join(this.#root, 'net', table), 'latin1')) ?? '';
      for (const [key, inode] of inodesOf(text, wanted, ports)) inodes.set(key, inode);
    }
    const owners = this.#ownersOf(new Set(inodes.values()));
    return keys.map((key) => owners.get(inodes.get(key) ?? ''));
  }

  /** The programs that have some sockets open, by the sockets' inodes. */
  #ownersOf(inodes: ReadonlySet<string>): Map<string, Program> {
    const found = new Map<string, Program>();
    if (inodes.size === 0) return found;
    const latest = [...this.#known].reverse();
    const all = attempt(() => readdirSync(this.#root)) ?? [];
    const rest = all.filter((name) => /^\d+$/.test(name) && !this.#known.has(name)).reverse();
    for (const pid of [...latest, ...rest]) {
      if (found.size === inodes.size) break;
      const sockets = this.#socketsOf(pid).filter(
        (inode) => inodes.has(inode) && !found.has(inode),
      );
      if (sockets.length === 0) continue;
      const program = this.#describe(pid);
      for (const inode of sockets) found.set(inode, program);
      this.#remember(pid);
    }
    return found;
  }

  #socketsOf(pid: string): string[] {
    const folder = join(this.#root, pid, 'fd');
    const descriptors = attempt(() => readdirSync(folder));
    if (descriptors === undefined) {
      this.#known.delete(pid);
      return [];
    }
    return descriptors.flatMap((name) => {
      const target = attempt(() => readlinkSync(join(folder, name)));
      const inode = /^socket:\[(\d+)\]$/.exec(target ?? '')?.[1];
      return inode === undefined ? [] : [inode];
    });
  }

  #describe(pid: string): Program {
    const link = attempt(() => readlinkSync(join(this.#root, pid, 'exe'))) ?? '';
    // So it is called when it was replaced, as an update does.
    const path = link.replace(/ \(deleted\)$/, '');
    const comm = () => attempt(() => readFileSync(join(this.#root, pid, 'comm'), 'utf8')) ?? '';
    return { name: path === '' ? comm().trim() : nameOf(path), path, pid: Number(pid) };
  }

  #remember(pid: string): void {
    this.#known.delete(pid);
    this.#known.add(pid);
    const [oldest] = this.#known;
    if (this.#known.size > MAX_KNOWN && oldest !== undefined) this.#known.delete(oldest);
  }
}

/** What can be read; undefined where it is gone, or kept from us. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
