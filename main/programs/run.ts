import { execFile } from 'node:child_process';

/** How long a program may take to tell of sockets, ms, and how much it may say, bytes. */
const TIMEOUT = 10_000;
const MAX_OUTPUT = 64 * 1024 * 1024;

/** Runs a program. @returns what it wrote; what it wrote so far, if it failed. */
export type Run = (program: string, args: readonly string[]) => Promise<string>;

/** Runs a program of the system, without a window of its own. */
export const runProgram: Run = (program, args) =>
  new Promise((resolve) => {
    const options = { timeout: TIMEOUT, maxBuffer: MAX_OUTPUT, windowsHide: true };
    execFile(program, [...args], options, (_error, stdout) => resolve(stdout));
  });
