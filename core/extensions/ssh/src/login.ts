import { readFile, stat } from 'node:fs/promises';
import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';
import ssh2, {
  type AnyAuthMethod,
  type AuthenticationType,
  type AuthHandlerMiddleware,
  type ParsedKey,
} from 'ssh2';

/** Keys that ssh tries without being told to, in the user's folder. */
const USUAL_KEYS = ['id_ed25519', 'id_ecdsa', 'id_rsa'];

/** A private key of a file. */
export interface Identity {
  readonly file: string;
  readonly key: ParsedKey;
}

/** A file name whose `~/` is the home of the user that the server runs as. */
export function expand(file: string): string {
  return file === '~' || file.startsWith('~/') ? join(homedir(), file.slice(1)) : file;
}

/** The name that one logs in by where the URL says none. */
export function ownName(): string {
  return userInfo().username;
}

/** Private keys, each read and decrypted once as long as it stays the same. */
export class Identities {
  readonly #named: readonly string[];
  readonly #passphrase: string | undefined;
  readonly #known = new Map<string, { readonly text: string; readonly identity: Identity }>();

  /** @param named files in the place of the usual ones. */
  constructor(named: readonly string[], passphrase: string | undefined) {
    this.#named = named.map(expand);
    this.#passphrase = passphrase;
  }

  /**
   * Reads them.
   *
   * @param warn told of a file that others can read.
   * @throws {Error} if one that is named cannot be used.
   */
  async read(warn: (message: string) => void = () => {}): Promise<readonly Identity[]> {
    if (this.#named.length > 0) {
      return Promise.all(this.#named.map((file) => this.#read(file, warn)));
    }
    const usual = USUAL_KEYS.map((name) => join(homedir(), '.ssh', name));
    const all = await Promise.all(
      usual.map((file) => this.#read(file, () => {}).catch(() => undefined)),
    );
    return all.filter((identity) => identity !== undefined);
  }

  async #read(file: string, warn: (message: string) => void): Promise<Identity> {
    const text = await readFile(file, 'utf8').catch((error: Error) => {
      throw new Error(`cannot read the key "${file}": ${error.message.replace(/, open .*/s, '')}`);
    });
    const known = this.#known.get(file);
    if (known?.text === text) return known.identity;
    const identity = { file, key: this.#parse(file, text) };
    this.#known.set(file, { text, identity });
    const { mode } = await stat(file);
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      const shown = (mode & 0o7777).toString(8);
      warn(`"${file}" can be read by others (mode ${shown}); mend that with: chmod 600 ${file}`);
    }
    return identity;
  }

  #parse(file: string, text: string): ParsedKey {
    const parsed = ssh2.utils.parseKey(text, this.#passphrase);
    if (parsed instanceof Error) {
      const isLocked = /encrypted|passphrase|bad decrypt|integrity/i.test(parsed.message);
      if (!isLocked) throw new Error(`"${file}" is no private key: ${parsed.message}`);
      throw new Error(
        this.#passphrase === undefined
          ? `"${file}" has a passphrase; expected it as the secret ssh.passphrase`
          : `the secret ssh.passphrase is not the passphrase of "${file}"`,
      );
    }
    const key = Array.isArray(parsed) ? parsed[0] : parsed;
    if (key?.isPrivateKey()) return key;
    throw new Error(`"${file}" is a public key; expected the private one`);
  }
}

/** What one logs in with. */
export interface Credentials {
  readonly user: string;
  readonly identities: readonly Identity[];
  /** Where the agent listens. */
  readonly agent: string | undefined;
  readonly password: string | undefined;
}

/** One way to prove who one is. */
interface Attempt {
  readonly words: string;
  readonly method: AnyAuthMethod;
}

/** Logs in: by key files, then the agent, then a password, as far as the server wants them. */
export class Login {
  readonly #attempts: Attempt[];
  readonly #user: string;
  readonly #tried: string[] = [];
  #wanted: readonly string[] | null = null;

  constructor({ user, identities, agent, password }: Credentials) {
    this.#user = user;
    const prompt = (
      _: string,
      __: string,
      ___: string,
      prompts: readonly unknown[],
      finish: (answers: string[]) => void,
    ) => finish(prompts.map(() => password ?? ''));
    this.#attempts = [
      ...identities.map(
        ({ file, key }): Attempt => ({
          words: `the key "${file}"`,
          // As it was parsed: it is not decrypted again.
          method: { type: 'publickey', username: user, key: key as never },
        }),
      ),
      ...(agent === undefined
        ? []
        : [{ words: 'the agent', method: { type: 'agent', username: user, agent } } as const]),
      ...(password === undefined
        ? []
        : ([
            { words: 'a password', method: { type: 'password', username: user, password } },
            {
              words: 'a password',
              method: { type: 'keyboard-interactive', username: user, prompt },
            },
          ] as Attempt[])),
    ];
  }

  /** Asks the server what it wants first, and then tries what there is of that. */
  readonly next = (
    wanted: AuthenticationType[] | null,
    _isPartial: boolean | null,
    next: Parameters<AuthHandlerMiddleware>[2],
  ): void => {
    if (wanted === null) {
      next({ type: 'none', username: this.#user });
      return;
    }
    this.#wanted = wanted;
    for (;;) {
      const attempt = this.#attempts.shift();
      if (attempt === undefined) break;
      const { type } = attempt.method;
      if (!wanted.includes(type === 'agent' ? 'publickey' : type)) continue;
      if (!this.#tried.includes(attempt.words)) this.#tried.push(attempt.words);
      next(attempt.method);
      return;
    }
    next(false as never);
  };

  /** Why it was not let in. */
  get problem(): string {
    const wants = this.#wanted === null ? '' : `; it wants ${this.#wanted.join(' or ')}`;
    if (this.#tried.length > 0) {
      return `it does not let ${this.#user} in with ${this.#tried.join(' or ')}${wants}`;
    }
    return (
      `there is nothing to log in as ${this.#user} with${wants}: expected a key of an agent ` +
      '(SSH_AUTH_SOCK), ssh.identityFile, or a password'
    );
  }
}
