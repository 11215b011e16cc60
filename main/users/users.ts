import { EventEmitter } from 'node:events';
import {
  type AuthenticationSource,
  type Disposable,
  formatExpiry,
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
  UserLimits,
  UsersState,
  UsersTransfer,
} from '../ipc/contract.js';
import type { StoredUser } from '../settings/file.js';
import { writeWholeFile } from '../wholefile.js';
import { text } from '../words/words.js';
import { checkGroup, checkName, checkPassword } from './checks.js';
import { directoryOf } from './directory.js';
import { type Imported, readImport } from './importfile.js';
import type { Keychain } from './keychain.js';
import { KeychainError } from './keychainerror.js';
import { type Lock, Retry } from './retry.js';
import { keychainSource } from './source.js';
import { Cancelled, type Transfer, Transfers } from './transfer.js';

/** How long a deleted user can be restored, ms. */
const UNDO_TIME = 60_000;

/** How long the keychain may take before it is told that it does not answer, ms: and for each user. */
const SLOW = 1000;
const SLOW_EACH = 1;

/** How many lines are made between two pauses. */
const LINES = 500;

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
 * another; `transfer` tells how far an import or export is, and `renamed` of another name. Changes
 * wait for each other.
 */
export class DesktopUsers
  extends EventEmitter<{
    change: [];
    state: [];
    transfer: [state: UsersTransfer | undefined];
    renamed: [from: string, to: string];
  }>
  implements Disposable
{
  readonly #store: UserStore;
  readonly #keychain: Keychain;
  /** What the keychain had when it was asked last. */
  #passwords = new Map<string, string>();
  /** Counts the changes of passwords. */
  #generation = 0;
  #problem: string | undefined;
  readonly #retry: Retry;
  /** The reading of the keychain that is under way. */
  #reading: Promise<void> | undefined;
  readonly #deleted = new Map<string, Deleted>();
  readonly #changes = new Sequence();
  readonly #transfers = new Transfers((state) => this.emit('transfer', state));

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
    const users = directoryOf(this.#store.users).sorted.map((user) => this.#view(user));
    return { users, keychainProblem: this.#problem };
  }

  /** The import or export that is under way. */
  get transfer(): UsersTransfer | undefined {
    return this.#transfers.state;
  }

  /** Ends it, if there is one: the users become what they were before. */
  cancel(): void {
    this.#transfers.cancel();
  }

  /** Whether there is a user of a name. */
  has(name: string): boolean {
    return directoryOf(this.#store.users).get(name) !== undefined;
  }

  /** What the server asks. */
  source(): AuthenticationSource {
    const credentials = () => ({
      users: this.#store.users,
      passwords: this.#passwords,
      generation: this.#generation,
    });
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
    const user = directoryOf(this.#store.users).get(name);
    if (user === undefined) return undefined;
    if (user.disabled) return text('accounts.disabled');
    const { expires } = user.limits ?? {};
    if (expires !== undefined && expires <= Date.now()) {
      return text('accounts.expired', { time: formatExpiry(expires) });
    }
    if (this.#passwords.has(name)) return undefined;
    return this.#problem ?? text(this.#reading ? 'keychain.notYet' : 'accounts.noPassword');
  }

  /** An event of the server, which knows of wrong passwords only, with what is known here. */
  explain(event: ServerEvent): ServerEvent {
    if (event.type !== 'authentication-failed' || event.user === undefined) return event;
    const obstacle = this.obstacle(event.user);
    return obstacle === undefined ? event : { ...event, detail: obstacle };
  }

  /** @throws {UserError} if the name or the password cannot be used; {@link KeychainError}. */
  add({ name: typed, group: typedGroup, password, limits = {} }: NewUser): Promise<void> {
    return this.#next(async () => {
      const [name, group] = [typed.trim(), typedGroup.trim()];
      this.#checkNew(name);
      checkGroup(group);
      checkPassword(password);
      await this.#keychainSet(name, password);
      const user = { name, group, disabled: false, hashed: false, ...stored(limits) };
      await this.#save([...this.#store.users, user], () => this.#keychainDelete(name));
      this.#forget(name);
    });
  }

  /** @throws as `add()` does, and if there is no such user. */
  update({
    name,
    newName: typed = name,
    group,
    disabled,
    password,
    limits,
  }: UserChange): Promise<void> {
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
        ...stored(limits ?? user.limits ?? {}),
      };
      const users = this.#store.users.map((other) => (other === user ? changed : other));
      await this.#save(users, async () => {
        if (secret === undefined) return;
        if (before === undefined) await this.#keychainDelete(newName);
        else await this.#keychainSet(newName, before);
      });
      if (newName === name) return;
      this.emit('renamed', name, newName);
      await this.#keychainDelete(name);
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
      if (deleted === undefined) throw new UserError(text('accounts.notRestored', { name }));
      this.#checkFree(name);
      if (deleted.password !== undefined) await this.#keychainSet(name, deleted.password);
      await this.#save([...this.#store.users, deleted.user], async () => {
        if (deleted.password !== undefined) await this.#keychainDelete(name);
      });
      this.#forget(name);
    });
  }

  /**
   * Takes the users of a password file over, with their limits. A hash serves for username/password
   * only. Users that are there already stay as they are.
   *
   * @throws {UserError} if the file cannot be used; then nothing is taken, as when it is cancelled.
   */
  import(file: string): Promise<ImportResult | 'cancelled'> {
    return this.#transfer('import', async (transfer) => {
      const { added, skipped } = await readImport(file, this.#store.users, transfer);
      await this.#storeAll(added, transfer);
      await this.#save([...this.#store.users, ...added.map(({ user }) => user)], async () => {
        for (const { user } of added) await this.#keychainDelete(user.name).catch(() => {});
      });
      for (const { user } of added) this.#forget(user.name);
      return { added: added.length, skipped };
    });
  }

  /**
   * Writes a password file that only its owner can read: what has a limit, or is disabled, has it in
   * the fourth field.
   *
   * @throws {UserError} if it cannot. Then, and when it is cancelled, the file stays as it was.
   */
  export(file: string): Promise<Omit<ExportResult, 'file'> | 'cancelled'> {
    return this.#transfer('export', async (transfer) => {
      const { users } = this.#store;
      await this.#read((done) => transfer.step(done, users.length));
      if (this.#problem !== undefined) throw new KeychainError(this.#problem);
      const lines: string[] = [];
      const skipped: string[] = [];
      for (const [i, { name, group, disabled, hashed, limits }] of users.entries()) {
        if (i % LINES === 0) await transfer.pause(i);
        const password = this.#passwords.get(name);
        const account = { ...(disabled && { disabled }), ...limits };
        if (password === undefined) skipped.push(name);
        else {
          const secret = hashed ? password : plainSecret(password);
          lines.push(formatPasswordLine(name, group, secret, account));
        }
      }
      await writeWholeFile(file, lines.map((line) => `${line}\n`).join(''), { secret: true });
      return { written: lines.length, skipped };
    });
  }

  /** Looks at the keychain no more, and forgets who was deleted. */
  dispose(): void {
    this.cancel();
    this.#retry.end();
    for (const { timer } of this.#deleted.values()) clearTimeout(timer);
    this.#deleted.clear();
  }

  #next<T>(action: () => Promise<T>): Promise<T> {
    return this.#changes.run(action);
  }

  #transfer<T>(
    action: UsersTransfer['action'],
    work: (transfer: Transfer) => Promise<T>,
  ): Promise<T | 'cancelled'> {
    return this.#transfers.run(action, (transfer) => this.#next(() => work(transfer)));
  }

  #view({ name, group, disabled, hashed, limits = {} }: StoredUser): User {
    const has = this.#passwords.has(name);
    const unread = this.#problem !== undefined && !has;
    const password = unread ? 'unknown' : has ? (hashed ? 'hash' : 'set') : 'none';
    return { name, group, disabled, limits, password };
  }

  #find(name: string): StoredUser {
    const user = directoryOf(this.#store.users).get(name);
    if (user === undefined) throw new UserError(text('accounts.unknown', { name }));
    return user;
  }

  /** @param self the user who is renamed: it may differ from its own name as little as it likes. */
  #checkNew(name: string, self?: StoredUser): void {
    checkName(name);
    this.#checkFree(name, self);
  }

  #checkFree(name: string, self?: StoredUser): void {
    const other = directoryOf(this.#store.users).namesake(name);
    if (other === undefined || other === self) return;
    const key = other.name === name ? 'accounts.taken' : 'accounts.looksTaken';
    throw new UserError(text(key, { name: other.name }));
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

  /** @param step told how many users the keychain was asked for: it may throw {@link Cancelled}. */
  async #read(step: (done: number) => void = () => {}): Promise<void> {
    const names = this.#store.users.map(({ name }) => name);
    const slow = setTimeout(
      () => {
        this.#problem = text('keychain.notYet');
        this.emit('state');
      },
      SLOW + SLOW_EACH * names.length,
    );
    try {
      this.#passwords = await this.#keychain.read(names, (done) => {
        // Many take long, although each is answered.
        slow.refresh();
        step(done);
      });
      this.#generation++;
      this.#solved();
    } catch (error) {
      if (error instanceof Cancelled) throw error;
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
  async #storeAll(imported: readonly Imported[], transfer: Transfer): Promise<void> {
    const stored: string[] = [];
    try {
      for (const { user, text } of imported) {
        transfer.step(stored.length, imported.length);
        await this.#keychainSet(user.name, text);
        stored.push(user.name);
      }
      transfer.step(stored.length);
    } catch (error) {
      for (const [i, name] of stored.entries()) {
        transfer.undo(stored.length - i);
        await this.#keychainDelete(name).catch(() => {});
      }
      throw error;
    }
  }

  async #keychainGet(name: string): Promise<string | undefined> {
    return this.#watch(() => this.#keychain.get(name));
  }

  async #keychainSet(name: string, password: string): Promise<void> {
    await this.#watch(() => this.#keychain.set(name, password));
    this.#passwords.set(name, password);
    this.#generation++;
  }

  async #keychainDelete(name: string): Promise<void> {
    await this.#watch(() => this.#keychain.delete(name));
    this.#passwords.delete(name);
    this.#generation++;
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

/** Limits as they are stored: not at all, if there is none. */
function stored(limits: UserLimits): Pick<StoredUser, 'limits'> {
  return Object.keys(limits).length === 0 ? {} : { limits };
}
