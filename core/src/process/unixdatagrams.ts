import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, UserError } from '../base/errors.js';
import { importKoffi } from '../base/ffi.js';

/** Sends the assignments of one message of sd_notify(3); rejects with what a person can mend. */
export type SendAssignments = (assignments: readonly string[]) => Promise<void>;

/** A UNIX socket's path, or its name in Linux' abstract namespace behind an `@` (unix(7)). */
const ADDRESS = /^[/@]./;

/** unix(7), socket(2) and send(2) of Linux. */
const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const MAX_PATH = 108;
const EAGAIN = 11;
const ENOBUFS = 105;

/** How often a full queue is tried again, and how soon, ms. */
const TRIES = 20;
const PAUSE = 50;

/**
 * A way to send datagrams to a UNIX socket, which Node has none of its own for: the system's own
 * functions through koffi, where that is installed; or else systemd-notify(1), one process for each
 * message.
 *
 * @param address of `NOTIFY_SOCKET`.
 * @throws {UserError} if it is no such address.
 */
export async function datagramsTo(address: string): Promise<SendAssignments> {
  if (!ADDRESS.test(address) || Buffer.byteLength(address) >= MAX_PATH) {
    throw new UserError(
      `NOTIFY_SOCKET: expected the path of a UNIX socket or @NAME, not ${JSON.stringify(address)}`,
    );
  }
  return process.platform === 'linux'
    ? await ownDatagrams(address).catch(() => byProgram(address))
    : byProgram(address);
}

/** By this process itself: it needs no other rights, and NotifyAccess=main is enough. */
async function ownDatagrams(address: string): Promise<SendAssignments> {
  const koffi = await importKoffi();
  const libc = koffi.load(null);
  const socket = libc.func('socket', 'int', ['int', 'int', 'int']);
  const sendto = libc.func('sendto', 'long', [
    ...['int', 'void *', 'size_t', 'int', 'void *', 'uint32_t'],
  ]);
  const descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0) as number;
  if (descriptor < 0) throw new Error(`socket: error ${koffi.errno()}`);
  const to = sockaddr(address);
  return async (assignments) => {
    const octets = Buffer.from(assignments.join('\n'));
    for (let tries = 1; ; tries++) {
      const sent = sendto(
        ...[descriptor, octets, octets.length, MSG_DONTWAIT | MSG_NOSIGNAL, to, to.length],
      );
      if (Number(sent) >= 0) return;
      const error = koffi.errno();
      const isFull = error === EAGAIN || error === ENOBUFS;
      if (!isFull || tries === TRIES) throw new UserError(`error ${error} (errno(3))`);
      await sleep(PAUSE);
    }
  };
}

/** struct sockaddr_un: an abstract name has a NUL before it, a path one behind it. */
function sockaddr(address: string): Buffer {
  const family = Buffer.from(Uint16Array.of(AF_UNIX).buffer);
  const isAbstract = address.startsWith('@');
  const name = isAbstract ? `\0${address.slice(1)}` : `${address}\0`;
  return Buffer.concat([family, Buffer.from(name)]);
}

/** By a process of its own, of which systemd has to be told that it may (NotifyAccess=all). */
function byProgram(address: string): SendAssignments {
  return (assignments) =>
    new Promise((resolve, reject) => {
      const env = { ...process.env, NOTIFY_SOCKET: address };
      const child = spawn('systemd-notify', [...assignments], {
        env,
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      let told = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        told = (told + text).slice(0, 500);
      });
      child.once('error', (error) => {
        const mend = 'install systemd-notify, or koffi ("npm install koffi" beside picosocks5)';
        reject(new UserError(`cannot run systemd-notify: ${messageOf(error)}; ${mend}`));
      });
      child.once('close', (status) => {
        if (status === 0) resolve();
        else reject(new UserError(`systemd-notify failed: ${told.trim() || `status ${status}`}`));
      });
    });
}
