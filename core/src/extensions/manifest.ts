import { readFile, realpath } from 'node:fs/promises';
import { isAbsolute, join, relative } from 'node:path';
import { codeOf, messageOf, systemMessage, UserError } from '../base/errors.js';
import { didYouMean } from '../base/guess.js';
import { version } from '../base/version.js';
import { mainFile } from './mainfile.js';
import type { Registries } from './registries.js';
import { quoted, readSchema, type SettingSchema } from './settingschema.js';

/** A registry, as a manifest names it. */
export type Point = keyof Registries;

/** Something that an extension says it registers. */
export interface Contribution {
  readonly id: string;
  readonly description: string;
  /** Of a way out or a resolver: the schemes of URLs by which it is asked for. */
  readonly schemes: readonly string[];
  /** Of a layer: whether it lets nobody in whom it cannot identify, so that no users are needed. */
  readonly identifies: boolean;
  /** Of a way out: whether it stands before all others, so that no rule leads to it. */
  readonly before?: boolean;
}

/** A command that an extension has. */
export interface CommandContribution {
  /** Its id, such as `ldap.test`. */
  readonly command: string;
  readonly title: string;
  /** Whether it stands in the tray's menu as well. */
  readonly tray: boolean;
}

/** A command of the command line, `picosocks5 NAME`, that an extension has. */
export interface SubcommandContribution {
  readonly name: string;
  /** The file that exports `run(args, tools)`. */
  readonly main: string;
  readonly description: string;
}

/** A view of the window, which shows data of an extension. */
export interface ViewContribution {
  readonly id: string;
  readonly title: string;
  readonly kind: 'table' | 'form' | 'text' | 'status';
}

/** What an extension says of itself in its package.json. */
export interface Manifest {
  /** The package's name. */
  readonly name: string;
  /** The name without scope and without `picosocks5-`: what its settings and section begin with. */
  readonly short: string;
  readonly displayName: string;
  readonly version: string;
  readonly description: string;
  readonly publisher: string;
  /** Its folder, without symbolic links. */
  readonly folder: string;
  /** The file that has `activate()`. */
  readonly main: string;
  readonly contributes: Readonly<Partial<Record<Point, readonly Contribution[]>>>;
  /** The heading of its settings. */
  readonly title: string;
  /** By their keys, such as `ldap.bindDn`. */
  readonly settings: ReadonlyMap<string, SettingSchema>;
  readonly commands: readonly CommandContribution[];
  readonly subcommands: readonly SubcommandContribution[];
  readonly views: readonly ViewContribution[];
}

const PACKAGE_NAME = /^(@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/;
const ID = /^[\w@][\w@.+/-]*$/;
const SCHEME = /^[a-z][a-z0-9+.-]*$/;
/** What ids have to be that stand in options: before the colon of `--auth`, before `://`. */
const idForms: Readonly<Partial<Record<Point, readonly [form: RegExp, what: string]>>> = {
  authenticationSources: [/^\w{2,}$/, 'a word of 2 or more characters'],
  layers: [SCHEME, 'a scheme of small letters such as "tls"'],
};
/** What a word of the command line must be to be a subcommand's name. */
const SUBCOMMAND = /^[a-z][a-z0-9-]{1,30}$/;
const viewKinds = ['table', 'form', 'text', 'status'] as const;

/** The name of a package without its scope and without `picosocks5-`. */
export function shortName(name: string): string {
  return name.replace(/^@[^/]*\//, '').replace(/^picosocks5-(?=.)/, '');
}

/** Whether a text could be the name of a package, with or without `picosocks5-`. */
export function isPackageName(text: string): boolean {
  return text.length <= 214 && PACKAGE_NAME.test(text);
}

/**
 * Reads and checks the package.json of an extension. Nothing of it is loaded.
 *
 * @param points the registries that there are.
 * @throws {UserError} naming the file and what is wrong in it.
 */
export async function readManifest(folder: string, points: readonly string[]): Promise<Manifest> {
  const file = join(folder, 'package.json');
  let text: string;
  let real: string;
  try {
    text = await readFile(file, 'utf8');
    real = await realpath(folder);
  } catch (error) {
    const isNone = codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR';
    const what = isNone ? 'is no extension' : 'cannot be read';
    const isTarball = /\.(tgz|tar\.gz)$/i.test(folder);
    const install = isTarball
      ? `; expected it installed: picosocks5 extension install ${folder}`
      : '';
    throw new UserError(`"${folder}" ${what}: "${file}": ${systemMessage(error)}${install}`);
  }
  try {
    return await parseManifest(text, real, points);
  } catch (error) {
    throw UserError.at(file, error);
  }
}

async function parseManifest(
  text: string,
  folder: string,
  points: readonly string[],
): Promise<Manifest> {
  const given = objectOf('package.json', parseJson(text));
  const name = given['name'];
  if (typeof name !== 'string' || !isPackageName(name)) {
    throw new UserError(`name: expected the name of a package${butFound(name)}`);
  }
  const short = shortName(name);
  // What one for another version contributes may be unknown here.
  await demandFit(given['engines']);
  const contributes = objectOf('contributes', given['contributes'] ?? {});
  const known = [...points, 'configuration', 'commands', 'subcommands', 'views'];
  for (const point of Object.keys(contributes)) {
    if (known.includes(point)) continue;
    const hint = didYouMean(point, known) || `; expected some of ${known.join(', ')}`;
    throw new UserError(`contributes.${point}: there is no such registry${hint}`);
  }
  return {
    name,
    short,
    displayName: textOf(given, 'displayName') ?? short,
    version: await versionOf(given['version']),
    description: textOf(given, 'description') ?? '',
    publisher: publisherOf(given),
    folder,
    main: await mainFile(mainOf(given['main'], folder)),
    contributes: contributionsOf(contributes, points),
    ...settingsOf(contributes['configuration'], short),
    commands: listOf('contributes.commands', contributes['commands'], commandOf, 'command'),
    subcommands: listOf(
      'contributes.subcommands',
      contributes['subcommands'],
      (item) => subcommandOf(item, folder),
      'name',
    ),
    views: listOf('contributes.views', contributes['views'], viewOf, 'id'),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw new UserError(`it is no JSON: ${messageOf(error)}`);
  }
}

async function versionOf(value: unknown): Promise<string> {
  const { default: valid } = await import('semver/functions/valid.js');
  const found = typeof value === 'string' ? valid(value) : null;
  if (found === null) throw new UserError(`version: expected one like 1.0.0${butFound(value)}`);
  return found;
}

/** @throws {UserError} if it was not written for this version. */
async function demandFit(engines: unknown): Promise<void> {
  const range = objectOf('engines', engines ?? {})['picosocks5'];
  const { default: satisfies } = await import('semver/functions/satisfies.js');
  const { default: validRange } = await import('semver/ranges/valid.js');
  if (typeof range !== 'string' || range.trim() === '' || validRange(range) === null) {
    const such = `expected the versions that it is for, such as "^${version}"`;
    throw new UserError(`engines.picosocks5: ${such}${butFound(range)}`);
  }
  if (satisfies(version, range, { includePrerelease: true })) return;
  throw new UserError(`engines.picosocks5: it is for ${range}, and this is ${version}`);
}

function mainOf(value: unknown, folder: string, has = 'activate()'): string {
  if (typeof value !== 'string' || value === '') {
    throw new UserError(`main: expected the file that has ${has}${butFound(value)}`);
  }
  const main = join(folder, value);
  const inside = relative(folder, main);
  if (isAbsolute(value) || inside.startsWith('..') || isAbsolute(inside)) {
    throw new UserError(`main: "${value}" is not in the folder of the extension`);
  }
  return main;
}

function publisherOf(given: Given): string {
  const { publisher, author } = given;
  if (typeof publisher === 'string') return publisher;
  const name = typeof author === 'object' && author !== null ? (author as Given)['name'] : author;
  return typeof name === 'string' ? name.replace(/\s*[<(].*$/, '') : '';
}

function contributionsOf(
  contributes: Given,
  points: readonly string[],
): Partial<Record<Point, readonly Contribution[]>> {
  const found: Partial<Record<Point, readonly Contribution[]>> = {};
  for (const point of points as readonly Point[]) {
    const place = `contributes.${point}`;
    const read = (item: Given) => contributionOf(point, item);
    const list = listOf(place, contributes[point], read, 'id');
    if (list.length > 0) found[point] = list;
  }
  return found;
}

function contributionOf(point: Point, item: Given): Contribution {
  const id = item['id'];
  const [form, what] = idForms[point] ?? [ID, 'a word'];
  if (typeof id !== 'string' || id.length > 100 || !form.test(id)) {
    throw new UserError(`id: expected ${what}${butFound(id)}`);
  }
  const own = { id, description: textOf(item, 'description') ?? '' };
  if (point === 'layers') return { ...own, schemes: [], identifies: flagOf(item, 'identifies') };
  if (point !== 'outbounds' && point !== 'resolvers') {
    return { ...own, schemes: [], identifies: false };
  }
  const { schemes = SCHEME.test(id) ? [id] : [] } = item;
  const isScheme = (one: unknown) => typeof one === 'string' && SCHEME.test(one);
  if (!Array.isArray(schemes) || !schemes.every(isScheme)) {
    throw new UserError(`schemes: expected a list such as ["ssh"]${butFound(schemes)}`);
  }
  const before = flagOf(item, 'before') ? { before: true } : {};
  return { ...own, schemes: before.before ? [] : schemes, identifies: false, ...before };
}

function settingsOf(value: unknown, short: string): Pick<Manifest, 'title' | 'settings'> {
  // As VS Code has it, one object or several.
  const parts = Array.isArray(value) ? value : value === undefined ? [] : [value];
  const settings = new Map<string, SettingSchema>();
  let title: string | undefined;
  for (const part of parts) {
    const place = 'contributes.configuration';
    const given = objectOf(place, part);
    title ??= textOf(given, 'title');
    const properties = objectOf(`${place}.properties`, given['properties'] ?? {});
    for (const [key, schema] of Object.entries(properties)) {
      if (!key.startsWith(`${short}.`) || key === `${short}.` || /[\s=\]]/.test(key)) {
        throw new UserError(`${place}: the key "${key}" does not begin with "${short}."`);
      }
      try {
        settings.set(key, readSchema(schema));
      } catch (error) {
        throw UserError.at(`${place}: ${key}`, error);
      }
    }
  }
  for (const [key, { secret }] of settings) {
    if (secret && settings.has(fileKey(key))) {
      throw new UserError(
        `"${fileKey(key)}" names the file of the secret "${key}": expected another key`,
      );
    }
  }
  return { title: title ?? short, settings };
}

/** The key of the setting that names the file in which a secret stands. */
export function fileKey(secret: string): string {
  return `${secret}-file`;
}

function commandOf(item: Given): CommandContribution {
  const { command, tray = false } = item;
  if (typeof command !== 'string' || !ID.test(command)) {
    throw new UserError(`command: expected an id such as "ldap.test"${butFound(command)}`);
  }
  return { command, title: textOf(item, 'title') ?? command, tray: tray === true };
}

function subcommandOf(item: Given, folder: string): SubcommandContribution {
  const { name } = item;
  if (typeof name !== 'string' || !SUBCOMMAND.test(name)) {
    throw new UserError(`name: expected a word such as "userdb"${butFound(name)}`);
  }
  const main = mainOf(item['main'], folder, 'run()');
  return { name, main, description: textOf(item, 'description') ?? '' };
}

function viewOf(item: Given): ViewContribution {
  const { id } = item;
  const kind = viewKinds.find((one) => one === item['kind']);
  if (typeof id !== 'string' || !ID.test(id)) {
    throw new UserError(`id: expected an id such as "ldap.status"${butFound(id)}`);
  }
  if (kind === undefined) {
    throw new UserError(`kind: expected one of ${viewKinds.join(', ')}${butFound(item['kind'])}`);
  }
  return { id, title: textOf(item, 'title') ?? id, kind };
}

/** What stands in the place of what was expected, as the end of a sentence. */
function butFound(value: unknown): string {
  return value === undefined ? ', and it is missing' : `, not ${quoted(value)}`;
}

type Given = Readonly<Record<string, unknown>>;

function objectOf(place: string, value: unknown): Given {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Given;
  throw new UserError(`${place}: expected an object${butFound(value)}`);
}

function textOf(given: Given, name: string): string | undefined {
  const value = given[name];
  if (value === undefined || typeof value === 'string') return value;
  throw new UserError(`${name}: expected a text${butFound(value)}`);
}

function flagOf(given: Given, name: string): boolean {
  const value = given[name] ?? false;
  if (typeof value === 'boolean') return value;
  throw new UserError(`${name}: expected true or false${butFound(value)}`);
}

/** @param id what tells its items apart. */
function listOf<T, K extends keyof T>(
  place: string,
  value: unknown,
  read: (item: Given) => T,
  id: K,
): readonly T[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw new UserError(`${place}: expected a list${butFound(value)}`);
  const items: T[] = [];
  for (const [i, one] of value.entries()) {
    try {
      const item = read(objectOf('an item', one));
      if (items.some((other) => other[id] === item[id])) {
        throw new UserError(`"${item[id]}" stands there twice`);
      }
      items.push(item);
    } catch (error) {
      throw UserError.at(`${place}[${i}]`, error);
    }
  }
  return items;
}
