import { createHmac, randomBytes } from 'node:crypto';
import type { AuthenticationSource, Secret, SecretList } from './source.js';

const kinds = ['plain', 'crypt'] as const;

/** All users of all sources, in the order in which the sources were given. */
export class Users {
  readonly #sources: readonly AuthenticationSource[];
  readonly #all: Readonly<Record<Secret['kind'], readonly SecretList[]>>;
  readonly #decoyKey = randomBytes(16);

  constructor(sources: readonly AuthenticationSource[]) {
    this.#sources = sources;
    const listsOf = (kind: Secret['kind']) => sources.map((source) => source.all(kind));
    this.#all = { plain: listsOf('plain'), crypt: listsOf('crypt') };
  }

  /** Whether any source was given at all: then nobody is anonymous by default. */
  get configured(): boolean {
    return this.#sources.length > 0;
  }

  /** Whether any user has a secret of a kind. */
  has(kind: Secret['kind']): boolean {
    return this.#all[kind].some(({ length }) => length > 0);
  }

  /** The first secret of a user, in the order of the sources, that is of a kind. */
  secret(user: string, kind?: Secret['kind']): Secret | undefined {
    if (user === '') return undefined;
    for (const source of this.#sources) {
      const secret = first(source.secrets(user), kind);
      if (secret !== undefined) return secret;
    }
    return undefined;
  }

  /** All groups that users have; undefined if a source cannot say. */
  groups(): ReadonlySet<string> | undefined {
    const all = new Set<string>();
    for (const { groups } of this.#sources) {
      if (groups === undefined) return undefined;
      for (const group of groups) all.add(group);
    }
    return all;
  }

  /** The server's own secret, as octets. */
  serverSecret(): Uint8Array | undefined {
    for (const source of this.#sources) {
      const secret = source.serverSecret();
      if (secret !== undefined) return secret;
    }
    return undefined;
  }

  /**
   * A secret for a user who does not exist, always the same one for a name: checking it takes as
   * long as for a user who does.
   */
  decoy(user: string, kind?: Secret['kind']): Secret | undefined {
    const lists = kind === undefined ? kinds.flatMap((each) => this.#all[each]) : this.#all[kind];
    const total = lists.reduce((sum, { length }) => sum + length, 0);
    if (total === 0) return undefined;
    const digest = createHmac('sha256', this.#decoyKey).update(user).digest();
    let index = digest.readUInt32BE(0) % total;
    for (const list of lists) {
      if (index < list.length) return list.at(index);
      index -= list.length;
    }
    return undefined;
  }
}

function first(secrets: readonly Secret[], kind: Secret['kind'] | undefined): Secret | undefined {
  return kind === undefined ? secrets[0] : secrets.find((secret) => secret.kind === kind);
}
