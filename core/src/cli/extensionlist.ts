import { join } from 'node:path';
import { UserError } from '../base/errors.js';
import { didYouMean } from '../base/guess.js';
import { type Catalog, type Found, isFolder, type Origin } from '../extensions/catalog.js';
import type {
  CommandContribution,
  Contribution,
  ViewContribution,
} from '../extensions/manifest.js';
import { type InstalledExtension, type Places, readInstalled } from '../extensions/places.js';
import type { SettingSchema } from '../extensions/settingschema.js';
import { setting } from './extensionshelp.js';
import { wrap } from './help.js';

/** What is shown of an extension. */
export interface Item {
  /** The package's name; of one that is broken, what is known of it. */
  readonly name: string;
  readonly short: string;
  readonly displayName: string;
  readonly version: string;
  readonly description: string;
  readonly publisher: string;
  readonly origin: Origin | 'broken';
  readonly enabled: boolean;
  readonly folder: string;
  /** Of an installed one, where it came from and the SHA-512 of its tarball in Base64. */
  readonly source: string | undefined;
  readonly sha512: string | undefined;
  readonly contributes: Readonly<Record<string, readonly Contribution[]>>;
  readonly settings: ReadonlyMap<string, SettingSchema>;
  readonly commands: readonly CommandContribution[];
  readonly views: readonly ViewContribution[];
  /** Why it cannot be used; undefined if it can. */
  readonly error: string | undefined;
}

/** What there is, sorted by name. */
export async function inventory(catalog: Catalog, places: Places): Promise<Item[]> {
  const installed = await readInstalled(places.installed);
  const items = catalog.found.map((found) => itemOf(found, installed));
  for (const { name, error } of catalog.broken) {
    const entry = installed.get(name);
    items.push({
      ...nothing,
      name,
      short: name.replace(/^.*[/\\](?=.)/, '').replace(/^picosocks5-(?=.)/, ''),
      displayName: name,
      version: entry?.version ?? '',
      enabled: entry?.enabled ?? true,
      folder: entry === undefined ? name : join(places.installed, entry.folder),
      source: entry?.source,
      sha512: entry?.sha512,
      error: error.message,
    });
  }
  return items.sort((a, b) =>
    a.short === b.short ? compare(a.name, b.name) : compare(a.short, b.short),
  );
}

const nothing = {
  description: '',
  publisher: '',
  origin: 'broken' as const,
  contributes: {},
  settings: new Map<string, SettingSchema>(),
  commands: [],
  views: [],
};

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function itemOf(
  { manifest, origin, enabled }: Found,
  installed: ReadonlyMap<string, InstalledExtension>,
): Item {
  const { name, short, displayName, version, description, publisher, folder } = manifest;
  const { contributes, settings, commands, views } = manifest;
  const entry = origin === 'installed' ? installed.get(name) : undefined;
  return {
    ...{ name, short, displayName, version, description, publisher, origin, enabled, folder },
    source: entry?.source,
    sha512: entry?.sha512,
    contributes,
    ...{ settings, commands, views },
    error: undefined,
  };
}

/** One as `--json` tells it. */
export function jsonOf({ settings, ...item }: Item): object {
  const schemas = [...settings].map(([key, schema]) => {
    return [key, { ...schema, pattern: schema.pattern?.source }] as const;
  });
  return { ...item, settings: Object.fromEntries(schemas) };
}

/**
 * One of them, disabled ones included.
 *
 * @param text a folder, or a name with or without scope and `picosocks5-`.
 * @throws {UserError} if there is none, if several have the name, or if it is broken.
 */
export async function lookUp(text: string, catalog: Catalog, places: Places): Promise<Item> {
  const items = await inventory(catalog, places);
  const { folder } = isFolder(text) ? catalog.named(text).manifest : { folder: undefined };
  const exact = items.filter(({ name, folder: own }) => name === text || own === folder);
  const meant = exact.length > 0 ? exact : items.filter(({ short }) => short === text);
  const [item, another] = meant;
  if (item === undefined) {
    const hint = didYouMean(
      text,
      items.flatMap(({ name, short }) => [short, name]),
    );
    throw new UserError(
      `there is no extension "${text}"${hint || '; "picosocks5 extension list" says which there are'}`,
    );
  }
  if (another !== undefined) {
    const names = meant.map(({ name }) => `"${name}"`).join(' and ');
    throw new UserError(`"${text}" could be ${names}: expected the whole name`);
  }
  if (item.error !== undefined) throw new UserError(item.error);
  return item;
}

/** Lists them in columns. */
export function table(items: readonly Item[]): string {
  if (items.length === 0) {
    return (
      'There are no extensions: none is bundled or installed, or named by the configuration.\n' +
      '"picosocks5 extension install --help" says how one is installed.\n'
    );
  }
  const rows = [
    ['NAME', 'VERSION', 'FROM', 'STATE', 'CONTRIBUTES'],
    ...items.map((item) => [
      plain(item.name),
      item.version || '-',
      item.origin === 'broken' ? '-' : item.origin,
      item.error !== undefined ? 'broken' : item.enabled ? 'enabled' : 'disabled',
      plain(item.error ?? (contributions(item).join(', ') || '-')),
    ]),
  ];
  const widths = rows[0]?.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0))) ?? [];
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, i) => cell.padEnd(widths[i] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

/** Words for what one contributes: `accessPolicies blocklist`. */
function contributions({ contributes, settings, commands, views }: Item): string[] {
  const some = Object.entries(contributes).map(
    ([point, list]) => `${point} ${list.map(({ id }) => id).join(' ')}`,
  );
  const counts: [number, string, string][] = [
    [settings.size, 'setting', 'settings'],
    [commands.length, 'command', 'commands'],
    [views.length, 'view', 'views'],
  ];
  const more = counts.flatMap(([n, one, many]) => (n > 0 ? [`${n} ${n === 1 ? one : many}`] : []));
  return [...some, ...more];
}

/** All of one. */
export function describe(item: Item): string {
  const { name, short, displayName, version, description, publisher, origin, enabled } = item;
  const state = enabled ? origin : `${origin}, disabled`;
  const lines = [`${displayName} (${name} ${version}, ${state})\n`];
  if (description !== '') lines.push(`${wrap(description)}\n`);
  const facts: [string, string | undefined][] = [
    ['publisher', publisher || undefined],
    ['folder', item.folder],
    ['source', item.source],
    ['sha512', item.sha512],
  ];
  for (const [word, value] of facts) {
    if (value !== undefined) lines.push(`  ${word.padEnd(10)} ${value}\n`);
  }
  const own: string[] = [];
  for (const [point, list] of Object.entries(item.contributes)) {
    for (const { id, description: what } of list) own.push(`  ${point} ${id}\n`, detail(what));
  }
  for (const { command, title } of item.commands) own.push(`  command ${command}\n`, detail(title));
  for (const { id, title, kind } of item.views) own.push(`  view ${id} (${kind})\n`, detail(title));
  if (own.length > 0) lines.push('\nContributes:\n', ...own);
  if (item.settings.size > 0) {
    lines.push(`\nSettings, in a section [extension:${short}] without "${short}.":\n`);
    for (const [key, schema] of item.settings) lines.push(setting(key, schema));
  }
  return plain(lines.join(''));
}

function detail(text: string): string {
  return text === '' ? '' : `${wrap(text)}\n`;
}

/** Text of an extension, which is not to talk to a terminal. */
function plain(text: string): string {
  return text.replace(/(?!\n)\p{Cc}/gu, '\ufffd');
}
