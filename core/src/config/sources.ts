import type { AuthenticationSource } from '../auth/source.js';
import { Users } from '../auth/users.js';
import type { DisposableStore } from '../base/disposable.js';
import { UserError } from '../base/errors.js';
import type { Registries } from '../extensions/registries.js';
import type { ServerOptions } from './settings.js';

/**
 * Takes `[FORMAT:]ARGUMENT` apart; without a format it is a password file. A format may need no
 * argument.
 */
export function parseSource(text: string): { readonly id: string; readonly argument: string } {
  const [, id = 'password', argument = ''] = /^(?:(\w{2,}):)?(.*)$/s.exec(text) ?? [];
  return { id, argument };
}

/** All sources of users that options name, those of listeners included. */
export function namedSources({ auth = [], listeners = {} }: ServerOptions): string[] {
  const own = Object.values(listeners).flatMap((listener) => listener.auth ?? []);
  return [...new Set([...auth, ...own])];
}

/** Sources of users as options name them: each is opened once, whoever has it. */
export class Sources {
  readonly #registries: Registries;
  readonly #warn: (message: string) => void;
  readonly #opened: DisposableStore;
  readonly #sources = new Map<string, AuthenticationSource>();
  /** By what names their sources. */
  readonly #users = new Map<string, Users>();

  /** @param opened takes what has to be closed again. */
  constructor(registries: Registries, warn: (message: string) => void, opened: DisposableStore) {
    this.#registries = registries;
    this.#warn = warn;
    this.#opened = opened;
  }

  /**
   * The users of some sources: the same for who names the same ones.
   *
   * @param realm tells them from others, also when options are read again.
   * @throws {UserError} naming the source that cannot be used.
   */
  async users(auth: readonly string[], realm = JSON.stringify(auth)): Promise<Users> {
    const key = JSON.stringify(auth);
    const known = this.#users.get(key);
    if (known !== undefined) return known;
    const sources: AuthenticationSource[] = [];
    for (const text of auth) sources.push(await this.#open(text));
    const users = this.#opened.add(new Users(sources, realm));
    this.#users.set(key, users);
    return users;
  }

  /** The users of all sources together. */
  all(): Users {
    return this.#opened.add(new Users([...this.#sources.values()]));
  }

  async #open(text: string): Promise<AuthenticationSource> {
    const known = this.#sources.get(text);
    if (known !== undefined) return known;
    const { id, argument } = parseSource(text);
    const { authenticationSources: formats } = this.#registries;
    const format = formats.get(id);
    if (format === undefined) {
      throw new UserError(
        `auth: "${text}": unknown format "${id}"; expected one of ${formats.ids.join(', ')}, or of ` +
          'an extension ("picosocks5 --help --extensions" lists them)',
      );
    }
    const source = await format.open(argument, this.#warn);
    this.#opened.add({ dispose: () => source.dispose?.() });
    this.#sources.set(text, source);
    return source;
  }
}
