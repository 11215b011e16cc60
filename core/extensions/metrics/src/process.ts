import { readdir, readFile, stat } from 'node:fs/promises';
import { cpu, lag, maxFiles, memory, openFiles, processes, started } from './families.js';
import type { Store } from './store.js';

/** How often it is looked how late the event loop is, ms. */
const PERIOD = 1000;

/** Adds what this process uses. */
export async function addProcess(store: Store): Promise<void> {
  const { user, system } = process.cpuUsage();
  store.add(processes);
  store.add(cpu, [], (user + system) / 1e6);
  store.add(memory, [], process.memoryUsage.rss());
  store.add(started, [], performance.timeOrigin / 1000);
  const [open, most] = await Promise.all([countOpenFiles(), readMaxFiles()]);
  if (open !== undefined) store.add(openFiles, [], open);
  if (most !== undefined) store.add(maxFiles, [], most);
}

/** Looks how late the event loop is, until the result is called. */
export function watchLag(store: Store): () => void {
  let due = performance.now() + PERIOD;
  const look = () => {
    const now = performance.now();
    store.observe(lag, [], Math.max(now - due, 0) / 1000);
    due = now + PERIOD;
    timer = setTimeout(look, PERIOD).unref();
  };
  let timer = setTimeout(look, PERIOD).unref();
  return () => clearTimeout(timer);
}

/** File descriptors of this process; undefined where the system does not tell. */
async function countOpenFiles(): Promise<number | undefined> {
  const folder = '/proc/self/fd';
  try {
    // Since Linux 6.2 it has a size (proc_pid_fd(5)): many are not to be listed for their number.
    const { size } = await stat(folder);
    return size > 0 ? size : (await readdir(folder)).length;
  } catch {
    return undefined;
  }
}

async function readMaxFiles(): Promise<number | undefined> {
  const text = await readFile('/proc/self/limits', 'utf8').catch(() => '');
  const [, soft] = /^Max open files\s+(\d+)/m.exec(text) ?? [];
  return soft === undefined ? undefined : Number(soft);
}
