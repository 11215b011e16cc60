import { UserError } from 'picosocks5';
import { checkUpstreamPassword } from '../../upstreams/checks.js';
import { accountOfUpstream } from '../../upstreams/upstreams.js';
import { checkPassword } from '../../users/checks.js';
import type { Keychain } from '../../users/keychain.js';
import { text } from '../../words/words.js';
import type { Kept } from '../file.js';
import type { Passwords } from './bundle.js';

/** What is needed of the system's keychain. */
export type Secrets = Pick<Keychain, 'read' | 'set' | 'delete'>;

/** Reads all passwords of what is kept. @throws {KeychainError} if it cannot be read. */
export async function readSecrets(
  { users, upstreams, extensions }: Kept,
  keychain: Secrets,
): Promise<Passwords> {
  const names = upstreams.filter(({ user }) => user !== '').map(({ name }) => name);
  const accounts = [
    ...users.map(({ name }) => name),
    ...names.map(accountOfUpstream),
    ...extensions.secrets,
  ];
  const found: ReadonlyMap<string, string> =
    accounts.length === 0 ? new Map() : await keychain.read(accounts);
  const known = <T>(list: readonly T[], account: (one: T) => string) =>
    list.flatMap((one): [T, string][] => {
      const secret = found.get(account(one));
      return secret === undefined ? [] : [[one, secret]];
    });
  const ofUsers = known(users, ({ name }) => name).map(([{ name, hashed }, secret]) => {
    return [name, { secret, hashed }];
  });
  return {
    users: Object.fromEntries(ofUsers),
    upstreams: Object.fromEntries(known(names, accountOfUpstream)),
    extensions: Object.fromEntries(known(extensions.secrets, (account) => account)),
  };
}

/**
 * What is kept once passwords are there as well, and what the keychain is to have.
 *
 * @throws {UserError} if one cannot be used.
 */
export function withSecrets(
  next: Kept,
  { users, upstreams, extensions }: Passwords,
): { readonly next: Kept; readonly entries: ReadonlyMap<string, string> } {
  const entries = new Map<string, string>();
  const all = next.users.map((user) => {
    const { name } = user;
    const given = Object.hasOwn(users, name) ? users[name] : undefined;
    if (given === undefined) return user;
    const { secret, hashed } = given;
    checkPassword(secret);
    entries.set(name, secret);
    return user.hashed === hashed ? user : { ...user, hashed };
  });
  for (const upstream of next.upstreams) {
    const { name } = upstream;
    const secret = Object.hasOwn(upstreams, name) ? upstreams[name] : undefined;
    if (secret === undefined) continue;
    checkUpstreamPassword(upstream, secret);
    entries.set(accountOfUpstream(name), secret);
  }
  const accounts = new Set(next.extensions.secrets);
  for (const [account, secret] of Object.entries(extensions)) {
    if (!account.startsWith('extension:'))
      throw new UserError(text('settingcheck.noSecret', { name: account }));
    entries.set(account, secret);
    accounts.add(account);
  }
  const secrets = [...accounts];
  return { next: { ...next, users: all, extensions: { ...next.extensions, secrets } }, entries };
}

/**
 * Puts passwords into the keychain: all of them, or none.
 *
 * @returns what puts those back that were there before.
 * @throws {KeychainError} if it cannot be done; it is as it was then, if it lets us.
 */
export async function storeSecrets(
  entries: ReadonlyMap<string, string>,
  keychain: Secrets,
): Promise<() => Promise<void>> {
  if (entries.size === 0) return async () => {};
  const before = await keychain.read([...entries.keys()]);
  const stored: string[] = [];
  const undo = async () => {
    for (const account of stored) {
      const secret = before.get(account);
      if (secret === undefined) await keychain.delete(account).catch(() => {});
      else await keychain.set(account, secret).catch(() => {});
    }
  };
  try {
    for (const [account, secret] of entries) {
      if (before.get(account) === secret) continue;
      stored.push(account);
      await keychain.set(account, secret);
    }
  } catch (error) {
    await undo();
    throw error;
  }
  return undo;
}
