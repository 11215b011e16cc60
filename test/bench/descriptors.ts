import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** What a server may have open besides its connections. */
const SPARE = 500;
/** How exactly a number of connections is told. */
const STEP = 500;

/** How many files this process, and each that it starts, may have open: soft and hard limit. */
function limits(): readonly [soft: number, hard: number] {
  const line = /^Max open files\s+(\S+)\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
  const read = (text = '0') => (text === 'unlimited' ? Number.MAX_SAFE_INTEGER : Number(text));
  return [read(line?.[1]), read(line?.[2])];
}

/**
 * Lets this process, and those that it will start, have so many files open, where the system lets
 * it: above the hard limit only root may go (setrlimit(2)). Linux only.
 *
 * @returns how many they may have open, which may be fewer.
 */
export function allowOpenFiles(wanted: number): number {
  const [soft, hard] = limits();
  if (soft >= wanted) return soft;
  const pid = String(process.pid);
  for (const most of [Math.max(wanted, hard), hard]) {
    spawnSync('prlimit', ['--pid', pid, `--nofile=${Math.min(most, wanted)}:${most}`], {
      stdio: 'ignore',
    });
    if (limits()[0] >= wanted) break;
  }
  return limits()[0];
}

/** How many files a proxy has open that has so many connections, with so many files for each. */
export function filesFor(connections: number, each = 2): number {
  return connections * each + SPARE;
}

/** How many of so many connections a proxy can have that may have so many files open. */
export function connectionsWithin(files: number, wanted: number): number {
  if (files >= filesFor(wanted)) return wanted;
  return Math.max(0, Math.floor((files - SPARE) / 2 / STEP) * STEP);
}
