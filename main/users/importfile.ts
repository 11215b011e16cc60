import { messageOf, type PasswordEntry, readPasswordFile, UserError } from 'picosocks5';
import type { StoredUser } from '../settings/file.js';
import { checkName, lookOf, passwordText } from './checks.js';

/** A user of a password file, and what the keychain is to hold for it. */
export interface Imported {
  readonly user: StoredUser;
  readonly text: string;
}

/**
 * Reads the users of a password file that are not there yet.
 *
 * @param users those that are there.
 * @throws {UserError} naming the line that is wrong; then none of them is to be taken.
 */
export async function readImport(
  file: string,
  users: readonly StoredUser[],
): Promise<{ readonly added: readonly Imported[]; readonly skipped: readonly string[] }> {
  const taken = new Set(users.map(({ name }) => lookOf(name)));
  const added = new Map<string, Imported>();
  const skipped = new Set<string>();
  for (const entry of await readPasswordFile(file)) {
    const { user: name, secret } = entry;
    const look = lookOf(name);
    if (name === '') continue;
    if (taken.has(look)) {
      skipped.add(name);
      continue;
    }
    // Of several secrets of a user the password itself is worth most: it serves every method.
    const before = added.get(look);
    if (before !== undefined && (!before.user.hashed || secret.kind === 'crypt')) continue;
    added.set(look, imported(entry, file));
  }
  return { added: [...added.values()], skipped: [...skipped] };
}

function imported({ user: name, secret, line }: PasswordEntry, file: string): Imported {
  try {
    checkName(name);
    const hashed = secret.kind === 'crypt';
    const text = hashed ? secret.hash : passwordText(secret.password);
    return { user: { name, group: secret.group ?? '', disabled: false, hashed }, text };
  } catch (error) {
    throw new UserError(`${file}:${line}: ${messageOf(error)}`);
  }
}
