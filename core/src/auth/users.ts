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

  /** A user's secrets in order of preference. */
  secrets(user: string): readonly Secret[] {
    return this.#sources.flatMap((source) => source.secrets(user));
  }

  serverSecret(): Secret | undefined {
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
  decoy(user: string): Secret | undefined {
    if (this.#all.length === 0) return undefined;
    const digest = createHmac('sha256', this.#decoyKey).update(user).digest();
    return this.#all[digest.readUInt32BE(0) % this.#all.length];
  }

  dispose(): void {
    for (const source of this.#sources) source.dispose?.();
  }
}
