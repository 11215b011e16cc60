import { access, constants } from 'node:fs/promises';
import { messageOf, systemMessage, UserError } from '../base/errors.js';
import type { Argument } from '../config/commandline.js';
import { filesOf } from '../config/files.js';
import { loadSettings } from '../config/load.js';
import type { Settings } from '../config/settings.js';
import type { Log } from '../log/log.js';
import { identityOf } from './privileges.js';
import { logWarning } from './survival.js';
import { wantedSecretFiles } from './wantedextensions.js';

/** Who keeps files up to date. */
interface LaterWriters {
  readonly service: { saveUsage(): Promise<void> };
  readonly usage: { demandWritable(): Promise<void> } | undefined;
}

/**
 * Tries, once privileges are dropped, what will have to be done later: to write the quota file and
 * the usage file, to read again what SIGHUP reads, to open the log file again.
 *
 * @throws {UserError} if one of these two cannot be written. The others are warned of: the server
 *   works without them.
 */
export async function checkAsLaterUser(
  { service, usage }: LaterWriters,
  log: Log,
  args: readonly Argument[],
  settings: Settings,
): Promise<void> {
  const hasDropped = settings.user !== undefined || settings.group !== undefined;
  const who = identityOf(settings);
  try {
    await service.saveUsage();
    await usage?.demandWritable();
  } catch (error) {
    if (!hasDropped || !(error instanceof UserError)) throw error;
    throw new UserError(`${error.message} (as ${who}, who has to own the file or its folder)`);
  }
  if (!hasDropped) return;
  const program = await whyNotRunnable();
  if (program !== undefined) {
    const what = 'no worker can be replaced, and no thread started that checks hashes';
    logWarning(log, `${what}: ${program} (as ${who}, who has to be let)`);
  }
  const unreadable = await whyNotReadable(args, settings);
  if (unreadable !== undefined) {
    logWarning(log, `SIGHUP will change nothing: ${unreadable} (as ${who}, who has to be let)`);
  }
  try {
    log.reopen();
  } catch (error) {
    const after = 'so a log that is rotated has to be given to that user';
    logWarning(log, `SIGUSR1 will change nothing: ${messageOf(error)} (as ${who}, ${after})`);
  }
}

/** Why this program cannot be started by this process as it is now, if so. */
async function whyNotRunnable(): Promise<string | undefined> {
  for (const file of [process.execPath, process.argv[1] ?? process.execPath]) {
    try {
      await access(file, constants.R_OK);
    } catch (error) {
      return `cannot read "${file}": ${systemMessage(error)}`;
    }
  }
  return undefined;
}

/** Why what SIGHUP reads cannot be read by this process as it is now, if so. */
async function whyNotReadable(
  args: readonly Argument[],
  settings: Settings,
): Promise<string | undefined> {
  try {
    await loadSettings(args);
  } catch (error) {
    return messageOf(error);
  }
  for (const { what, name } of filesOf(settings)) {
    try {
      await access(name, constants.R_OK);
    } catch (error) {
      return `cannot read the ${what} "${name}": ${systemMessage(error)}`;
    }
  }
  return whyNoExtension(settings);
}

/** Why an extension, or a secret of one, could not be read again, if so. */
async function whyNoExtension(settings: Settings): Promise<string | undefined> {
  try {
    for (const file of await wantedSecretFiles(settings)) {
      try {
        await access(file, constants.R_OK);
      } catch (error) {
        return `cannot read "${file}", which has a secret: ${systemMessage(error)}`;
      }
    }
  } catch (error) {
    return messageOf(error);
  }
  return undefined;
}
