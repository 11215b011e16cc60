import { randomInt } from 'node:crypto';
import { chmodSync, existsSync, statSync } from 'node:fs';
import type { Database, RootDatabase } from 'lmdb';
import { messageOf, systemMessage, UserError } from 'picosocks5';
import { demandLmdb } from './file.js';
import { keyOf, storedOf, type UserLine, userOf } from './format.js';

/** How large a database can become, octets: only addresses are taken for that, no memory. */
const MAP_SIZE = 64 * 2 ** 30;
/** How many processes may have it open at once. */
const MAX_READERS = 1024;
/** Of so many users a sample is kept of what checking them costs. */
const SAMPLE = 256;

/** What is known of a database without looking at its users. */
export interface About {
  /** Changes with every change of users. */
  readonly revision: string;
  readonly kinds: readonly ('plain' | 'crypt')[];
  /** Whether a user has had a quota. */
  readonly quotas: boolean;
  /** Hashes of some of the users, null for a password that is kept readably. */
  readonly sample: readonly (string | null)[];
}

const nothing: About = { revision: '', kinds: [], quotas: false, sample: [] };

type Lmdb = typeof import('lmdb');

async function loadLmdb(): Promise<Lmdb> {
  try {
    return await import('lmdb');
  } catch (error) {
    const [reason] = messageOf(error).split('\n');
    throw new UserError(
      `databases of users need the npm package lmdb, which cannot be loaded here (${reason}); ` +
        'install it beside picosocks5: npm install lmdb',
    );
  }
}

/** A database of users, which several processes may have open, and change, at once (LMDB). */
export class UserDatabase {
  readonly file: string;
  readonly #root: RootDatabase;
  readonly #users: Database<Buffer, Buffer>;
  readonly #about: Database<string, string>;

  private constructor(file: string, root: RootDatabase) {
    this.file = file;
    this.#root = root;
    this.#users = root.openDB({ name: 'users', encoding: 'binary', keyEncoding: 'binary' });
    this.#about = root.openDB({ name: 'about', encoding: 'string' });
  }

  /**
   * Opens a database.
   *
   * @param mode `read`: it has to be there; `change`: likewise; `create`: it is made if it is not.
   * @throws {UserError} if it cannot be opened.
   */
  static async open(file: string, mode: 'read' | 'change' | 'create'): Promise<UserDatabase> {
    const isNew = !existsSync(file);
    if (isNew && mode !== 'create') {
      throw new UserError(
        `there is no database of users "${file}"; make one: picosocks5 userdb ${file} import ` +
          'PASSWORDFILE',
      );
    }
    const known = isNew ? undefined : statSync(file);
    if (known?.isDirectory()) throw new UserError(`"${file}" is a folder`);
    if (known?.isFile() === false) throw new UserError(`"${file}" is no file`);
    if (known?.size === 0 && mode !== 'create') {
      throw new UserError(
        `the database of users "${file}" is empty; make one: picosocks5 userdb ${file} import ` +
          'PASSWORDFILE',
      );
    }
    const { open } = await loadLmdb();
    const before = process.umask(0o077);
    try {
      if (known !== undefined && known.size > 0) demandLmdb(file);
      const root = open({
        path: file,
        noSubdir: true,
        maxDbs: 4,
        maxReaders: MAX_READERS,
        readOnly: mode === 'read',
        // Windows makes a file as large as this at once.
        ...(process.platform === 'win32' ? {} : { mapSize: MAP_SIZE }),
      });
      if (isNew)
        for (const name of [file, `${file}-lock`]) if (existsSync(name)) chmodSync(name, 0o600);
      const database = new UserDatabase(file, root);
      if (mode !== 'read') database.#demandFormat();
      return database;
    } catch (error) {
      if (error instanceof UserError) throw error;
      throw new UserError(`cannot open the database of users "${file}": ${systemMessage(error)}`);
    } finally {
      process.umask(before);
    }
  }

  /** What is known of it. */
  about(): About {
    const text = this.#about.get('about');
    return text === undefined ? nothing : (JSON.parse(text) as About);
  }

  /** Changes with every change of users. */
  revision(): string {
    return this.#about.get('revision') ?? '';
  }

  /** What is stored of a user. */
  find(user: string): string | undefined {
    return this.#users.getBinary(keyOf(user))?.toString();
  }

  /** How many users there are. */
  get count(): number {
    const { entryCount } = this.#users.getStats() as { readonly entryCount: number };
    return entryCount - (this.#users.doesExist(keyOf('')) ? 1 : 0);
  }

  /** All users, in the order in which they are stored. */
  *all(): Generator<{ readonly user: string; readonly value: string }> {
    for (const { key, value } of this.#users.getRange({ snapshot: false })) {
      yield { user: userOf(key), value: value.toString() };
    }
  }

  /** Writes what a user has, in the place of what the user had. */
  put(user: string, lines: readonly UserLine[]): void {
    this.change(() => {
      const isNew = this.find(user) === undefined;
      this.#users.putSync(keyOf(user), Buffer.from(storedOf(lines)));
      const secrets = lines.map(({ secret }) => secret);
      const quotas = lines.some(({ account }) => account.includes('quota-'));
      const [secret] = secrets;
      const costs = isNew && user !== '' && secret !== undefined ? [costOf(secret)] : [];
      this.tell(user === '' ? [] : secrets.map(kindOf), quotas, costs, costs.length);
    });
  }

  /** Writes what is stored of a user, within {@link change}. */
  putRaw(key: Buffer, value: Buffer): void {
    this.#users.putSync(key, value);
  }

  /** @returns whether there was such a user. */
  remove(user: string): boolean {
    return this.change(() => {
      if (this.find(user) === undefined) return false;
      this.#users.removeSync(keyOf(user));
      this.tell([], false, [], 0);
      return true;
    });
  }

  /** Does several things at once, or none of them if it throws. */
  change<T>(action: () => T): T {
    return this.#root.transactionSync(action);
  }

  /**
   * Keeps what is known of the database, within {@link change}.
   *
   * @param kinds of secrets that were written.
   * @param costs a sample of what checking the new users costs.
   * @param count how many users are new.
   */
  tell(
    kinds: readonly ('plain' | 'crypt')[],
    quotas: boolean,
    costs: readonly (string | null)[],
    count: number,
  ): void {
    const before = this.about();
    const revision = `${Date.now().toString(36)}-${randomInt(2 ** 47).toString(36)}`;
    const about: About = {
      revision,
      kinds: [...new Set([...before.kinds, ...kinds])],
      quotas: before.quotas || quotas,
      sample: mixed(before.sample, Math.max(0, this.count - count), costs, count),
    };
    this.#about.putSync('about', JSON.stringify(about));
    this.#about.putSync('revision', revision);
  }

  async close(): Promise<void> {
    await this.#root.close();
  }

  #demandFormat(): void {
    const format = this.#about.get('format');
    if (format === undefined) this.#about.putSync('format', '1');
    else if (format !== '1') {
      throw new UserError(`"${this.file}" is of another format (${format}), of a later version`);
    }
  }
}

/** What a secret costs to check: a hash as it is, but no password. */
export function costOf(secret: string): string | null {
  return kindOf(secret) === 'plain' ? null : secret;
}

export function kindOf(secret: string): 'plain' | 'crypt' {
  return secret.startsWith('$base64$') ? 'plain' : 'crypt';
}

/** A sample of what two samples are of, in proportion to how many stand behind each. */
function mixed<T>(a: readonly T[], countA: number, b: readonly T[], countB: number): readonly T[] {
  if (b.length === 0) return a;
  if (a.length + b.length <= SAMPLE) return [...a, ...b];
  const part = countB / Math.max(1, countA + countB);
  return Array.from({ length: SAMPLE }, () => {
    const from = a.length === 0 || randomInt(2 ** 32) / 2 ** 32 < part ? b : a;
    return from[randomInt(from.length)] as T;
  });
}
