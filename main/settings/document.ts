import { isDeepStrictEqual } from 'node:util';
import { getNodeValue, type Node } from 'jsonc-parser';
import { messageOf, UserError } from 'picosocks5';
import {
  type ContributedChange,
  type ContributedValue,
  type DocumentProblem,
  isFileSetting,
  type SettingKey,
  type SettingValue,
  type SettingValues,
} from '../ipc/contract.js';
import { text } from '../words/words.js';
import { carryOut } from './change.js';
import { DESCRIPTORS } from './descriptors.js';
import type { StoredProfile } from './file.js';
import { JsonMistake, type Property, problemOf, propertiesOf, readJson } from './jsontext.js';
import { type Settings, withValue } from './store.js';

/** Under which name profiles stand among the settings: none has it. */
const PROFILES = 'profiles';

interface Parts {
  readonly settings: Settings;
  readonly extensions: {
    /** Whether an extension that may be used has such a setting. */
    hasSetting(key: string): boolean;
    /** @throws {UserError} saying what is wrong with a value of an extension's setting. */
    check(change: ContributedChange): Promise<void>;
  };
  /** Gives the server all settings. @throws {UserError} if it cannot take them. */
  readonly apply: () => Promise<void>;
}

interface Read {
  readonly settings: Partial<SettingValues>;
  readonly contributed: Readonly<Record<string, ContributedValue>>;
  readonly profiles: readonly StoredProfile[];
}

/**
 * All settings as one JSON document, as VS Code has them: an object with those that are not as they
 * come, those of extensions under their own names, and what differs in profiles.
 */
export class SettingsDocument {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  get text(): string {
    const { settings, extensions, profiles } = this.#parts.settings.kept;
    const own = DESCRIPTORS.filter(({ key }) => Object.hasOwn(settings, key));
    const differing = profiles.map(({ name, settings: differs }) => [name, differs]);
    const document = {
      ...Object.fromEntries(own.map(({ key }) => [key, settings[key]])),
      ...extensions.settings,
      ...(profiles.length > 0 && { [PROFILES]: Object.fromEntries(differing) }),
    };
    return `${JSON.stringify(document, undefined, 2)}\n`;
  }

  /** The first mistake of a document; undefined if all of it could be kept. */
  async check(json: string): Promise<DocumentProblem | undefined> {
    const read = await this.#attempt(json);
    return 'line' in read ? read : undefined;
  }

  /**
   * Keeps all of a document, or nothing.
   *
   * @returns its first mistake.
   * @throws {UserError} if the server cannot take it, or the file cannot be written.
   */
  async save(json: string): Promise<DocumentProblem | undefined> {
    const read = await this.#attempt(json);
    if ('line' in read) return read;
    const { settings, apply } = this.#parts;
    const extensions = { ...settings.extensions, settings: read.contributed };
    const { profiles } = read;
    await carryOut(settings, { settings: read.settings, extensions, profiles }, apply);
    return undefined;
  }

  async #attempt(json: string): Promise<Read | DocumentProblem> {
    try {
      return await this.#read(json);
    } catch (error) {
      if (error instanceof JsonMistake) return problemOf(json, error);
      throw error;
    }
  }

  async #read(json: string): Promise<Read> {
    const { kept } = this.#parts.settings;
    let settings: Partial<SettingValues> = {};
    let profiles = kept.profiles.map((profile) => ({ ...profile, settings: {} }));
    const contributed: Record<string, ContributedValue> = {};
    for (const property of propertiesOf(readJson(json))) {
      const { name, value } = property;
      const key = keyOf(name);
      if (key !== undefined) {
        settings = withValue(settings, { key, value: this.#value(key, property, kept.settings) });
      } else if (name === PROFILES) profiles = this.#profiles(value);
      else contributed[name] = await this.#contributed(property);
    }
    return { settings, contributed, profiles };
  }

  #profiles(node: Node): StoredProfile[] {
    const { profiles } = this.#parts.settings;
    const named = propertiesOf(node);
    for (const { name, at } of named) {
      const isThere = profiles.some((profile) => profile.name === name);
      if (!isThere) throw new JsonMistake(at, text('settingsfile.noProfile', { name }));
    }
    return profiles.map((profile) => {
      const own = named.find(({ name }) => name === profile.name);
      const differing = own === undefined ? [] : propertiesOf(own.value);
      const entries = differing.map((property) => {
        const { name, at } = property;
        const key = keyOf(name);
        if (key === undefined) throw new JsonMistake(at, text('settingsfile.noSetting', { name }));
        return [key, this.#value(key, property, profile.settings)];
      });
      return { ...profile, settings: Object.fromEntries(entries) as Partial<SettingValues> };
    });
  }

  /** @param before the values that are kept: of files, the window can name no others. */
  #value(key: SettingKey, { value: node }: Property, before: Partial<SettingValues>): SettingValue {
    const value = getNodeValue(node) as SettingValue;
    if (isFileSetting(key) && value !== '') {
      if (value === before[key]) return value;
      throw new JsonMistake(node.offset, text('server.fileByDialog'));
    }
    try {
      this.#parts.settings.check({ key, value });
      return value;
    } catch (error) {
      throw mistake(node.offset, error);
    }
  }

  async #contributed({ name, at, value: node }: Property): Promise<ContributedValue> {
    const value = getNodeValue(node) as ContributedValue;
    const before = this.#parts.settings.extensions.settings[name];
    // That of an extension that is not in use at present is not checked, but neither lost.
    if (before !== undefined && isDeepStrictEqual(before, value)) return value;
    const { extensions } = this.#parts;
    if (!extensions.hasSetting(name)) {
      throw new JsonMistake(at, text('settingsfile.noSetting', { name }));
    }
    try {
      await extensions.check({ key: name, value });
      return value;
    } catch (error) {
      throw mistake(node.offset, error);
    }
  }
}

function keyOf(name: string): SettingKey | undefined {
  return DESCRIPTORS.find(({ key }) => key === name)?.key;
}

/** What is wrong with a value, at its place. */
function mistake(offset: number, error: unknown): Error {
  return error instanceof UserError ? new JsonMistake(offset, messageOf(error)) : (error as Error);
}
