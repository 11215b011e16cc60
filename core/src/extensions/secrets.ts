import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemMessage, UserError } from '../base/errors.js';
import type { Manifest } from './manifest.js';
import { type Planned, secretVariable } from './plan.js';

/** Finds a secret elsewhere, such as in a keychain; undefined if it is not there. */
export type SecretProvider = (
  extension: string,
  key: string,
) => Promise<string | undefined> | string | undefined;

/** Shorter ones are not looked for in messages: they would be found in every word. */
const MIN_HIDDEN = 4;

/** The secrets of an extension. */
export class Secrets {
  readonly #manifest: Manifest;
  /** As they were read from files, by their keys. */
  readonly #read: ReadonlyMap<string, string>;
  readonly #provider: SecretProvider | undefined;
  /** All that it was given. */
  readonly #given = new Set<string>();

  private constructor(
    manifest: Manifest,
    read: ReadonlyMap<string, string>,
    provider: SecretProvider | undefined,
  ) {
    this.#manifest = manifest;
    this.#read = read;
    this.#provider = provider;
  }

  /**
   * Reads those that stand in files: at once, since only root may be able to.
   *
   * @throws {UserError} naming a file that cannot be read.
   */
  static async read(
    { manifest, secretFiles }: Planned,
    provider: SecretProvider | undefined,
    read: (file: string) => Promise<Buffer> = readFile,
  ): Promise<Secrets> {
    const found = new Map<string, string>();
    for (const key of secretsOf(manifest)) {
      const file = secretFiles.get(key);
      if (file !== undefined) {
        const octets = await read(file).catch((error: unknown) => {
          throw new UserError(`cannot read "${file}" of ${key}: ${systemMessage(error)}`);
        });
        found.set(key, textOf(octets));
        continue;
      }
      // systemd.exec(5), LoadCredential.
      const folder = process.env['CREDENTIALS_DIRECTORY'];
      const octets = folder && (await readFile(join(folder, key)).catch(() => undefined));
      if (octets) found.set(key, textOf(octets));
    }
    return new Secrets(manifest, found, provider);
  }

  /** @throws {Error} if the extension has no such secret. */
  async get(key: string): Promise<string | undefined> {
    if (this.#manifest.settings.get(key)?.secret !== true) {
      throw new Error(`there is no secret "${key}" in package.json`);
    }
    const value =
      (await this.#provider?.(this.#manifest.name, key)) ??
      process.env[secretVariable(key)] ??
      this.#read.get(key);
    if (value !== undefined && value.length >= MIN_HIDDEN) this.#given.add(value);
    return value;
  }

  /** A text without the secrets in it. */
  hide(text: string): string {
    let hidden = text;
    for (const secret of this.#given) hidden = hidden.replaceAll(secret, '***');
    return hidden;
  }

  /** Whether what stands in files is the same in both. */
  isSameAs(other: Secrets): boolean {
    const [mine, others] = [this.#read, other.#read];
    return mine.size === others.size && [...mine].every(([key, text]) => others.get(key) === text);
  }
}

function secretsOf({ settings }: Manifest): string[] {
  return [...settings].flatMap(([key, { secret }]) => (secret ? [key] : []));
}

/** What a file says, without the end of its line. */
function textOf(octets: Buffer): string {
  return octets.toString('utf8').replace(/\r?\n$/, '');
}
