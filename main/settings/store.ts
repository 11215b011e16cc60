import { EventEmitter } from 'node:events';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import Store, { type Schema } from 'electron-store';
import { messageOf, UserError } from 'picosocks5';
import type { SettingChange, SettingKey, SettingValues } from '../contract.js';
import {
  EMPTY,
  migrate,
  SCHEMA,
  type SettingsFile,
  type StoredUser,
  type WindowPlace,
} from './file.js';
import { checkSetting, DEFAULTS } from './values.js';

/**
 * The settings, kept in a file that electron-store writes whole and checks by its schema. Emits
 * `change` with the keys that changed.
 */
export class Settings extends EventEmitter<{ change: [keys: readonly SettingKey[]] }> {
  readonly #store: Store<SettingsFile>;
  /** What the file holds: electron-store would read it anew each time. */
  #file: SettingsFile;

  private constructor(store: Store<SettingsFile>) {
    super();
    this.#store = store;
    this.#file = store.store;
  }

  /**
   * Reads the settings file of a folder. One that cannot be used is kept aside under another name.
   *
   * @param warn told about that, in one sentence.
   */
  static open(folder: string, warn: (message: string) => void): Settings {
    const file = join(folder, 'settings.json');
    try {
      update(file);
      return new Settings(openStore(folder));
    } catch (error) {
      const aside = join(folder, `settings.damaged-${stamp(new Date())}.json`);
      renameSync(file, aside);
      warn(
        `The settings file cannot be used (${sentenceOf(error)}); it is kept as ${aside}, and all ` +
          'settings are as they come.',
      );
      return new Settings(openStore(folder));
    }
  }

  get values(): SettingValues {
    return { ...DEFAULTS, ...this.#file.settings };
  }

  /** The keys of the settings that are not as they come. */
  get modified(): readonly SettingKey[] {
    return Object.keys(this.#file.settings) as SettingKey[];
  }

  get users(): readonly StoredUser[] {
    return this.#file.users;
  }

  set users(users: readonly StoredUser[]) {
    this.#keep({ users });
  }

  get window(): WindowPlace | undefined {
    return this.#file.window;
  }

  set window(place: WindowPlace) {
    this.#keep({ window: place });
  }

  /** @throws {UserError} if the value cannot be used; nothing is changed then. */
  set(change: SettingChange): void {
    checkSetting(change);
    const { [change.key]: _before, ...others } = this.#file.settings;
    const isDefault = isDeepStrictEqual(change.value, DEFAULTS[change.key]);
    const settings = isDefault ? others : { ...others, [change.key]: change.value };
    if (isDeepStrictEqual(settings, this.#file.settings)) return;
    this.#keep({ settings });
    this.emit('change', [change.key]);
  }

  reset(key: SettingKey): void {
    this.set({ key, value: DEFAULTS[key] });
  }

  /** @throws {UserError} if the file cannot be written; nothing is changed then. */
  #keep(change: Partial<SettingsFile>): void {
    try {
      this.#store.set(change);
    } catch (error) {
      throw new UserError(`The settings cannot be saved: ${messageOf(error)}`);
    }
    this.#file = { ...this.#file, ...change };
  }
}

function openStore(folder: string): Store<SettingsFile> {
  return new Store<SettingsFile>({
    cwd: folder,
    name: 'settings',
    schema: SCHEMA as unknown as Schema<SettingsFile>,
    defaults: EMPTY,
    clearInvalidConfig: false,
    configFileMode: 0o600,
  });
}

/** Brings a settings file of an older version up to date. @throws if it cannot be used. */
function update(file: string): void {
  if (!existsSync(file)) return;
  const content: unknown = JSON.parse(readFileSync(file, 'utf8'));
  if (typeof content !== 'object' || content === null) throw new Error('it is no object');
  const migrated = migrate(content as Record<string, unknown>);
  if (isDeepStrictEqual(content, migrated)) return;
  writeFileSync(file, JSON.stringify(migrated, undefined, 2), { mode: 0o600 });
}

function stamp(date: Date): string {
  return date.toISOString().replace(/[:.]/g, '-');
}

/** What is wrong, on one line: parsers show the text around a mistake. */
function sentenceOf(error: unknown): string {
  return (messageOf(error).split('\n')[0] ?? '').replace(/[.;]+$/, '').slice(0, 200);
}
