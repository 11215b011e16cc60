import type {
  ContributedValue,
  SettingValues,
  UpstreamSettings,
  UserLimits,
} from '../ipc/contract.js';
import { text } from '../words/words.js';

/** A user as the settings file has it: passwords are in the keychain. */
export interface StoredUser {
  readonly name: string;
  readonly group: string;
  readonly disabled: boolean;
  /** Whether the keychain has a crypt(3) hash for it, not the password itself. */
  readonly hashed: boolean;
  /** Left out if it has none. */
  readonly limits?: UserLimits;
}

/** Where the window was, in the coordinates of the screen. */
export interface WindowPlace {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly maximized: boolean;
  /** How large its page is, as Electron counts: a fifth more for each whole one. */
  readonly zoom?: number;
}

/** What the user has said of extensions. */
export interface StoredExtensions {
  /** The names of bundled ones that are not to be used. */
  readonly disabled: readonly string[];
  /** Installed ones that may run: each in the folder that it had when the user said so. */
  readonly allowed: readonly { readonly name: string; readonly folder: string }[];
  /** Folders that somebody works on. */
  readonly folders: readonly { readonly path: string; readonly enabled: boolean }[];
  /** The accounts of their secrets, which are in the keychain. */
  readonly secrets: readonly string[];
  /** Their settings that are not as they come, by their keys. */
  readonly settings: Readonly<Record<string, ContributedValue>>;
}

export const NO_EXTENSIONS: StoredExtensions = {
  ...{ disabled: [], allowed: [], folders: [], secrets: [], settings: {} },
};

/** A named set of settings that differ while it is in use. */
export interface StoredProfile {
  readonly name: string;
  readonly settings: Partial<SettingValues>;
  /** Networks in which it is used by itself, as `profiles/networks.ts` has them. */
  readonly networks: readonly string[];
}

/** What the settings file holds. */
export interface SettingsFile {
  /** The version of this format. */
  readonly version: number;
  /** The settings that are not as they come. */
  readonly settings: Partial<SettingValues>;
  readonly users: readonly StoredUser[];
  /** Servers that connections go through; passwords are in the keychain. */
  readonly upstreams?: readonly UpstreamSettings[];
  readonly extensions?: StoredExtensions;
  readonly profiles?: readonly StoredProfile[];
  /** The name of the profile that is in use; empty: none. */
  readonly profile?: string;
  readonly window?: WindowPlace;
  /** Whether a window begins with the welcome page, until that is closed. */
  readonly welcome?: boolean;
}

/** What a person keeps in it: all but where the window is, and how it begins. */
export type Kept = Required<Omit<SettingsFile, 'version' | 'window' | 'welcome'>>;

/** Makes a file of one version one of the next. */
export type Migration = (file: Readonly<Record<string, unknown>>) => Record<string, unknown>;

/** How files of older versions are made new: the first one leads from version 1 to 2. */
export const MIGRATIONS: readonly Migration[] = [];

export const VERSION = MIGRATIONS.length + 1;

/** What a new installation starts with. */
export const EMPTY: SettingsFile = { version: VERSION, settings: {}, users: [] };

/**
 * Makes a settings file of an older version a present one.
 *
 * @throws if it is newer than this app, or says no version.
 */
export function migrate(
  file: Readonly<Record<string, unknown>>,
  migrations: readonly Migration[] = MIGRATIONS,
): Record<string, unknown> {
  const newest = migrations.length + 1;
  const { version } = file;
  if (typeof version !== 'number' || !Number.isInteger(version) || version < 1) {
    throw new Error(text('settingcheck.noVersion'));
  }
  if (version > newest) throw new Error(text('settingcheck.newer', { version: String(version) }));
  let migrated: Record<string, unknown> = { ...file };
  for (const step of migrations.slice(version - 1)) migrated = step(migrated);
  return { ...migrated, version: newest };
}
