import { existsSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { UserError } from 'picosocks5';
import {
  type ContributedValue,
  type ImportItem,
  isFileSetting,
  type SettingKey,
  type SettingValue,
  type SettingValues,
  type UpstreamSettings,
} from '../../ipc/contract.js';
import { checkNetwork } from '../../profiles/networks.js';
import { checkUpstream } from '../../upstreams/checks.js';
import { checkGroup, checkName } from '../../users/checks.js';
import { Directory } from '../../users/directory.js';
import { text } from '../../words/words.js';
import { DESCRIPTORS, descriptorOf } from '../descriptors.js';
import type { Kept, SettingsFile, StoredProfile, StoredUser } from '../file.js';
import { checkSetting, DEFAULTS } from '../values.js';

/** What an import has to know of this computer. */
export interface Surroundings {
  readonly kept: Kept;
  /** Ways out, besides upstream servers, that rules can name. */
  readonly ways: readonly string[];
  /** The keys of settings of extensions that may be used, which the values were checked for. */
  readonly isUsable: (key: string, value: ContributedValue) => boolean;
}

/** What an import makes of what is kept. */
export interface Plan {
  readonly next: Kept;
  readonly items: readonly ImportItem[];
  readonly leftOut: readonly string[];
}

/** Says what an import would do. @throws {UserError} if something of the file cannot be used. */
export function planImport(file: SettingsFile, { kept, ways, isUsable }: Surroundings): Plan {
  const leftOut: string[] = [];
  const { upstreams: given = [], profiles: named = [] } = file;
  const here = given.map((upstream) => withoutFile(upstream, kept, leftOut));
  const upstreams = merged(kept.upstreams, here);
  for (const upstream of here) checkUpstream(upstream, upstreams);
  const known = [...upstreams.map(({ name }) => name), ...ways];
  const settings = usable(file.settings, kept.settings, known, leftOut);
  const theirs = named.map((profile): StoredProfile => {
    const own = kept.profiles.find(({ name }) => name === profile.name)?.settings ?? {};
    for (const rule of profile.networks) checkNetwork(rule);
    return { ...profile, settings: usable(profile.settings, own, known, leftOut) };
  });
  const profiles = merged(kept.profiles, theirs);
  const users = usersOf(file.users, kept.users);
  const extensions = extensionsOf(file, kept, isUsable, leftOut);
  const next: Kept = { ...kept, settings, profiles, users, upstreams, extensions };
  return { next, items: itemsOf(kept, next), leftOut: [...new Set(leftOut)] };
}

/** Those that are there, of which some are others now, and new ones behind them. */
function merged<T extends { readonly name: string }>(
  present: readonly T[],
  given: readonly T[],
): readonly T[] {
  const byName = new Map(given.map((one) => [one.name, one]));
  const names = new Set(present.map(({ name }) => name));
  const kept = present.map((one) => {
    const other = byName.get(one.name) ?? one;
    return isDeepStrictEqual(one, other) ? one : other;
  });
  return [...kept, ...given.filter(({ name }) => !names.has(name))];
}

/** Settings as this computer can use them: files that are not here stay what they are. */
function usable(
  given: Partial<SettingValues>,
  before: Partial<SettingValues>,
  known: readonly string[],
  leftOut: string[],
): Partial<SettingValues> {
  const entries = (Object.entries(given) as [SettingKey, SettingValue][]).flatMap(
    ([key, value]): [SettingKey, SettingValue][] => {
      if (isFileSetting(key) && !existsSync(String(value))) {
        const { title } = descriptorOf(key);
        leftOut.push(text('settingsfile.noFile', { name: title, file: String(value) }));
        const own = before[key];
        return own === undefined ? [] : [[key, own]];
      }
      checkSetting({ key, value }, known);
      return [[key, value]];
    },
  );
  return Object.fromEntries(entries) as Partial<SettingValues>;
}

function withoutFile(
  upstream: UpstreamSettings,
  { upstreams }: Kept,
  leftOut: string[],
): UpstreamSettings {
  const { name, tlsCa } = upstream;
  if (tlsCa === '' || existsSync(tlsCa)) return upstream;
  leftOut.push(text('settingsfile.noFile', { name, file: tlsCa }));
  return { ...upstream, tlsCa: upstreams.find((one) => one.name === name)?.tlsCa ?? '' };
}

/** What a user has in the keychain stays, and so does what that is. */
function usersOf(
  given: readonly StoredUser[],
  present: readonly StoredUser[],
): readonly StoredUser[] {
  const directory = new Directory(present);
  for (const { name, group } of given) {
    checkName(name);
    checkGroup(group);
    const namesake = directory.namesake(name);
    if (namesake !== undefined && namesake.name !== name) {
      throw new UserError(text('settingsfile.namesake', { name, other: namesake.name }));
    }
  }
  const hashed = (name: string) => directory.get(name)?.hashed ?? false;
  return merged(
    present,
    given.map((user) => ({ ...user, hashed: hashed(user.name) })),
  );
}

function extensionsOf(
  { extensions }: SettingsFile,
  kept: Kept,
  isUsable: Surroundings['isUsable'],
  leftOut: string[],
): Kept['extensions'] {
  const given = extensions?.settings ?? {};
  const settings: Record<string, ContributedValue> = { ...kept.extensions.settings };
  for (const [key, value] of Object.entries(given)) {
    if (isUsable(key, value)) settings[key] = value;
    else leftOut.push(text('settingsfile.noExtension', { name: key }));
  }
  return { ...kept.extensions, settings };
}

function itemsOf(before: Kept, after: Kept): ImportItem[] {
  const settings = DESCRIPTORS.flatMap(({ key, title, choices = [] }): ImportItem[] => {
    const label = (value: SettingValue) =>
      choices.find((choice) => choice.value === value)?.label ?? show(value);
    const [was, is] = [before.settings[key] ?? DEFAULTS[key], after.settings[key] ?? DEFAULTS[key]];
    if (isDeepStrictEqual(was, is)) return [];
    return [
      { kind: 'setting', name: title, change: 'changed', before: label(was), after: label(is) },
    ];
  });
  const own = after.extensions.settings;
  const contributed = Object.keys(own).flatMap((name): ImportItem[] => {
    const [was, is] = [before.extensions.settings[name], own[name]];
    if (isDeepStrictEqual(was, is)) return [];
    const values = { before: was === undefined ? '' : show(was), after: show(is ?? '') };
    return [
      { kind: 'extension', name, change: was === undefined ? 'added' : 'changed', ...values },
    ];
  });
  return [
    ...settings,
    ...named('profile', before.profiles, after.profiles),
    ...named('user', before.users, after.users),
    ...named('upstream', before.upstreams, after.upstreams),
    ...contributed,
  ];
}

function named<T extends { readonly name: string }>(
  kind: ImportItem['kind'],
  before: readonly T[],
  after: readonly T[],
): ImportItem[] {
  const present = new Map(before.map((one) => [one.name, one]));
  return after.flatMap((one): ImportItem[] => {
    const was = present.get(one.name);
    if (was === one) return [];
    const change = was === undefined ? 'added' : 'changed';
    return [{ kind, name: one.name, change, before: undefined, after: undefined }];
  });
}

/** A value in a few words. */
function show(value: ContributedValue | SettingValue): string {
  if (typeof value === 'boolean') return text(value ? 'settingsfile.on' : 'settingsfile.off');
  return Array.isArray(value) ? value.join(', ') : String(value);
}
