import { fork } from 'node:child_process';
import { UserError } from '../base/errors.js';
import type { Settings } from '../config/settings.js';
import { type HandedOn, openSockets, takeHandedOn } from '../listening/handedon.js';
import type { Supervision } from './servicemanager.js';

/** Has the sockets that are handed on, in JSON, for a process that takes this one's place. */
const MARK = 'PICOSOCKS5_SUCCESSOR';
/** The first descriptor behind stdin, stdout, stderr and the channel to the process before. */
const FIRST = 4;
/** How long it has until it serves, ms. */
const START_TIME = 60_000;

/**
 * Takes the sockets of the process whose place this one takes, if it does.
 *
 * @returns whether it does.
 */
export function takeSuccession(env: NodeJS.ProcessEnv = process.env): boolean {
  const { [MARK]: text } = env;
  delete env[MARK];
  if (text === undefined || process.send === undefined) return false;
  takeHandedOn(JSON.parse(text) as readonly HandedOn[]);
  return true;
}

/** @throws {UserError} if the sockets of a server cannot be handed on. */
function demandTcp({ listen = [], listeners = {} }: Settings): void {
  const all = [...listen, ...Object.values(listeners).flatMap((one) => one.listen ?? [])];
  const other = all.find((place) => /^(?:[^/]+:\/\/)?(?:unix:|fd@)/.test(place));
  if (other !== undefined) {
    throw new UserError(
      `"${other}" cannot be handed to another process; where a service manager listens, a restart ` +
        'refuses nobody either',
    );
  }
  if (process.pid === 1) {
    throw new UserError('process 1 cannot be replaced: start another container, and stop this one');
  }
}

/**
 * Starts this program once more, which may be of a new version by now, with the listening sockets of
 * this process, and waits until it serves. From then on clients may come to either of them.
 *
 * @param argv the command line.
 * @param supervision of the service manager, which goes on with the other process.
 * @returns its process id.
 * @throws {UserError} if it does not serve; then nothing has changed.
 */
export async function startSuccessor(
  argv: readonly string[],
  settings: Settings,
  supervision: Supervision | undefined,
): Promise<number> {
  demandTcp(settings);
  const sockets = openSockets();
  const told = sockets.map(({ host, port }, i) => ({ host, port, descriptor: FIRST + i }));
  const { address, watchdog } = supervision ?? {};
  const child = fork(process.argv[1] as string, [...argv], {
    env: {
      ...process.env,
      [MARK]: JSON.stringify(told),
      ...(address === undefined ? {} : { NOTIFY_SOCKET: address }),
      ...(watchdog === undefined ? {} : { WATCHDOG_USEC: String(watchdog * 1000) }),
    },
    // Its own session: what is sent to this one's group is not meant for it.
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc', ...sockets.map(({ descriptor }) => descriptor)],
  });
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new UserError(`the new process did not serve within ${START_TIME / 1000} s`));
    }, START_TIME);
    child.once('message', () => {
      clearTimeout(late);
      child.removeAllListeners();
      child.disconnect();
      child.unref();
      resolve(child.pid as number);
    });
    child.once('error', (error) => {
      clearTimeout(late);
      reject(new UserError(`the new process cannot be started: ${error.message}`));
    });
    child.once('exit', (status, signal) => {
      clearTimeout(late);
      reject(
        new UserError(
          `the new process ended before it served (${signal ?? `status ${status}`}); what it said ` +
            'is where the log goes',
        ),
      );
    });
  });
}

/** Settings of a process that has no privileges to give up: the one before it has. */
export function withoutDropping({ user: _user, group: _group, ...settings }: Settings): Settings {
  return settings;
}
