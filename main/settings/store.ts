import { EventEmitter } from 'node:events';
import { isDeepStrictEqual } from 'node:util';
import { messageOf, UserError } from 'picosocks5';
import type {
  SettingChange,
  SettingKey,
  SettingValues,
  UpstreamSettings,
} from '../ipc/contract.js';
import { text } from '../words/words.js';
import {
  type Kept,
  NO_EXTENSIONS,
  type SettingsFile,
  type StoredExtensions,
  type StoredProfile,
  type StoredUser,
  type WindowPlace,
} from './file.js';
import { checkSetting, DEFAULTS } from './values.js';

/** What keeps the settings file: electron-store does. */
export interface SettingsStore {
  /** All of the file. */
  readonly store: SettingsFile;
  /** Puts something in the place of what the file has. @throws if it cannot be written. */
  set(change: Partial<SettingsFile>): void;
}

/**
 * The settings, kept in a file that electron-store writes whole. While a profile is in use, its
 * values have precedence. Emits `change` with the keys of the settings that have other values now:
 * none, if only what else is known of settings and profiles has changed.
 */
export class Settings extends EventEmitter<{ change: [keys: readonly SettingKey[]] }> {
  readonly #store: SettingsStore;
  /** Whether what had to be left out of the file may have kept somebody out. */
  readonly lostGuards: boolean;
  /** Tells of ways out, besides upstream servers, that rules can name. */
  moreWays: () => readonly string[] = () => [];
  /** What the file holds: electron-store would read it anew each time. */
  #file: SettingsFile;

  constructor(store: SettingsStore, lostGuards = false) {
    super();
    this.#store = store;
    this.#file = store.store;
    this.lostGuards = lostGuards;
  }

  get values(): SettingValues {
    return { ...DEFAULTS, ...this.#file.settings, ...this.profile?.settings };
  }

  /** The keys of the settings that are not as they come. */
  get modified(): readonly SettingKey[] {
    const { values } = this;
    const keys = Object.keys(values) as SettingKey[];
    return keys.filter((key) => !isDeepStrictEqual(values[key], DEFAULTS[key]));
  }

  get profiles(): readonly StoredProfile[] {
    return this.#file.profiles ?? [];
  }

  /** The profile that is in use. */
  get profile(): StoredProfile | undefined {
    const { profile = '', profiles = [] } = this.#file;
    return profile === '' ? undefined : profiles.find(({ name }) => name === profile);
  }

  /** Rules of all profiles, and of none, that say which way connections leave. */
  get routes(): readonly string[] {
    const lists = [this.#file.settings, ...this.profiles.map(({ settings }) => settings)];
    return lists.flatMap(({ via = [] }) => via);
  }

  /** All that is kept, as it is now: another object once something of it changes. */
  get kept(): Kept {
    const { settings, users, upstreams = [], profiles = [], profile = '' } = this.#file;
    const { extensions } = this;
    return { settings, users, upstreams, extensions, profiles, profile };
  }

  /**
   * Puts something in the place of what is kept: all of it, or nothing.
   *
   * @throws {UserError} if the file cannot be written; nothing is changed then.
   */
  replace(change: Partial<Kept>): void {
    const before = this.values;
    this.#keep(change);
    const after = this.values;
    const keys = Object.keys(after) as SettingKey[];
    this.emit(
      'change',
      keys.filter((key) => !isDeepStrictEqual(before[key], after[key])),
    );
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
   * Keeps upstream servers, and the rules that lead to them.
   *
   * @param renamed what a rule is from now on, in whichever profile it is.
   * @throws {UserError} if the file cannot be written; nothing is changed then.
   */
  keepUpstreams(
    upstreams: readonly UpstreamSettings[],
    renamed: (rule: string) => string = (rule) => rule,
  ): void {
    const follow = (settings: Partial<SettingValues>): Partial<SettingValues> =>
      settings.via === undefined ? settings : { ...settings, via: settings.via.map(renamed) };
    const profiles = this.profiles.map((one) => ({ ...one, settings: follow(one.settings) }));
    const settings = follow(this.#file.settings);
    this.replace({ upstreams, settings, ...(profiles.length > 0 && { profiles }) });
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

  /**
   * Keeps a value: in the profile that is in use, if that has one of its own, or else for all.
   *
   * @throws {UserError} if the value cannot be used; nothing is changed then.
   */
  set(change: SettingChange): void {
    this.check(change);
    const { key, value } = change;
    if (isDeepStrictEqual(this.values[key], value)) return;
    const { profile } = this;
    if (profile !== undefined && Object.hasOwn(profile.settings, key)) {
      const settings = { ...profile.settings, [key]: value };
      this.replace({ profiles: this.#with(profile, { settings }) });
    } else this.replace({ settings: withValue(this.#file.settings, change) });
  }

  /**
   * The profiles, if that in use had a value of its own, the present one at first; or had none, so
   * that the value is that of all.
   *
   * @throws {UserError} if none is in use.
   */
  differing(key: SettingKey, differs: boolean): readonly StoredProfile[] {
    const { profile } = this;
    if (profile === undefined) throw new UserError(text('profiles.noneInUse'));
    const { [key]: _before, ...others } = profile.settings;
    const settings = differs ? { ...others, [key]: this.values[key] } : others;
    return this.#with(profile, { settings });
  }

  reset(key: SettingKey): void {
    this.set({ key, value: DEFAULTS[key] });
  }

  /** The profiles, with something of one of them being another. */
  #with(profile: StoredProfile, change: Partial<StoredProfile>): readonly StoredProfile[] {
    return this.profiles.map((one) => (one === profile ? { ...one, ...change } : one));
  }

  /** @throws {UserError} if the file cannot be written; nothing is changed then. */
  #keep(change: Partial<SettingsFile>): void {
    try {
      this.#store.set(change);
    } catch (error) {
      throw new UserError(text('settingcheck.notSaved', { problem: messageOf(error) }));
    }
    this.#file = { ...this.#file, ...change };
  }
}

/** Settings of which one has another value: what is as it comes is not among them. */
export function withValue(
  settings: Partial<SettingValues>,
  { key, value }: SettingChange,
): Partial<SettingValues> {
  const { [key]: _before, ...others } = settings;
  return isDeepStrictEqual(value, DEFAULTS[key]) ? others : { ...others, [key]: value };
}
