import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  renameSync,
  rmSync,
  type Stats,
} from 'node:fs';
import { connect } from 'node:net';
import { constants } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { groupNumberOf, primaryGroupOf, userNumberOf } from '../base/accounts.js';
import { codeOf, UserError } from '../base/errors.js';
import { type BoundHandle, bindPath, systemError } from './boundhandle.js';
import { hasLeftNames, noteBound, takeGiven } from './handedon.js';

/** What stands before the path of a UNIX socket. */
const PREFIX = 'unix:';

/** Octets of the longest path: sun_path of unix(7), and of the BSDs, without its NUL. */
const MAX_PATH = process.platform === 'linux' ? 107 : 103;

/** Who may open a UNIX socket. */
export interface SocketAccess {
  /** As of chmod(2). */
  readonly mode: number;
  /** Undefined: as the process is. */
  readonly uid: number | undefined;
  readonly gid: number | undefined;
}

/** The path of a UNIX socket that stands where an IP address may; undefined if it is none. */
export function socketPath(host: string): string | undefined {
  return host.startsWith(PREFIX) ? host.slice(PREFIX.length) : undefined;
}

/**
 * Reads `unix:PATH`. A path that does not begin with / is one of the working directory.
 *
 * @returns the same with the whole path; undefined if it is something else.
 * @throws {UserError} if there can be no such socket.
 */
export function parseSocketPath(text: string): string | undefined {
  const path = socketPath(text);
  if (path === undefined) return undefined;
  if (process.platform === 'win32') {
    throw new UserError(
      `"${text}": there are no UNIX sockets on Windows; expected [ADDRESS][:PORT]`,
    );
  }
  if (path === '' || path.endsWith('/') || path.includes('\0')) {
    throw new UserError(`"${text}": expected unix:PATH, the path of a socket`);
  }
  if (path.startsWith('@')) {
    throw new UserError(
      `"${text}": a name of Linux' abstract namespace has neither mode nor owner; expected a path`,
    );
  }
  const whole = resolve(path);
  const length = Buffer.byteLength(whole);
  if (length > MAX_PATH) {
    throw new UserError(
      `"${text}": the path of a UNIX socket has ${MAX_PATH} octets at most, and this one ${length}`,
    );
  }
  return `${PREFIX}${whole}`;
}

/**
 * Reads a mode as chmod(1) takes it: three or four octal digits.
 *
 * @throws {UserError} if it is malformed.
 */
export function parseMode(text: string): number {
  if (!/^0?[0-7]{3}$/.test(text)) {
    throw new UserError(`expected a mode such as 0600 or 0660, not "${text}"`);
  }
  return Number.parseInt(text, 8);
}

/**
 * Finds the numbers of `USER`, `USER:GROUP` or `:GROUP`, as chown(1) takes them; of `USER:` the
 * user's own group.
 *
 * @throws {UserError} if it is malformed, or there is no such user or group.
 */
export function ownerOf(text: string): Pick<SocketAccess, 'uid' | 'gid'> {
  const match = /^([^:]*)(?:(:)([^:]*))?$/.exec(text);
  const [, user = '', colon, group = ''] = match ?? [];
  if (match === null || (user === '' && group === '')) {
    throw new UserError(`expected USER[:GROUP], not "${text}"`);
  }
  const uid = user === '' ? undefined : userNumberOf(user);
  if (user !== '' && uid === undefined) throw new UserError(`there is no user "${user}"`);
  if (group === '') return { uid, gid: colon === undefined ? undefined : primaryGroupOf(user) };
  const gid = groupNumberOf(group);
  if (gid === undefined) throw new UserError(`there is no group "${group}"`);
  return { uid, gid };
}

/** Checks the form of an owner. @throws {UserError} */
export function checkOwner(text: string): void {
  if (!/^[^:]*(:[^:]*)?$/.test(text) || text === ':') {
    throw new UserError(`expected USER[:GROUP], not "${text}"`);
  }
}

/**
 * Lets those open a socket who may, and nobody else.
 *
 * @throws the system's error.
 */
export function setAccess(path: string, { mode, uid, gid }: SocketAccess): void {
  // -1 leaves it as it is (chown(2)).
  if (uid !== undefined || gid !== undefined) chownSync(path, uid ?? -1, gid ?? -1);
  chmodSync(path, mode);
}

/**
 * Binds a UNIX socket without listening, or takes the one that was handed on. One that was left
 * behind, and at which nobody answers, is replaced; whatever else has the path is left alone. The
 * file is removed when the handle is closed, unless another process has been handed the socket.
 *
 * @throws the system's error: `ENOTSOCK` if there is something else at the path, `EADDRINUSE` if
 *   another program listens there.
 */
export async function bindSocket(path: string, access: SocketAccess): Promise<BoundHandle> {
  const address = { host: `${PREFIX}${path}`, port: 0 };
  const given = takeGiven(address);
  if (given !== undefined) {
    // Whoever has given up root since may not do again what is done already.
    if (!hasAccess(path, access)) setAccess(path, access);
    return removingFile(given, path);
  }
  const handle = await bindOrReplace(path, access);
  noteBound(address, handle);
  return handle;
}

/** Whether nothing has to be changed for those to open a socket who may. */
function hasAccess(path: string, { mode, uid, gid }: SocketAccess): boolean {
  let found: Stats;
  try {
    found = lstatSync(path);
  } catch {
    return true; // It is gone, or not to be seen by this user.
  }
  const isOwn = (uid ?? found.uid) === found.uid && (gid ?? found.gid) === found.gid;
  return isOwn && (found.mode & 0o777) === mode;
}

async function bindOrReplace(path: string, access: SocketAccess): Promise<BoundHandle> {
  try {
    return create(path, access);
  } catch (error) {
    // libuv says so of a folder that is not there as well.
    const isMissing = codeOf(error) === 'EACCES' && !existsSync(dirname(path));
    if (isMissing) throw systemError(-constants.errno.ENOENT);
    if (codeOf(error) !== 'EEXIST') throw error;
    if (!isSocket(path)) throw systemError(-constants.errno.ENOTSOCK);
    if (await answers(path)) throw systemError(-constants.errno.EADDRINUSE);
  }
  // It may be gone meanwhile.
  rmSync(path, { force: true });
  return create(path, access);
}

/**
 * Binds a socket at another name and then gives it its own: libuv removes the file of the name that
 * it has bound when the handle is closed, also where another process goes on with the socket.
 *
 * @throws the system's error: `EEXIST` if there is something at the path.
 */
function create(path: string, access: SocketAccess): BoundHandle {
  const name = `~${randomBytes(3).toString('base64url')}`;
  const beside = `${path}${name}`;
  const first = Buffer.byteLength(beside) > MAX_PATH ? join(dirname(path), name) : beside;
  const handle = bindPath(first);
  try {
    setAccess(first, access);
    giveName(first, path);
  } catch (error) {
    handle.close();
    throw error;
  }
  return removingFile(handle, path);
}

/** Has a file another name, if nothing has that. @throws the system's error, `EEXIST` if so. */
function giveName(before: string, path: string): void {
  try {
    linkSync(before, path);
  } catch (error) {
    const code = codeOf(error);
    // Not every file system has two names for a file.
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS') throw error;
    if (existsSync(path)) throw systemError(-constants.errno.EEXIST);
    renameSync(before, path);
    return;
  }
  rmSync(before);
}

/** Has a socket's file removed when the socket is closed. @returns the same handle. */
function removingFile(handle: BoundHandle, path: string): BoundHandle {
  const number = fileNumber(path);
  const close = handle.close.bind(handle);
  handle.close = (...done: []) => {
    // By now the file may be another program's.
    if (!hasLeftNames() && number !== undefined && fileNumber(path) === number) {
      try {
        rmSync(path);
      } catch {
        // Its folder may belong to root, which this process was.
      }
    }
    close(...done);
  };
  return handle;
}

/** Tells a file from others; undefined if there is none, or whether there is one cannot be seen. */
function fileNumber(path: string): bigint | undefined {
  try {
    return lstatSync(path, { bigint: true }).ino;
  } catch {
    return undefined;
  }
}

function isSocket(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSocket() ?? true;
}

/** Whether anybody listens at a socket, or may: it is not certain that nobody does. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const settle = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => settle(true));
    socket.once('error', (error) => {
      settle(codeOf(error) !== 'ECONNREFUSED' && codeOf(error) !== 'ENOENT');
    });
  });
}
