import { fork } from 'node:child_process';
import { UserError } from '../base/errors.js';
import type { Settings } from '../config/settings.js';
import { type HandedOn, leaveNames, openSockets, takeHandedOn } from '../listening/handedon.js';
import type { HandedOver } from './handover.js';
import type { Supervision } from './servicemanager.js';

/** Has what is handed on, in JSON, for a process that takes this one's place. */
const MARK = 'PICOSOCKS5_SUCCESSOR';
/** The first descriptor behind stdin, stdout, stderr and the channel to the process before. */
const FIRST = 4;
/** How long it has until it serves, ms. */
const START_TIME = 60_000;

/** What a process says to the one that takes its place. */
interface Legacy {
  readonly sockets: readonly HandedOn[];
  /** What the service manager opened for the first of them all. */
  readonly handedOver: readonly HandedOver[];
}

/**
 * Takes the sockets of the process whose place this one takes, if it does.
 *
 * @returns what the service manager had opened for it; undefined if this one takes no place.
 */
export function takeSuccession(
  env: NodeJS.ProcessEnv = process.env,
): readonly HandedOver[] | undefined {
  const { [MARK]: text } = env;
  delete env[MARK];
  if (text === undefined || process.send === undefined) return undefined;
  const { sockets, handedOver } = JSON.parse(text) as Legacy;
  takeHandedOn(sockets);
  return handedOver;
}

/**
 * Starts this program once more, which may be of a new version by now, with the listening sockets of
 * this process, and waits until it serves. From then on clients may come to either of them, and
 * the files of UNIX sockets are the other's.
 *
 * @param argv the command line.
 * @param handedOver what the service manager has opened, of which the other is told.
 * @param supervision of the service manager, which goes on with the other process.
 * @returns its process id.
 * @throws {UserError} if it does not serve; then nothing has changed.
 */
export async function startSuccessor(
  argv: readonly string[],
  handedOver: readonly HandedOver[],
  supervision: Supervision | undefined,
): Promise<number> {
  if (process.pid === 1) {
    throw new UserError('process 1 cannot be replaced: start another container, and stop this one');
  }
  const sockets = openSockets();
  const told: Legacy = {
    sockets: sockets.map(({ host, port }, i) => ({ host, port, descriptor: FIRST + i })),
    handedOver,
  };
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
      leaveNames();
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
