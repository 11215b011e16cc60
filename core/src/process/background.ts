import { fork } from 'node:child_process';
import { UserError } from '../base/errors.js';

const MARK = 'PICOSOCKS5_BACKGROUND';

/** Whether this process is the one in the background. */
export const isInBackground = process.env[MARK] !== undefined && process.send !== undefined;

/**
 * Starts this program once more, in the background and without a terminal, and returns when it
 * listens.
 *
 * @param keepStderr whether it goes on writing to stderr; else only until it listens.
 * @throws {UserError} if it ends before; it has said why.
 */
export function goToBackground(argv: readonly string[], keepStderr: boolean): Promise<void> {
  const child = fork(process.argv[1] as string, [...argv], {
    detached: true,
    env: { ...process.env, [MARK]: '1' },
    stdio: ['ignore', 'ignore', keepStderr ? 'inherit' : 'pipe', 'ipc'],
  });
  child.stderr?.pipe(process.stderr);
  return new Promise((resolve, reject) => {
    child.once('message', () => {
      child.disconnect();
      child.stderr?.destroy();
      child.unref();
      resolve();
    });
    child.once('error', (error) => reject(new UserError(`cannot start: ${error.message}`)));
    child.once('close', () => reject(new UserError('it did not start in the background')));
  });
}

/** Tells the process that started this one that it listens now. */
export function tellReady(): void {
  process.send?.('listening');
  process.disconnect();
}
