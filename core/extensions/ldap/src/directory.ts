import { createHmac, randomBytes } from 'node:crypto';
import type { Entry, SearchOptions } from 'ldapts';
import {
  InvalidCredentialsError,
  NoSuchObjectError,
  ResultCodeError,
  SizeLimitExceededError,
} from 'ldapts';
import {
  type AuthenticationSource,
  type Disposable,
  type Identity,
  monotonic,
  toDisposable,
  UserError,
  type Verification,
} from 'picosocks5';
import { escapeDn, escapeFilter, firstValue, plainFilter } from './escape.js';
import type { LinkOptions } from './link.js';
import { Pool, Servers } from './pool.js';
import type { DirectoryUrl } from './url.js';

/** How many passwords that were right are remembered. */
const REMEMBERED = 10_000;
/** Groups of a user that are looked at. */
const MAX_GROUPS = 1000;

/** What settings say of a directory. */
export interface DirectoryOptions extends LinkOptions {
  readonly url: DirectoryUrl;
  readonly servers: readonly string[];
  readonly userDn: string | undefined;
  readonly bindDn: string | undefined;
  readonly password: string | undefined;
  readonly groupAttribute: string | undefined;
  readonly groupFilter: string | undefined;
  readonly groupBase: string | undefined;
  readonly groupName: string;
  readonly groups: readonly string[];
  /** How long a password that was right is right without asking, ms. */
  readonly cache: number;
  /** How often it is looked whether users are still there, ms; 0: never. */
  readonly recheck: number;
  readonly pool: number;
}

/** A user of the directory. */
interface Found {
  readonly dn: string;
  readonly entry: Entry | undefined;
}

/** The users of a directory, which checks their passwords itself. */
export class Directory implements AuthenticationSource {
  readonly kinds = new Set(['password'] as const);
  readonly name: string;
  readonly #options: DirectoryOptions;
  readonly #searching: Pool;
  readonly #binding: Pool;
  readonly #key = randomBytes(32);
  readonly #right = new Map<string, { readonly identity: Identity; readonly until: number }>();

  constructor(options: DirectoryOptions) {
    const { url, servers: others, bindDn, password, pool } = options;
    this.name = `${url.server}/${url.base}`;
    this.#options = options;
    const servers = new Servers([url.server, ...others.map((one) => one.replace(/\/$/, ''))]);
    this.#searching = new Pool(servers, options, pool, async (link) => {
      if (bindDn === undefined) return;
      try {
        await link.bind(bindDn, password ?? '');
      } catch (error) {
        if (error instanceof ResultCodeError) throw refusal(bindDn, error);
        throw error;
      }
    });
    this.#binding = new Pool(servers, options, pool, async () => {});
  }

  async verify(
    user: string,
    octets: Uint8Array,
    { signal }: Pick<Verification, 'signal'>,
  ): Promise<Identity | undefined> {
    // An empty password is an anonymous login, which succeeds (RFC 4513 section 5.1.2).
    if (octets.length === 0 || user === '') return undefined;
    const password = decodeUtf8(octets);
    if (password === undefined || password.includes('\0')) return undefined;
    const digest = this.#digest(user, octets);
    const known = this.#right.get(digest);
    if (known !== undefined && known.until > monotonic()) return known.identity;
    this.#right.delete(digest);
    const found = await this.#find(user, signal);
    if (found === undefined) return undefined;
    const isRight = await this.#binding.ask(async (link) => {
      try {
        await link.bind(found.dn, password);
        return true;
      } catch (error) {
        if (error instanceof InvalidCredentialsError || error instanceof NoSuchObjectError)
          return false;
        throw error;
      }
    }, signal);
    if (!isRight) return undefined;
    const identity = await this.#identityOf(user, found, signal);
    this.#remember(digest, identity);
    return identity;
  }

  /** Who a user is, without a password: as those are searched for who ask. */
  async identify(user: string): Promise<Identity | undefined> {
    const found = user === '' ? undefined : await this.#find(user, undefined, true);
    return found && this.#identityOf(user, found, undefined);
  }

  onDidChange(listener: () => void): Disposable {
    const { recheck } = this.#options;
    if (recheck === 0) return toDisposable(() => {});
    const timer = setInterval(listener, recheck).unref();
    return toDisposable(() => clearInterval(timer));
  }

  dispose(): void {
    this.#searching.close();
    this.#binding.close();
    this.#right.clear();
  }

  /** @param isAsked whether a user is to be looked for whose DN is known by its name. */
  async #find(
    user: string,
    signal: AbortSignal | undefined,
    isAsked = false,
  ): Promise<Found | undefined> {
    const { url, userDn } = this.#options;
    const attributes = this.#attributes;
    if (userDn !== undefined) {
      const dn = userDn.replaceAll('%u', () => escapeDn(user));
      if (!isAsked && !this.#readsEntries) return { dn, entry: undefined };
      const [entry] = await this.#search(dn, { scope: 'base', attributes }, signal);
      return entry === undefined && isAsked ? undefined : { dn, entry };
    }
    const { base, scope, attribute } = url;
    const filter = `(&${url.filter}(${attribute}=${escapeFilter(user)}))`;
    const entries = await this.#search(base, { scope, filter, attributes, sizeLimit: 2 }, signal);
    if (entries.length > 1) {
      throw new UserError(
        `several entries have ${attribute}=${JSON.stringify(user)} in ${this.name}`,
      );
    }
    const [entry] = entries;
    return entry && { dn: entry.dn, entry };
  }

  /** Whether the entries of users have something to say. */
  get #readsEntries(): boolean {
    return this.#options.groupAttribute !== undefined || this.#options.bindDn !== undefined;
  }

  get #attributes(): string[] {
    const { url, groupAttribute } = this.#options;
    return groupAttribute === undefined ? [url.attribute] : [url.attribute, groupAttribute];
  }

  async #identityOf(
    typed: string,
    found: Found,
    signal: AbortSignal | undefined,
  ): Promise<Identity> {
    const { attribute } = this.#options.url;
    // Directories do not tell cases apart, but limits and rules do: one user has one name.
    const names = valuesOf(found.entry, attribute);
    const same = names.find((name) => name.toLowerCase() === typed.toLowerCase());
    const user = same ?? names[0] ?? typed;
    return { user, group: await this.#groupOf(user, found, signal) };
  }

  async #groupOf(
    user: string,
    { dn, entry }: Found,
    signal: AbortSignal | undefined,
  ): Promise<string | undefined> {
    const { url, groupAttribute, groupFilter, groupBase, groupName, groups } = this.#options;
    const all = new Set<string>();
    if (groupAttribute !== undefined) {
      for (const value of valuesOf(entry, groupAttribute)) all.add(firstValue(value));
    }
    if (groupFilter !== undefined) {
      const filter = plainFilter(groupFilter).replace(/%[du]/g, (what) =>
        escapeFilter(what === '%d' ? dn : user),
      );
      const attributes = [groupName];
      const options: SearchOptions = { scope: 'sub', filter, attributes, sizeLimit: MAX_GROUPS };
      for (const group of await this.#search(groupBase ?? url.base, options, signal)) {
        for (const value of valuesOf(group, groupName).slice(0, 1)) all.add(value);
      }
    }
    if (groups.length > 0) return groups.find((group) => all.has(group));
    return [...all].sort()[0];
  }

  async #search(
    base: string,
    options: SearchOptions,
    signal: AbortSignal | undefined,
  ): Promise<Entry[]> {
    return this.#searching.ask(async (link) => {
      try {
        return await link.search(base, options);
      } catch (error) {
        if (error instanceof NoSuchObjectError) return [];
        if (error instanceof SizeLimitExceededError) {
          throw new UserError(`too many entries fit ${String(options.filter)} in ${this.name}`);
        }
        throw error;
      }
    }, signal);
  }

  #digest(user: string, password: Uint8Array): string {
    return createHmac('sha256', this.#key)
      .update(`${Buffer.byteLength(user)}\n${user}\n`)
      .update(password)
      .digest('base64');
  }

  #remember(digest: string, identity: Identity): void {
    const { cache } = this.#options;
    if (cache === 0) return;
    this.#right.set(digest, { identity, until: monotonic() + cache });
    if (this.#right.size <= REMEMBERED) return;
    this.#right.delete(this.#right.keys().next().value as string);
  }
}

function refusal(dn: string, { code, name }: ResultCodeError): UserError {
  return new UserError(
    `the directory does not let ${JSON.stringify(dn)} search (${name}, ${code}): ldap.bindDn or ` +
      'ldap.password is wrong',
  );
}

function valuesOf(entry: Entry | undefined, attribute: string): string[] {
  if (entry === undefined) return [];
  const key = Object.keys(entry).find((name) => name.toLowerCase() === attribute.toLowerCase());
  const value = key === undefined ? undefined : entry[key];
  const all = Array.isArray(value) ? value : value === undefined ? [] : [value];
  return all.map((one) => (typeof one === 'string' ? one : one.toString()));
}

function decodeUtf8(octets: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(octets);
  } catch {
    return undefined;
  }
}
