import type { StoredUser } from '../settings/file.js';
import { lookOf } from './checks.js';

/** `user2` before `user10`. */
const byName = new Intl.Collator('en', { numeric: true });

/** What is looked up in a list of users, made once for each list. */
export class Directory {
  readonly users: readonly StoredUser[];
  readonly #names: ReadonlyMap<string, StoredUser>;
  #looks: ReadonlyMap<string, StoredUser> | undefined;
  #sorted: readonly StoredUser[] | undefined;
  #kinds: ReadonlySet<'plain' | 'crypt'> | undefined;

  constructor(users: readonly StoredUser[]) {
    this.users = users;
    this.#names = new Map(users.map((user) => [user.name, user]));
  }

  get(name: string): StoredUser | undefined {
    return this.#names.get(name);
  }

  /** The user whose name looks like another. */
  namesake(name: string): StoredUser | undefined {
    this.#looks ??= new Map(this.users.map((user) => [lookOf(user.name), user]));
    return this.#looks.get(lookOf(name));
  }

  /** In the order of their names. */
  get sorted(): readonly StoredUser[] {
    this.#sorted ??= [...this.users].sort((a, b) => byName.compare(a.name, b.name));
    return this.#sorted;
  }

  /** What the secrets of those who are not disabled are. */
  get kinds(): ReadonlySet<'plain' | 'crypt'> {
    this.#kinds ??= new Set(
      this.users.filter(({ disabled }) => !disabled).map(({ hashed }) => kindOf(hashed)),
    );
    return this.#kinds;
  }
}

const kindOf = (hashed: boolean) => (hashed ? 'crypt' : 'plain');

const directories = new WeakMap<readonly StoredUser[], Directory>();

/** The directory of a list of users, which does not change. */
export function directoryOf(users: readonly StoredUser[]): Directory {
  const known = directories.get(users);
  if (known !== undefined) return known;
  const made = new Directory(users);
  directories.set(users, made);
  return made;
}
