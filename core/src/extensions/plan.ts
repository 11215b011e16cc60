import { stat } from 'node:fs/promises';
import { systemMessage, UserError } from '../base/errors.js';
import { didYouMean } from '../base/guess.js';
import { Catalog, type ExtensionFilter, type Found } from './catalog.js';
import { stampOf } from './development.js';
import { fileKey, type Manifest, type Point } from './manifest.js';
import { placesOf } from './places.js';
import {
  checkSetting,
  parseSetting,
  quoted,
  type SettingValue,
  type WrittenSetting,
} from './settingschema.js';
import { demandTrust } from './trust.js';

/** Settings of extensions by their keys: values, or what stands for them in files. */
export type GivenSettings = Readonly<Record<string, SettingValue | readonly WrittenSetting[]>>;

/** What the options of a server say of extensions. */
export interface ExtensionOptions {
  /** Folders and names. */
  readonly extensions: readonly string[];
  /** Those among them whose files may change at any time. */
  readonly development: readonly string[];
  readonly settings: GivenSettings;
  /** Where installed ones are, if that is not the user's data folder. */
  readonly extensionsDir?: string | undefined;
  /** How long an extension has to be activated, and to answer a question, s. */
  readonly activationTimeout: number;
  readonly answerTimeout: number;
}

/** Something that an extension may contribute, and that options ask for. */
export interface Asked {
  readonly point: Point;
  /** Or, of an outbound, the scheme of a URL. */
  readonly id: string;
  /** Of an outbound, whether it is its own id. */
  readonly byId?: boolean;
}

/** An extension that is wanted, with its settings. */
export interface Planned {
  readonly found: Found;
  readonly manifest: Manifest;
  /** By their keys. */
  readonly settings: ReadonlyMap<string, SettingValue>;
  /** What its code is: another one is loaded anew. */
  readonly code: string;
  /** Of one under development, what its files are: {@link stampOf}. */
  readonly stamp: string | undefined;
  /** The files that its secrets stand in, by the keys of these. */
  readonly secretFiles: ReadonlyMap<string, string>;
}

/** Which extensions are wanted. */
export interface Plan {
  readonly wanted: readonly Planned[];
  readonly catalog: Catalog;
  readonly storage: string;
  /** ms. */
  readonly activationTime: number;
  readonly answerTime: number;
}

/** For whom a plan is made. */
export interface PlanFor {
  /** The number of the user that the server will run as, who may change what it loads. */
  readonly user?: number | undefined;
  /** Names of those that are wanted as long as they are there. */
  readonly woken?: ReadonlySet<string>;
  /** Which may be used. */
  readonly permits?: ExtensionFilter | undefined;
}

/**
 * Finds out which extensions are wanted: those that are named, that have settings, or that
 * contribute what is asked for. Only package.json files are read.
 *
 * @param points the registries that there are.
 * @throws {UserError} naming what is wrong: a name, a setting with its place, a package.json, a file
 *   that others could change.
 */
export async function planExtensions(
  options: ExtensionOptions,
  asked: readonly Asked[],
  points: readonly string[],
  { user, woken, permits }: PlanFor = {},
): Promise<Plan> {
  const places = placesOf(options.extensionsDir);
  const catalog = await Catalog.read(options.extensions, places, points, permits);
  const wanted = new Set<Found>();
  for (const text of options.extensions) {
    try {
      wanted.add(catalog.named(text));
    } catch (error) {
      throw UserError.at('extension', error);
    }
  }
  const settings = settingsByOwner(options.settings, catalog);
  for (const found of settings.keys()) wanted.add(found);
  for (const { point, id } of asked) {
    const found = catalog.contributing(point, id, (one) => wanted.has(one));
    if (found !== undefined) wanted.add(found);
  }
  for (const found of catalog.found) {
    if (found.enabled && woken?.has(found.manifest.name)) wanted.add(found);
  }
  demandDistinct(wanted);
  const developed = new Set(options.development.map((text) => catalog.named(text)));
  const planned: Planned[] = [];
  for (const found of wanted) {
    await demandTrustIn(found, user);
    planned.push(await planOf(found, settings.get(found) ?? [], developed.has(found)));
  }
  return {
    wanted: planned,
    catalog,
    storage: places.storage,
    activationTime: options.activationTimeout * 1000,
    answerTime: options.answerTimeout * 1000,
  };
}

/**
 * Makes sure that nobody can put code into an extension who should not. Who can write a bundled one
 * can write the server itself, so these are not looked at.
 *
 * @param user the number of the user that the server runs as.
 * @throws {UserError} as {@link demandTrust} does.
 */
export async function demandTrustIn(
  { origin, manifest }: Found,
  user?: number | undefined,
): Promise<void> {
  if (origin !== 'bundled') await demandTrust(manifest.folder, user);
}

type Entry = readonly [key: string, value: GivenSettings[string]];

/** @throws {UserError} for the setting of an extension that there is not. */
function settingsByOwner(settings: GivenSettings, catalog: Catalog): Map<Found, Entry[]> {
  const owners = new Map<Found, Entry[]>();
  for (const [key, value] of Object.entries(settings)) {
    try {
      const short = catalog.ofSetting(key) ?? key.replace(/\..*$/s, '');
      const found = catalog.ofShort(short);
      owners.set(found, [...(owners.get(found) ?? []), [key, value]]);
    } catch (error) {
      throw UserError.at(`${placeOf(value)}${key}`, error);
    }
  }
  return owners;
}

/** @throws {UserError} if two have the same settings and commands. */
function demandDistinct(wanted: ReadonlySet<Found>): void {
  const owners = new Map<string, string>();
  for (const { manifest } of wanted) {
    const words = [manifest.short, ...manifest.commands.map(({ command }) => `command ${command}`)];
    for (const word of words) {
      const other = owners.get(word);
      if (other !== undefined) {
        throw new UserError(
          `the extensions "${other}" and "${manifest.name}" cannot be used together: both have ` +
            `"${word}"`,
        );
      }
      owners.set(word, manifest.name);
    }
  }
}

/**
 * An extension with its settings.
 *
 * @param isDeveloped whether any change of its files makes it another one.
 * @throws {UserError} if one of them is wrong, or if it has no code.
 */
export async function planOf(
  found: Found,
  entries: readonly Entry[],
  isDeveloped = false,
): Promise<Planned> {
  const { manifest } = found;
  const stamp = isDeveloped ? await stampIn(manifest) : undefined;
  const code = await codeOf(manifest, stamp);
  const settings = new Map<string, SettingValue>();
  const secretFiles = new Map<string, string>();
  const files = new Map(
    [...manifest.settings].flatMap(([key, { secret }]): [string, string][] =>
      secret ? [[fileKey(key), key]] : [],
    ),
  );
  for (const [key, value] of entries) {
    const secret = files.get(key);
    try {
      if (secret === undefined) settings.set(key, settingOf(manifest, key, value));
      else secretFiles.set(secret, fileOf(value));
    } catch (error) {
      throw UserError.at(`${placeOf(value)}${key}`, error);
    }
  }
  return { found, manifest, code, stamp, settings, secretFiles };
}

async function stampIn({ name, folder }: Manifest): Promise<string> {
  try {
    return await stampOf(folder);
  } catch (error) {
    throw new UserError(
      `the files of the extension "${name}" cannot be followed: ${systemMessage(error)}`,
    );
  }
}

async function codeOf(
  { name, folder, main, version }: Manifest,
  stamp: string | undefined,
): Promise<string> {
  try {
    const found = await stat(main);
    if (found.isDirectory()) throw new Error('it is a folder, without index.js');
    return JSON.stringify([folder, version, found.mtimeMs, stamp]);
  } catch (error) {
    throw new UserError(`the extension "${name}" has no "${main}": ${systemMessage(error)}`);
  }
}

function settingOf(manifest: Manifest, key: string, value: GivenSettings[string]): SettingValue {
  const schema = manifest.settings.get(key);
  if (schema === undefined) throw noSetting(manifest, key);
  if (schema.secret) {
    throw new UserError(
      `it is a secret, which does not stand here; expected ${secretVariable(key)} in the ` +
        `environment, or a file that ${fileKey(key)} names`,
    );
  }
  return isWritten(value)
    ? parseSetting(
        schema,
        value.map(({ text }) => text),
      )
    : checkSetting(schema, value);
}

function fileOf(value: GivenSettings[string]): string {
  const text = isWritten(value) ? value.at(-1)?.text : value;
  if (typeof text === 'string' && text !== '') return text;
  throw new UserError(`expected the name of a file, not ${quoted(value)}`);
}

function noSetting({ name, short, settings }: Manifest, key: string): UserError {
  const known = [...settings].flatMap(([own, { secret }]) => (secret ? [fileKey(own)] : [own]));
  const words = known.map((own) => own.slice(short.length + 1));
  const word = key.slice(short.length + 1);
  const bare = word.startsWith(`${short}.`) ? word.slice(short.length + 1) : word;
  const hint =
    didYouMean(bare, words) || (known.length > 0 ? `; expected ${words.join(', ')}` : '');
  return new UserError(`the extension "${name}" has no setting "${word}"${hint}`);
}

/** The environment variable that a secret stands in: `PICOSOCKS5_SECRET_LDAP_PASSWORD`. */
export function secretVariable(key: string): string {
  return `PICOSOCKS5_SECRET_${key.toUpperCase().replace(/[^A-Z0-9]/g, '_')}`;
}

function isWritten(value: GivenSettings[string]): value is readonly WrittenSetting[] {
  return Array.isArray(value) && value.length > 0 && typeof value[0] === 'object';
}

/** Where a setting stands, as it begins a message. */
function placeOf(value: GivenSettings[string]): string {
  const place = isWritten(value) ? value.at(-1)?.place : undefined;
  return place === undefined ? '' : `${place}: `;
}
