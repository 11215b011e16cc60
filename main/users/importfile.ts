import {
  messageOf,
  type PasswordEntry,
  readPasswordFile,
  type Secret,
  secretsOf,
  UserError,
} from 'picosocks5';
import type { StoredUser } from '../settings/file.js';
import { checkName, lookOf, passwordText } from './checks.js';
import { directoryOf } from './directory.js';
import type { Transfer } from './transfer.js';

/** How many lines are looked at between two pauses. */
const LINES = 500;

/** A user of a password file, and what the keychain is to hold for it. */
export interface Imported {
  readonly user: StoredUser;
  readonly text: string;
}

/**
 * Reads the users of a password file that are not there yet.
 *
 * @param users those that are there.
 * @param transfer what this is a part of: it may be cancelled.
 * @throws {UserError} naming the line that is wrong; then none of them is to be taken.
 */
export async function readImport(
  file: string,
  users: readonly StoredUser[],
  transfer: Pick<Transfer, 'pause'>,
): Promise<{ readonly added: readonly Imported[]; readonly skipped: readonly string[] }> {
  const present = directoryOf(users);
  const found = new Map<string, PasswordEntry[]>();
  const skipped = new Set<string>();
  for (const [i, entry] of (await readPasswordFile(file)).entries()) {
    if (i % LINES === 0) await transfer.pause(0);
    const { user: name } = entry;
    if (name === '') continue;
    if (present.namesake(name) !== undefined) skipped.add(name);
    else {
      const look = lookOf(name);
      const entries = found.get(look);
      if (entries === undefined) found.set(look, [entry]);
      else entries.push(entry);
    }
  }
  const added: Imported[] = [];
  for (const entries of found.values()) {
    if (added.length % LINES === 0) await transfer.pause(0);
    added.push(imported(entries, file));
  }
  return { added, skipped: [...skipped] };
}

/** @param entries all of one user. */
function imported(entries: readonly PasswordEntry[], file: string): Imported {
  const secrets = secretsOf(entries);
  // Of several secrets of a user the password itself is worth most: it serves every method.
  const best = Math.max(
    0,
    secrets.findIndex(({ kind }) => kind === 'plain'),
  );
  const [entry, secret] = [entries[best], secrets[best]] as [PasswordEntry, Secret];
  try {
    checkName(entry.user);
    const hashed = secret.kind === 'crypt';
    const text = hashed ? secret.hash : passwordText(secret.password);
    const { disabled = false, ...limits } = secret.account ?? {};
    const has = Object.keys(limits).length > 0;
    const group = secret.group ?? '';
    return { user: { name: entry.user, group, disabled, hashed, ...(has && { limits }) }, text };
  } catch (error) {
    throw new UserError(`${file}:${entry.line}: ${messageOf(error)}`);
  }
}
