import { execArgv, platform } from 'node:process';
import { hidePasswords } from '../outbound/upstream/url.js';

/** Whether a command line has passwords of URLs in it. */
export function showsPasswords(argv: readonly string[]): boolean {
  return argv.some((word) => hidePasswords(word) !== word);
}

/**
 * Overwrites passwords of URLs on the command line, as far as the system lets a process do that:
 * ps(1) then shows stars in their place. Whoever looked before has seen them.
 *
 * @param argv the program's arguments.
 */
export function hideArguments(argv: readonly string[]): void {
  // On Windows the title is that of the console's window, and nothing hides a command line.
  if (platform === 'win32' || !showsPasswords(argv)) return;
  const [program = 'node', script = ''] = process.argv;
  process.title = hidePasswords([program, ...execArgv, script, ...argv].join(' '));
}
