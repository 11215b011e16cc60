import { utilityProcess } from 'electron';
import type { HelperProcess } from 'picosocks5';

/**
 * Starts a process for a helper of an extension: the app's own program cannot be forked as Node's
 * can.
 */
export function forkHelper(program: string, args: readonly string[]): HelperProcess {
  const options = { serviceName: 'extension', stdio: 'ignore' } as const;
  const child = utilityProcess.fork(program, [...args], options);
  return {
    send: (message) => child.postMessage(message),
    kill: () => void child.kill(),
    onMessage: (listener) => void child.on('message', listener),
    onEnd: (listener) => {
      child.on('exit', (status) => listener(`it ended with ${status}`));
    },
  };
}
