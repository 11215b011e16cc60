import { EventEmitter } from 'node:events';
import { writeFile } from 'node:fs/promises';
import {
  type AuthenticationSource,
  checkField,
  formatPasswordLine,
  messageOf,
  plainSecret,
  readPasswordFile,
  UserError,
} from 'picosocks5';
import type {
  ExportResult,
  ImportResult,
  NewUser,
  User,
  UserChange,
  UsersState,
} from '../contract.js';
import type { StoredUser } from '../settings/file.js';
import type { Keychain } from './keychain.js';
import { KeychainError } from './keychainservice.js';
import { keychainSource } from './source.js';

/** How long a deleted user can be restored, ms. */
const UNDO_TIME = 60_000;

/** Where the users without their passwords are kept. */
export interface UserStore {
  users: readonly StoredUser[];
}

interface Deleted {
  readonly user: StoredUser;
  readonly password: string | undefined;
  readonly timer: NodeJS.Timeout;
}

/** A user of a password file, and what the keychain is to hold for it. */
interface Imported {
  readonly user: StoredUser;
  readonly text: string;
}

/**
 * The users of the desktop: their names in the settings, their passwords in the keychain. Emits
 * `change` when the server has to read them again. Changes wait for each other.
 */
export class DesktopUsers extends EventEmitter<{ change: [] }> {
  readonly #store: UserStore;
  readonly #keychain: Keychain;
  /** What the keychain had when it was asked last. */
  #passwords = new Map<string, string>();
  #problem: string | undefined;
  readonly #deleted = new Map<string, Deleted>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(store: UserStore, keychain: Keychain) {
    super();
    this.#store = store;
    this.#keychain = keychain;
  }

  /** Whether clients have to authenticate: deleting or disabling one user never opens the door. */
  get any(): boolean {
    return this.#store.users.length > 0;
  }

  get state(): UsersState {
    const users = this.#store.users.map((user) => this.#view(user));
    users.sort((a, b) => a.name.localeCompare(b.name));
    return { users, keychainProblem: this.#problem };
  }

  /** What the server asks. */
  source(): AuthenticationSource {
    return keychainSource(() => ({ users: this.#store.users, passwords: this.#passwords }));
  }

  /** Looks into the keychain again, if it is needed at all. Never throws: the state says why not. */
  refresh(): Promise<void> {
    return this.#next(async () => {
      if (this.any) await this.#read();
      else this.#problem = undefined;
      this.emit('change');
    });
  }

  /** @throws {UserError} if the name or the password cannot be used; {@link KeychainError}. */
  add({ name, group, password }: NewUser): Promise<void> {
    return this.#next(async () => {
      this.#checkName(name);
      checkGroup(group);
      checkPassword(password);
      await this.#keychainSet(name, password);
      this.#forget(name);
      this.#save([...this.#store.users, { name, group, disabled: false, hashed: false }]);
    });
  }

  /** @throws as `add()` does, and if there is no such user. */
  update({ name, newName = name, group, disabled, password }: UserChange): Promise<void> {
    return this.#next(async () => {
      const user = this.#find(name);
      if (newName !== name) this.#checkName(newName);
      if (group !== undefined) checkGroup(group);
      if (password !== undefined) checkPassword(password);
      const kept = newName === name ? undefined : await this.#keychainGet(name);
      const secret = password ?? kept;
      if (secret !== undefined) await this.#keychainSet(newName, secret);
      const changed: StoredUser = {
        name: newName,
        group: group ?? user.group,
        disabled: disabled ?? user.disabled,
        hashed: password === undefined && user.hashed,
      };
      this.#save(this.#store.users.map((other) => (other === user ? changed : other)));
      if (newName !== name) await this.#keychainDelete(name);
    });
  }

  /** Deletes a user and its password; `restore()` brings both back for a while. */
  delete(name: string): Promise<void> {
    return this.#next(async () => {
      const user = this.#find(name);
      const password = await this.#keychainGet(name).catch(() => this.#passwords.get(name));
      await this.#keychainDelete(name).catch((error: unknown) => {
        if (password !== undefined) throw error;
      });
      const timer = setTimeout(() => this.#deleted.delete(name), UNDO_TIME).unref();
      this.#deleted.set(name, { user, password, timer });
      this.#save(this.#store.users.filter((other) => other !== user));
    });
  }

  /** @throws {UserError} if it was not deleted, or too long ago. */
  restore(name: string): Promise<void> {
    return this.#next(async () => {
      const deleted = this.#deleted.get(name);
      if (deleted === undefined) throw new UserError(`The user "${name}" cannot be restored.`);
      this.#checkName(name);
      if (deleted.password !== undefined) await this.#keychainSet(name, deleted.password);
      this.#forget(name);
      this.#save([...this.#store.users, deleted.user]);
    });
  }

  /**
   * Takes the users of a password file over. A hash serves for username/password only. Users that
   * are there already stay as they are.
   *
   * @throws {UserError} if the file cannot be used; then nothing is taken.
   */
  import(file: string): Promise<ImportResult> {
    return this.#next(async () => {
      const added = new Map<string, Imported>();
      const skipped = new Set<string>();
      for (const { user: name, secret } of await readPasswordFile(file)) {
        if (name === '') continue;
        if (this.#store.users.some((user) => user.name === name)) {
          skipped.add(name);
          continue;
        }
        // Of several secrets of a user the password itself is worth most: it serves every method.
        const before = added.get(name);
        if (before !== undefined && (!before.user.hashed || secret.kind === 'crypt')) continue;
        const hashed = secret.kind === 'crypt';
        const text = hashed ? secret.hash : passwordText(secret.password, name);
        const user = { name, group: secret.group ?? '', disabled: false, hashed };
        added.set(name, { user, text });
      }
      await this.#storeAll([...added.values()]);
      this.#save([...this.#store.users, ...[...added.values()].map(({ user }) => user)]);
      return { added: added.size, skipped: [...skipped] };
    });
  }

  /** Writes a password file that only its owner can read. @throws {UserError} if it cannot. */
  export(file: string): Promise<ExportResult> {
    return this.#next(async () => {
      await this.#read();
      if (this.#problem !== undefined) throw new KeychainError(this.#problem);
      const lines: string[] = [];
      const skipped: string[] = [];
      for (const { name, group, disabled, hashed } of this.#store.users) {
        const password = this.#passwords.get(name);
        if (disabled || password === undefined) skipped.push(name);
        else lines.push(formatPasswordLine(name, group, hashed ? password : plainSecret(password)));
      }
      await writeFile(file, lines.map((line) => `${line}\n`).join(''), { mode: 0o600 });
      return { written: lines.length, skipped };
    });
  }

  #next<T>(action: () => Promise<T>): Promise<T> {
    const next = this.#last.then(action);
    this.#last = next.catch(() => {});
    return next;
  }

  #view({ name, group, disabled, hashed }: StoredUser): User {
    const has = this.#passwords.has(name);
    const unread = this.#problem !== undefined && !has;
    const password = unread ? 'unknown' : has ? (hashed ? 'hash' : 'set') : 'none';
    return { name, group, disabled, password };
  }

  #find(name: string): StoredUser {
    const user = this.#store.users.find((candidate) => candidate.name === name);
    if (user === undefined) throw new UserError(`There is no user "${name}".`);
    return user;
  }

  #checkName(name: string): void {
    if (name.trim() === '') throw new UserError('A user needs a name.');
    checkField('user name', name);
    if (this.#store.users.some((user) => user.name === name)) {
      throw new UserError(`There is a user "${name}" already.`);
    }
  }

  #save(users: readonly StoredUser[]): void {
    this.#store.users = users;
    this.emit('change');
  }

  #forget(name: string): void {
    clearTimeout(this.#deleted.get(name)?.timer);
    this.#deleted.delete(name);
  }

  async #read(): Promise<void> {
    try {
      this.#passwords = await this.#keychain.read(this.#store.users.map(({ name }) => name));
      this.#problem = undefined;
    } catch (error) {
      this.#problem = messageOf(error);
    }
  }

  /** Stores all of some passwords, or none. */
  async #storeAll(imported: readonly Imported[]): Promise<void> {
    const stored: string[] = [];
    try {
      for (const { user, text } of imported) {
        await this.#keychainSet(user.name, text);
        stored.push(user.name);
      }
    } catch (error) {
      for (const name of stored) await this.#keychainDelete(name).catch(() => {});
      throw error;
    }
  }

  async #keychainGet(name: string): Promise<string | undefined> {
    return this.#watch(() => this.#keychain.get(name));
  }

  async #keychainSet(name: string, password: string): Promise<void> {
    await this.#watch(() => this.#keychain.set(name, password));
    this.#passwords.set(name, password);
  }

  async #keychainDelete(name: string): Promise<void> {
    await this.#watch(() => this.#keychain.delete(name));
    this.#passwords.delete(name);
  }

  /** Notes whether the keychain can be used. */
  async #watch<T>(action: () => Promise<T>): Promise<T> {
    try {
      const result = await action();
      if (this.#problem !== undefined) await this.#read();
      return result;
    } catch (error) {
      this.#problem = messageOf(error);
      this.emit('change');
      throw error;
    }
  }
}

function checkGroup(group: string): void {
  checkField('group', group);
}

/** @throws {UserError} for what RFC 1929 cannot carry. */
function checkPassword(password: string): void {
  if (password === '') throw new UserError('A user needs a password.');
  if (Buffer.byteLength(password) > 255) {
    throw new UserError('The password is longer than 255 bytes.');
  }
}

/** A password of a file as the keychain takes it: text. */
function passwordText(password: Uint8Array, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(password);
  } catch {
    throw new UserError(`The password of "${name}" is not UTF-8 text, as the keychain needs it.`);
  }
}
