import { EventEmitter } from 'node:events';
import {
  type AuthenticationSource,
  type Disposable,
  formatPasswordLine,
  messageOf,
  plainSecret,
  Sequence,
  type ServerEvent,
  UserError,
} from 'picosocks5';
import type {
  ExportResult,
  ImportResult,
  NewUser,
  User,
  UserChange,
  UsersState,
} from '../ipc/contract.js';
import type { StoredUser } from '../settings/file.js';
import { writeWholeFile } from '../wholefile.js';
import { checkGroup, checkName, checkPassword, lookOf } from './checks.js';
import { type Imported, readImport } from './importfile.js';
import type { Keychain } from './keychain.js';
import { KeychainError } from './keychainerror.js';
import { type Lock, Retry } from './retry.js';
import { keychainSource } from './source.js';

/** How long a deleted user can be restored, ms. */
const UNDO_TIME = 60_000;

/** How long the keychain may take before it is told that it does not answer, ms. */
const SLOW = 1000;

const SILENT = 'The keychain has not answered yet: see whether the system asks to unlock it.';

/** `user2` before `user10`. */
const byName = new Intl.Collator('en', { numeric: true });

/** Where the users without their passwords are kept. */
export interface UserStore {
  users: readonly StoredUser[];
}

interface Deleted {
  readonly user: StoredUser;
  readonly password: string | undefined;
  readonly timer: NodeJS.Timeout;
}

/** How a keychain that could not be read is looked at again. */
export interface RetryOptions {
  /** Whether it could be read, without asking its user. */
  readonly look?: () => Promise<Lock>;
  /** After how long it is looked at first, ms. */
  readonly first?: number;
}

/**
 * The users of the desktop: their names in the settings, their passwords in the keychain. Emits
 * `change` when the server has to read them again, and `state` when what is shown of them is
 * another. Changes wait for each other.
 */
export class DesktopUsers extends EventEmitter<{ change: []; state: [] }> implements Disposable {
  readonly #store: UserStore;
  readonly #keychain: Keychain;
  /** What the keychain had when it was asked last. */
  #passwords = new Map<string, string>();
  #problem: string | undefined;
  readonly #retry: Retry;
  /** The reading of the keychain that is under way. */
  #reading: Promise<void> | undefined;
  readonly #deleted = new Map<string, Deleted>();
  readonly #changes = new Sequence();

  constructor(
    store: UserStore,
    keychain: Keychain,
    { look = async () => 'unknown', first }: RetryOptions = {},
  ) {
    super();
    this.#store = store;
    this.#keychain = keychain;
    this.#retry = new Retry(look, () => this.refresh(), first);
  }

  /** Whether clients have to authenticate: deleting or disabling one user never opens the door. */
  get any(): boolean {
    return this.#store.users.length > 0;
  }

  /** Why the keychain cannot be used now. */
  get problem(): string | undefined {
    return this.#problem;
  }

  get state(): UsersState {
    const users = this.#store.users.map((user) => this.#view(user));
    users.sort((a, b) => byName.compare(a.name, b.name));
    return { users, keychainProblem: this.#problem };
  }

  /** What the server asks. */
  source(): AuthenticationSource {
    const credentials = () => ({ users: this.#store.users, passwords: this.#passwords });
    return keychainSource(credentials, (listener) => {
      this.on('change', listener);
      return { dispose: () => this.off('change', listener) };
    });
  }

  /** Looks into the keychain again, if it is needed at all. Never throws: the state says why not. */
  refresh(): Promise<void> {
    const reading = this.#next(async () => {
      if (this.any) await this.#read();
      else this.#solved();
      this.emit('change');
    }).finally(() => {
      if (this.#reading === reading) this.#reading = undefined;
    });
    this.#reading = reading;
    return reading;
  }

  /**
   * Waits for the keychain while it is read and a password is not known yet.
   *
   * @param limit how long at most, ms.
   */
  async settled(limit: number): Promise<void> {
    const isUnknown = ({ name, disabled }: StoredUser) => !disabled && !this.#passwords.has(name);
    if (this.#reading === undefined || !this.#store.users.some(isUnknown)) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, limit);
    });
    await Promise.race([this.#reading, late]);
    clearTimeout(timer);
  }

  /** Why a user with the right password could not log in; undefined if nothing stands in the way. */
  obstacle(name: string): string | undefined {
    const user = this.#store.users.find((candidate) => candidate.name === name);
    if (user === undefined) return undefined;
    if (user.disabled) return 'this user is disabled';
    if (this.#passwords.has(name)) return undefined;
    return this.#problem ?? (this.#reading ? SILENT : 'the keychain has no password of this user');
  }

  /** An event of the server, which knows of wrong passwords only, with what is known here. */
  explain(event: ServerEvent): ServerEvent {
    if (event.type !== 'authentication-failed' || event.user === undefined) return event;
    const obstacle = this.obstacle(event.user);
    return obstacle === undefined ? event : { ...event, detail: obstacle };
  }

  /** @throws {UserError} if the name or the password cannot be used; {@link KeychainError}. */
  add({ name: typed, group: typedGroup, password }: NewUser): Promise<void> {
    return this.#next(async () => {
      const [name, group] = [typed.trim(), typedGroup.trim()];
      this.#checkNew(name);
      checkGroup(group);
      checkPassword(password);
      await this.#keychainSet(name, password);
      const user = { name, group, disabled: false, hashed: false };
      await this.#save([...this.#store.users, user], () => this.#keychainDelete(name));
      this.#forget(name);
    });
  }

  /** @throws as `add()` does, and if there is no such user. */
  update({ name, newName: typed = name, group, disabled, password }: UserChange): Promise<void> {
    return this.#next(async () => {
      const user = this.#find(name);
      const newName = typed === name ? name : typed.trim();
      if (newName !== name) this.#checkNew(newName, user);
      if (group !== undefined) checkGroup(group.trim());
      if (password !== undefined) checkPassword(password);
      const kept = newName === name ? undefined : await this.#keychainGet(name);
      const secret = password ?? kept;
      const before = newName === name ? this.#passwords.get(name) : undefined;
      if (secret !== undefined) await this.#keychainSet(newName, secret);
      const changed: StoredUser = {
        name: newName,
        group: group?.trim() ?? user.group,
        disabled: disabled ?? user.disabled,
        hashed: password === undefined && user.hashed,
      };
      const users = this.#store.users.map((other) => (other === user ? changed : other));
      await this.#save(users, async () => {
        if (secret === undefined) return;
        if (before === undefined) await this.#keychainDelete(newName);
        else await this.#keychainSet(newName, before);
      });
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
      const others = this.#store.users.filter((other) => other !== user);
      await this.#save(others, async () => {
        if (password !== undefined) await this.#keychainSet(name, password);
      });
      const timer = setTimeout(() => this.#deleted.delete(name), UNDO_TIME).unref();
      this.#deleted.set(name, { user, password, timer });
    });
  }

  /** @throws {UserError} if it was not deleted, or too long ago. */
  restore(name: string): Promise<void> {
    return this.#next(async () => {
      const deleted = this.#deleted.get(name);
      if (deleted === undefined) throw new UserError(`The user "${name}" cannot be restored.`);
      this.#checkFree(name);
      if (deleted.password !== undefined) await this.#keychainSet(name, deleted.password);
      await this.#save([...this.#store.users, deleted.user], async () => {
        if (deleted.password !== undefined) await this.#keychainDelete(name);
      });
      this.#forget(name);
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
      const { added, skipped } = await readImport(file, this.#store.users);
      await this.#storeAll(added);
      await this.#save([...this.#store.users, ...added.map(({ user }) => user)], async () => {
        for (const { user } of added) await this.#keychainDelete(user.name).catch(() => {});
      });
      return { added: added.length, skipped };
    });
  }

  /** Writes a password file that only its owner can read. @throws {UserError} if it cannot. */
  export(file: string): Promise<Omit<ExportResult, 'file'>> {
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
      await writeWholeFile(file, lines.map((line) => `${line}\n`).join(''), { secret: true });
      return { written: lines.length, skipped };
    });
  }

  /** Looks at the keychain no more, and forgets who was deleted. */
  dispose(): void {
    this.#retry.end();
    for (const { timer } of this.#deleted.values()) clearTimeout(timer);
    this.#deleted.clear();
  }

  #next<T>(action: () => Promise<T>): Promise<T> {
    return this.#changes.run(action);
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

  /** @param self the user who is renamed: it may differ from its own name as little as it likes. */
  #checkNew(name: string, self?: StoredUser): void {
    checkName(name);
    this.#checkFree(name, self);
  }

  #checkFree(name: string, self?: StoredUser): void {
    const other = this.#namesake(name);
    if (other === undefined || other === self) return;
    const same = other.name === name ? '' : ', whose name looks the same';
    throw new UserError(`There is a user "${other.name}" already${same}.`);
  }

  #namesake(name: string): StoredUser | undefined {
    return this.#store.users.find((user) => lookOf(user.name) === lookOf(name));
  }

  /**
   * Keeps the users, and tells of it.
   *
   * @param undo what puts the keychain back as it was, if they cannot be kept: no password is left
   *   behind, and none is lost.
   */
  async #save(users: readonly StoredUser[], undo: () => Promise<void>): Promise<void> {
    try {
      this.#store.users = users;
    } catch (error) {
      await undo().catch(() => {});
      throw error;
    }
    this.emit('change');
  }

  #forget(name: string): void {
    clearTimeout(this.#deleted.get(name)?.timer);
    this.#deleted.delete(name);
  }

  async #read(): Promise<void> {
    const slow = setTimeout(() => {
      this.#problem = SILENT;
      this.emit('state');
    }, SLOW);
    try {
      this.#passwords = await this.#keychain.read(this.#store.users.map(({ name }) => name));
      this.#solved();
    } catch (error) {
      this.#failed(error);
    } finally {
      clearTimeout(slow);
    }
  }

  #solved(): void {
    this.#problem = undefined;
    this.#retry.end();
  }

  #failed(error: unknown): void {
    this.#problem = messageOf(error);
    if (this.any) this.#retry.begin(!(error instanceof KeychainError && error.dismissed));
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
      this.#failed(error);
      this.emit('change');
      throw error;
    }
  }
}
