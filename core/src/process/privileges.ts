import { groupNumberOf, primaryGroupOf, userNumberOf } from '../base/accounts.js';
import { messageOf, UserError } from '../base/errors.js';

/** Who to become. */
export interface Privileges {
  readonly user?: string;
  readonly group?: string;
}

/** The primary group of a user. */
function primaryGroup(user: string): number {
  const group = primaryGroupOf(user);
  if (group === undefined) throw new UserError(`--user: there is no user "${user}"`);
  return group;
}

/** The number of the user that the process will be; undefined if none is known. */
export function userNumber({ user }: Privileges): number | undefined {
  return user === undefined ? undefined : userNumberOf(user);
}

/** Whom the process will be, in words: `nobody:nogroup`. */
export function identityOf({ user, group }: Privileges): string {
  return [user ?? '', ...(group === undefined ? [] : [group])].join(':');
}

function numberOrName(text: string): number | string {
  return /^\d+$/.test(text) ? Number(text) : text;
}

/**
 * Gives up root for good: setgroups(2), setgid(2), setuid(2), in this order, and checks that none
 * of it can be taken back.
 *
 * @throws {UserError} if the process may not, or if there is no such user or group.
 */
export function dropPrivileges({ user, group }: Privileges): void {
  if (user === undefined && group === undefined) return;
  const { setgroups, setgid, setuid, getuid } = process;
  if (!setgroups || !setgid || !setuid || !getuid) {
    throw new UserError('--user and --group do not exist on this system');
  }
  if (getuid() !== 0) throw new UserError('--user and --group need root');
  if (group !== undefined && groupNumberOf(group) === undefined) {
    throw new UserError(`--group: there is no group "${group}"`);
  }
  const gid = group === undefined ? primaryGroup(user as string) : numberOrName(group);
  try {
    setgroups([gid]);
    setgid(gid);
    if (user !== undefined) setuid(numberOrName(user));
  } catch (error) {
    throw new UserError(`cannot become ${user ?? ''}:${gid}: ${messageOf(error)}`);
  }
  if (user === undefined || getuid() === 0) return;
  for (const takeBack of [() => setuid(0), () => setgid(0), () => setgroups([0])]) {
    try {
      takeBack();
    } catch {
      continue;
    }
    throw new UserError('privileges were dropped but can be taken back; giving up');
  }
}
