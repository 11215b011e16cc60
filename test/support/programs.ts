import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Scope } from './scope.js';

/** Whether a missing prerequisite of a test is a failure rather than a skip. */
export const isCI = process.env['CI'] === 'true';

/** Whether a program can be found on the PATH. */
export function has(program: string): boolean {
  if (program.startsWith('/')) return process.platform !== 'win32' && isExecutable(program);
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const endings = process.platform === 'win32' ? ['.exe', '.com', '.cmd', '.bat'] : [''];
  return folders.some((folder) =>
    endings.some((ending) => folder !== '' && isExecutable(join(folder, program + ending))),
  );
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * The `skip` option of a test that needs programs: undefined if they are there, or in CI, where
 * the test then fails by itself; otherwise the reason for the skip.
 */
export function unless(...programs: string[]): string | undefined {
  const missing = programs.filter((program) => !has(program));
  return missing.length === 0 || isCI ? undefined : `not installed: ${missing.join(', ')}`;
}

/**
 * The `skip` option of a test that needs more of a program than that it is there, such as a module
 * of Python: what is missing, unless the program does what it is told.
 */
export function unlessWorks(
  program: string,
  args: readonly string[],
  missing: string,
): string | undefined {
  if (isCI || spawnSync(program, [...args], { stdio: 'ignore' }).status === 0) return undefined;
  return `not installed: ${missing}`;
}

export interface Output {
  /** The exit status, or null if a signal ended it. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts a program that runs until the test ends. */
export function start(
  t: Scope,
  program: string,
  args: readonly string[],
  options: SpawnOptions = {},
): ChildProcess {
  const child = spawn(program, [...args], { stdio: 'ignore', ...options });
  child.on('error', () => {});
  t.after(() => child.kill('SIGKILL'));
  return child;
}

export interface RunOptions extends SpawnOptions {
  /** What it reads from its standard input. */
  readonly input?: string | Uint8Array;
}

/** Runs a program to its end; it is killed when the test ends. */
export function run(
  t: Scope,
  program: string,
  args: readonly string[],
  { input = '', ...options }: RunOptions = {},
): Promise<Output> {
  const child = spawn(program, [...args], { ...options, stdio: 'pipe' });
  t.after(() => child.kill('SIGKILL'));
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  child.stdin?.on('error', () => {});
  child.stdin?.end(input);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, stdout, stderr }));
  });
}
