import { createHmac, randomBytes } from 'node:crypto';
import type { AuthenticationSource, Secret } from './source.js';

/** All users of all sources, in the order in which the sources were given. */
export class Users {
  readonly #sources: readonly AuthenticationSource[];
  readonly #all: readonly Secret[];
  readonly #decoyKey = randomBytes(16);

  constructor(sources: readonly AuthenticationSource[]) {
    this.#sources = sources;
    this.#all = sources.flatMap((source) => source.all());
  }

  /** Whether any source was given at all: then nobody is anonymous by default. */
  get configured(): boolean {
    return this.#sources.length > 0;
  }

  /** Whether any user has a secret of a kind. */
  has(kind: Secret['kind']): boolean {
    return this.#all.some((secret) => secret.kind === kind);
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
    const digest = createHmac('sha256', this.#decoyKey).update(user).digest();
    const start = digest.readUInt32BE(0);
    for (let i = 0; i < this.#all.length; i++) {
      const secret = this.#all[(start + i) % this.#all.length] as Secret;
      if (kind === undefined || secret.kind === kind) return secret;
    }
    return undefined;
  }

  dispose(): void {
    for (const source of this.#sources) source.dispose?.();
  }
}

function first(secrets: readonly Secret[], kind: Secret['kind'] | undefined): Secret | undefined {
  return kind === undefined ? secrets[0] : secrets.find((secret) => secret.kind === kind);
}
