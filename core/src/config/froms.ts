import { type FamilyFrom, FromTable, NO_FROM, overlay, resolveFrom } from '../outbound/from.js';
import type { CheckedOptions } from './settings.js';

type Warn = (message: string) => void;

/** Where the connections of users and groups leave from: those of all listeners alike. */
export class Froms {
  readonly #all: FamilyFrom;
  readonly #groups: ReadonlyMap<string, FamilyFrom>;
  readonly #users: ReadonlyMap<string, FamilyFrom>;

  private constructor(
    all: FamilyFrom,
    groups: ReadonlyMap<string, FamilyFrom>,
    users: ReadonlyMap<string, FamilyFrom>,
  ) {
    this.#all = all;
    this.#groups = groups;
    this.#users = users;
  }

  /**
   * Reads what options say, and makes sure that connections can leave from there.
   *
   * @throws {UserError} if they cannot.
   */
  static async load({ from, groups, users }: CheckedOptions, warn: Warn): Promise<Froms> {
    const all = await resolveFrom('from', from, warn);
    const own = new Map<string, FamilyFrom>();
    for (const [name, group] of Object.entries(groups)) {
      own.set(name, await resolveFrom(`section [${name}]: from`, group.from ?? [], warn));
    }
    /** @param seen the groups whose base it is: bases may go round. */
    const withBase = (name: string, seen: readonly string[] = []): FamilyFrom => {
      const first = own.get(name);
      const base = groups[name]?.base;
      if (base === undefined || seen.includes(base)) return first ?? NO_FROM;
      return overlay(first, withBase(base, [...seen, name]));
    };
    const ofUsers = new Map<string, FamilyFrom>();
    for (const [name, { from: texts = [] }] of Object.entries(users)) {
      if (texts.length === 0) continue;
      ofUsers.set(name, await resolveFrom(`section [user:${name}]: from`, texts, warn));
    }
    const ofGroups = new Map([...own.keys()].map((name) => [name, withBase(name)]));
    return new Froms(all, ofGroups, ofUsers);
  }

  /**
   * The same for the clients of a listener.
   *
   * @param from what it says itself.
   * @returns undefined if nothing is said about anybody.
   * @throws {UserError} as `load()` does.
   */
  async tableFor(from: readonly string[], warn: Warn): Promise<FromTable | undefined> {
    const own = await resolveFrom('from', from, warn);
    const table = new FromTable(overlay(own, this.#all), this.#groups, this.#users);
    return table.isEmpty ? undefined : table;
  }
}
