import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import {
  type AuthenticationSource,
  type Disposable,
  type ExtensionContext,
  exposure,
  parsePasswordFile,
  type Secret,
  secretsOf,
  toDisposable,
} from 'picosocks5';
import { type About, UserDatabase } from './database.js';

/** How often it is looked whether users have changed, ms. */
const LOOK = 250;

/** The users of a database. */
class DatabaseSource implements AuthenticationSource {
  readonly name: string;
  readonly #database: UserDatabase;
  readonly #listeners = new Set<() => void>();
  readonly #timer: NodeJS.Timeout;
  #about: About;
  #revision: string;
  #decoys: readonly Secret[];

  /** @param failed told in one sentence when the database cannot be read any more. */
  constructor(database: UserDatabase, failed: (message: string) => void) {
    this.name = database.file;
    this.#database = database;
    this.#about = database.about();
    this.#revision = database.revision();
    this.#decoys = toDecoys(this.#about);
    let told = false;
    this.#timer = setInterval(() => {
      try {
        this.#look();
        told = false;
      } catch (error) {
        if (!told) failed(`"${this.name}" cannot be read: ${(error as Error).message}`);
        told = true;
      }
    }, LOOK).unref();
  }

  get kinds(): ReadonlySet<Secret['kind']> {
    return new Set(this.#about.kinds);
  }

  get quotas(): boolean {
    return this.#about.quotas;
  }

  get decoys(): readonly Secret[] {
    return this.#decoys;
  }

  find(user: string): readonly Secret[] {
    const value = this.#database.find(user);
    if (value === undefined) return [];
    const text = value
      .split('\n')
      .map((line) => `user:${line}`)
      .join('\n');
    return secretsOf(parsePasswordFile(text, this.name));
  }

  serverSecret(): Uint8Array | undefined {
    const plain = this.find('').find(({ kind }) => kind === 'plain');
    return plain?.kind === 'plain' ? plain.password : undefined;
  }

  onDidChange(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return toDisposable(() => this.#listeners.delete(listener));
  }

  dispose(): void {
    clearInterval(this.#timer);
    this.#listeners.clear();
    void this.#database.close();
  }

  #look(): void {
    const revision = this.#database.revision();
    if (revision === this.#revision) return;
    this.#revision = revision;
    this.#about = this.#database.about();
    this.#decoys = toDecoys(this.#about);
    for (const listener of [...this.#listeners]) listener();
  }
}

/** What logins of unknown users are checked against: it takes as long as for those who are there. */
function toDecoys({ sample }: About): readonly Secret[] {
  return sample.map((hash) =>
    hash === null
      ? { kind: 'plain', password: randomBytes(16), group: undefined }
      : { kind: 'crypt', hash, group: undefined },
  );
}

export function activate({ registries, log }: ExtensionContext): void {
  registries.authenticationSources.register({
    id: 'userdb',
    async open(file, warn) {
      const database = await UserDatabase.open(file, 'read');
      const exposed =
        process.platform === 'win32' ? undefined : exposure('database', file, statSync(file));
      if (exposed !== undefined) warn(exposed);
      return new DatabaseSource(database, (message) => log.error(message));
    },
  });
}
