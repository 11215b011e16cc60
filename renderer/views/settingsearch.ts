import type {
  ContributedSetting,
  SettingDescriptor,
  SettingKey,
  SettingsState,
} from '../../main/ipc/contract.js';

/** What is searched for: words, and whether settings that are as they come are left out. */
export interface Search {
  readonly words: readonly string[];
  readonly modified: boolean;
}

const MODIFIED = '@modified';

/** Reads what was typed into the search: `@modified` stands among the words, as in VS Code. */
export function parseSearch(typed: string): Search {
  const all = typed.toLowerCase().split(/\s+/).filter(Boolean);
  return { words: all.filter((word) => word !== MODIFIED), modified: all.includes(MODIFIED) };
}

/** A search with or without `@modified`. */
export function withModified(typed: string, modified: boolean): string {
  const words = typed.split(/\s+/).filter((word) => word !== '' && word.toLowerCase() !== MODIFIED);
  return (modified ? [MODIFIED, ...words] : words).join(' ');
}

function has({ words }: Search, ...texts: string[]): boolean {
  const all = texts.join(' ').toLowerCase();
  return words.every((word) => all.includes(word));
}

/** What of the settings is shown. */
export interface Found {
  readonly own: readonly SettingDescriptor[];
  readonly contributed: readonly ContributedSetting[];
  /** Whether profiles are among what is searched for. */
  readonly profiles: boolean;
}

/**
 * Finds settings.
 *
 * @param drafts the settings that are being changed: they are modified as well.
 * @param profiles what stands for the profiles, in words.
 */
export function findSettings(
  search: Search,
  descriptors: readonly SettingDescriptor[],
  contributed: readonly ContributedSetting[],
  { modified, profiles: { profiles } }: SettingsState,
  drafts: readonly string[],
  profilesText: string,
): Found {
  const isModified = (key: SettingKey) => modified.includes(key) || drafts.includes(key);
  return {
    own: descriptors.filter(({ title, description, key, section }) => {
      return (!search.modified || isModified(key)) && has(search, title, description, key, section);
    }),
    contributed: contributed.filter((one) => {
      const { title, description, key, section } = one;
      const isOther = one.modified || one.isSet || drafts.includes(`extension:${key}`);
      return (!search.modified || isOther) && has(search, title, description, key, section);
    }),
    profiles:
      (!search.modified || profiles.length > 0) &&
      has(search, profilesText, ...profiles.map(({ name }) => name)),
  };
}
