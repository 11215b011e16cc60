import { execFile } from 'node:child_process';
import { UserError } from 'picosocks5';
import { text } from '../words/words.js';

/** How long a program may take, ms, and how much it may say, bytes. */
const TIMEOUT = 5000;
const MAX_OUTPUT = 1024 * 1024;

/** What a program of the system is given beside its arguments. */
export interface RunOptions {
  /** Variables of its environment that are other than those of the app. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Runs a program of the system, without a shell.
 *
 * @returns what it wrote.
 * @throws {UserError} with one sentence, if it cannot be run, fails, or takes too long.
 */
export type Runner = (
  program: string,
  args: readonly string[],
  options?: RunOptions,
) => Promise<string>;

/** Runs programs for real. */
export const runProgram: Runner = (program, args, { env } = {}) =>
  new Promise((resolve, reject) => {
    const options = {
      timeout: TIMEOUT,
      maxBuffer: MAX_OUTPUT,
      windowsHide: true,
      env: { ...process.env, ...env },
    };
    execFile(program, [...args], options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new UserError(sentenceOf(program, error, `${stderr}\n${stdout}`)));
    });
  });

function sentenceOf(program: string, error: Error, output: string): string {
  if ('code' in error && error.code === 'ENOENT')
    return text('systemProxy.notInstalled', { program });
  if ('killed' in error && error.killed === true) {
    return text('systemProxy.silent', { program, seconds: TIMEOUT / 1000 });
  }
  const said = output.trim().split('\n')[0]?.trim().slice(0, 200);
  return said
    ? text('systemProxy.says', { program, answer: said })
    : text('systemProxy.programFailed', { program });
}
