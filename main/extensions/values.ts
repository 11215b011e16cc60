import { isDeepStrictEqual } from 'node:util';
import { UserError } from 'picosocks5';
import type { ContributedChange, ContributedSetting, ContributedValue } from '../ipc/contract.js';
import type { StoredExtensions } from '../settings/file.js';
import type { Keychain } from '../users/keychain.js';
import { text } from '../words/words.js';
import { settingsOf } from './describe.js';
import { expectedOf } from './expected.js';
import type { ShownManifest } from './translations.js';

/** Where it is kept what the user has said of extensions. */
export interface ExtensionSettings {
  readonly extensions: StoredExtensions;
  /** @throws {UserError} if it cannot be kept; nothing is changed then. */
  keepExtensions(change: Partial<StoredExtensions>): void;
}

interface Parts {
  readonly settings: ExtensionSettings;
  readonly keychain: Pick<Keychain, 'get' | 'set' | 'delete'>;
  /** Those that are enabled. */
  readonly manifests: () => readonly ShownManifest[];
  /** Gives the server what is kept. @throws {UserError} if it does not take it. */
  readonly apply: () => Promise<void>;
  /** Has an extension read its secrets again, if it runs. */
  readonly renew: (name: string) => Promise<void>;
}

/** The account of a secret in the keychain: no user's name has a colon. */
function accountOf(name: string, key: string): string {
  return `extension:${name}/${key}`;
}

/** The settings that extensions contribute: in the app's, and what of them is secret in the keychain. */
export class ExtensionValues {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** All of them, as a settings page draws them. */
  get described(): ContributedSetting[] {
    const { settings: values, secrets } = this.#parts.settings.extensions;
    return this.#parts.manifests().flatMap((manifest) => {
      const isSet = (key: string) => secrets.includes(accountOf(manifest.name, key));
      return settingsOf(manifest, values, isSet);
    });
  }

  /** Those that are not as they come, for the server: secrets are not among them. */
  get given(): Readonly<Record<string, ContributedValue>> {
    const keys = new Set(
      this.#parts.manifests().flatMap(({ settings }) => {
        return [...settings].flatMap(([key, { secret }]) => (secret ? [] : [key]));
      }),
    );
    const { settings } = this.#parts.settings.extensions;
    return Object.fromEntries(Object.entries(settings).filter(([key]) => keys.has(key)));
  }

  /** A secret of an extension; undefined if the keychain has none. @throws {KeychainError} */
  async secret(name: string, key: string): Promise<string | undefined> {
    const account = accountOf(name, key);
    // A keychain may ask its user: for what it is not known to have, it is not asked.
    const { secrets } = this.#parts.settings.extensions;
    return secrets.includes(account) ? this.#parts.keychain.get(account) : undefined;
  }

  /** @throws {UserError} saying what is wrong with a value. */
  async check({ key, value }: ContributedChange): Promise<void> {
    const { checkSetting } = await import('picosocks5/store');
    const schema = this.#ownerOf(key).settings.get(key);
    if (schema === undefined || schema.secret) {
      throw new UserError(text('extensions.secretSetting', { key }));
    }
    try {
      checkSetting(schema, value);
    } catch {
      // The core says it in English only.
      const expected = expectedOf(schema);
      throw new UserError(text('extensions.expected', { expected, value: JSON.stringify(value) }));
    }
  }

  /** @throws {UserError} if a value cannot be used: then the one before is kept. */
  async set(change: ContributedChange): Promise<void> {
    await this.check(change);
    const { key, value } = change;
    const { [key]: _before, ...others } = this.#parts.settings.extensions.settings;
    const isDefault = isDeepStrictEqual(this.#ownerOf(key).settings.get(key)?.default, value);
    await this.#keep(isDefault ? others : { ...others, [key]: value });
  }

  /** @throws {UserError} if the server does not take it, or the keychain cannot be used. */
  async reset(key: string): Promise<void> {
    const { name, settings } = this.#ownerOf(key);
    if (settings.get(key)?.secret === true) {
      await this.#parts.keychain.delete(accountOf(name, key));
      this.#note(accountOf(name, key), false);
      await this.#parts.renew(name);
    } else {
      const { [key]: _before, ...others } = this.#parts.settings.extensions.settings;
      await this.#keep(others);
    }
  }

  /** @throws {UserError} if there is no such secret, or the keychain cannot be used. */
  async setSecret(key: string, secret: string): Promise<void> {
    const { name, settings } = this.#ownerOf(key);
    if (settings.get(key)?.secret !== true)
      throw new UserError(text('extensions.notSecret', { key }));
    await this.#parts.keychain.set(accountOf(name, key), secret);
    this.#note(accountOf(name, key), true);
    await this.#parts.renew(name);
  }

  /**
   * Takes away what was kept for an extension that is removed.
   *
   * @param keys those of its settings.
   * @throws {KeychainError} if a secret cannot be deleted.
   */
  async forget(name: string, keys: Iterable<string>): Promise<void> {
    const { settings, keychain } = this.#parts;
    for (const account of settings.extensions.secrets) {
      if (!account.startsWith(accountOf(name, ''))) continue;
      await keychain.delete(account);
      this.#note(account, false);
    }
    const own = new Set(keys);
    const left = Object.entries(settings.extensions.settings).filter(([key]) => !own.has(key));
    settings.keepExtensions({ settings: Object.fromEntries(left) });
  }

  /** Notes whether the keychain has a secret. */
  #note(account: string, isSet: boolean): void {
    const { settings } = this.#parts;
    const others = settings.extensions.secrets.filter((other) => other !== account);
    settings.keepExtensions({ secrets: isSet ? [...others, account] : others });
  }

  /** Keeps settings, if the server takes them. */
  async #keep(values: StoredExtensions['settings']): Promise<void> {
    const { settings, apply } = this.#parts;
    const { settings: before } = settings.extensions;
    settings.keepExtensions({ settings: values });
    try {
      await apply();
    } catch (error) {
      settings.keepExtensions({ settings: before });
      throw error;
    }
  }

  /** @throws {UserError} if no extension that is enabled has such a setting. */
  #ownerOf(key: string): ShownManifest {
    const owner = this.#parts.manifests().find(({ settings }) => settings.has(key));
    if (owner === undefined) throw new UserError(text('extensions.unknownSetting', { key }));
    return owner;
  }
}
