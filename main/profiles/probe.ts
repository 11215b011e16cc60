import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { probeLinux } from './linux.js';
import { probeMac } from './macos.js';
import { type NetworkFacts, NO_NETWORK } from './networks.js';
import type { System } from './system.js';
import { probeWindows } from './windows.js';

/** How long a program may take, ms. */
const TIMEOUT = 5000;
/** How much it may print, bytes. */
const MAX_OUTPUT = 256 * 1024;

/** This computer's system. Nothing of it needs privileges. */
export const SYSTEM: System = {
  run: (program, ...args) =>
    new Promise((resolve) => {
      const options = {
        timeout: TIMEOUT,
        maxBuffer: MAX_OUTPUT,
        windowsHide: true,
        // Words are looked for in what they print.
        env: { ...process.env, LC_ALL: 'C', LANG: 'C' },
      };
      execFile(program, args, options, (error, stdout) => resolve(error === null ? stdout : ''));
    }),
  read: (file) => readFile(file, 'utf8').catch(() => ''),
};

/** Finds out in which network the computer is. Never throws: what cannot be found out is left out. */
export function probeNetwork(
  system: System = SYSTEM,
  platform: NodeJS.Platform = process.platform,
): Promise<NetworkFacts> {
  switch (platform) {
    case 'linux':
      return probeLinux(system);
    case 'darwin':
      return probeMac(system);
    case 'win32':
      return probeWindows(system);
    default:
      return Promise.resolve(NO_NETWORK);
  }
}
