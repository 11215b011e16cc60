import { EventEmitter } from 'node:events';
import { copyFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import Store from 'electron-store';
import { messageOf, UserError } from 'picosocks5';
import type {
  SettingChange,
  SettingKey,
  SettingValues,
  UpstreamSettings,
} from '../ipc/contract.js';
import {
  EMPTY,
  migrate,
  NO_EXTENSIONS,
  type SettingsFile,
  type StoredExtensions,
  type StoredUser,
  type WindowPlace,
} from './file.js';
import { type Repaired, repair } from './repair.js';
import { checkSetting, DEFAULTS } from './values.js';

/**
 * The settings, kept in a file that electron-store writes whole. Emits `change` with the keys that
 * changed.
 */
export class Settings extends EventEmitter<{ change: [keys: readonly SettingKey[]] }> {
  readonly #store: Store<SettingsFile>;
  /** Whether what had to be left out of the file may have kept somebody out. */
  readonly lostGuards: boolean;
  /** Tells of ways out, besides upstream servers, that rules can name. */
  moreWays: () => readonly string[] = () => [];
  /** What the file holds: electron-store would read it anew each time. */
  #file: SettingsFile;

  private constructor(store: Store<SettingsFile>, lostGuards: boolean) {
    super();
    this.#store = store;
    this.#file = store.store;
    this.lostGuards = lostGuards;
  }

  /**
   * Reads the settings file of a folder. What of it cannot be used is left out, and the file as it
   * was is kept aside under another name.
   *
   * @param warn told about that, in one sentence.
   */
  static open(folder: string, warn: (message: string) => void): Settings {
    const file = join(folder, 'settings.json');
    const isFirst = !existsSync(file);
    const aside = join(folder, `settings.damaged-${stamp(new Date())}.json`);
    try {
      const { dropped, guards } = update(file, aside);
      const settings = new Settings(openStore(folder), guards);
      if (dropped.length > 0) warn(whatWasDropped(dropped, aside, guards));
      if (isFirst) settings.welcome = true;
      return settings;
    } catch (error) {
      renameSync(file, aside);
      warn(
        `The settings file cannot be used (${sentenceOf(error)}); it is kept as ${aside}, and all ` +
          'settings are as they come.',
      );
      return new Settings(openStore(folder), true);
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

  get upstreams(): readonly UpstreamSettings[] {
    return this.#file.upstreams ?? [];
  }

  /**
   * Keeps upstream servers, and the rules that lead to them, if these are others.
   *
   * @throws {UserError} if the file cannot be written; nothing is changed then.
   */
  keepUpstreams(upstreams: readonly UpstreamSettings[], via: readonly string[] = this.values.via) {
    const isSame = isDeepStrictEqual(via, this.values.via);
    this.#keep({ upstreams, ...(!isSame && { settings: { ...this.#file.settings, via } }) });
    if (!isSame) this.emit('change', ['via']);
  }

  get extensions(): StoredExtensions {
    return this.#file.extensions ?? NO_EXTENSIONS;
  }

  /** @throws {UserError} if the file cannot be written; nothing is changed then. */
  keepExtensions(change: Partial<StoredExtensions>): void {
    this.#keep({ extensions: { ...this.extensions, ...change } });
  }

  /** Whether a window is to begin with the welcome page. */
  get welcome(): boolean {
    return this.#file.welcome === true;
  }

  set welcome(welcome: boolean) {
    this.#keep({ welcome });
  }

  get window(): WindowPlace | undefined {
    return this.#file.window;
  }

  set window(place: WindowPlace) {
    this.#keep({ window: place });
  }

  /** @throws {UserError} if a value cannot be used. Nothing is changed. */
  check(change: SettingChange): void {
    const names = this.upstreams.map(({ name }) => name);
    checkSetting(change, [...names, ...this.moreWays()]);
  }

  /** @throws {UserError} if the value cannot be used; nothing is changed then. */
  set(change: SettingChange): void {
    this.check(change);
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
    // Its types have no optional part with keys of any name.
    defaults: EMPTY as never,
    clearInvalidConfig: false,
    configFileMode: 0o600,
  });
}

/**
 * Makes a settings file one that can be used.
 *
 * @param aside where the file as it was is kept if something had to be left out.
 * @throws if nothing of it can be used.
 */
function update(file: string, aside: string): Omit<Repaired, 'file'> {
  if (!existsSync(file)) return { dropped: [], guards: false };
  const content: unknown = JSON.parse(readFileSync(file, 'utf8').replace(/^\uFEFF/, ''));
  if (typeof content !== 'object' || content === null) throw new Error('it is no object');
  const { file: repaired, ...findings } = repair(migrate(content as Record<string, unknown>));
  if (findings.dropped.length > 0) copyFileSync(file, aside);
  if (!isDeepStrictEqual(content, repaired)) {
    writeFileSync(`${file}.new`, JSON.stringify(repaired, undefined, 2), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }
  return findings;
}

/** How many of the things that were left out are told of. */
const MAX_TOLD = 5;

function whatWasDropped(dropped: readonly string[], aside: string, guards: boolean): string {
  const more = dropped.length - MAX_TOLD;
  const told = [...dropped.slice(0, MAX_TOLD), ...(more > 0 ? [`and ${more} more`] : [])];
  const server = guards
    ? ' It had a say in who is let in: look at it before you start the server.'
    : '';
  return (
    `Something of the settings file cannot be used and is left out (${told.join('; ')}); the file ` +
    `as it was is kept as ${aside}.${server}`
  );
}

function stamp(date: Date): string {
  return date.toISOString().replace(/[:.]/g, '-');
}

/** What is wrong, on one line: parsers show the text around a mistake. */
function sentenceOf(error: unknown): string {
  return (messageOf(error).split('\n')[0] ?? '').replace(/[.;]+$/, '').slice(0, 200);
}
