import type { Argument } from '../config/commandline.js';
import { namedExtensions } from '../config/extensions.js';
import { loadSettings } from '../config/load.js';
import { checkServerOptions, pickServerOptions } from '../config/options.js';
import { Catalog, type Found } from '../extensions/catalog.js';
import { fileKey } from '../extensions/manifest.js';
import { placesOf } from '../extensions/places.js';
import { secretVariable } from '../extensions/plan.js';
import { createRegistries } from '../extensions/registries.js';
import { expected, type SettingSchema } from '../extensions/settingschema.js';
import { pointNames } from '../extensions/slots/slots.js';
import { wrap } from './help.js';

/**
 * What `--help --extensions` says: the extensions that are bundled, installed, or named by the other
 * options, what they have, and their settings. Nothing of them is loaded.
 *
 * @throws {UserError} if an option or a file is wrong.
 */
export async function extensionsHelp(args: readonly Argument[]): Promise<string> {
  const options = checkServerOptions(pickServerOptions(await loadSettings(args)));
  const points = pointNames(createRegistries());
  const catalog = await Catalog.read(
    namedExtensions(options),
    placesOf(options.extensionsDir),
    points,
  );
  const { found } = catalog;
  if (found.length === 0) {
    return `There are no extensions: none is bundled, installed, or named by --extension FOLDER.\n`;
  }
  const sorted = [...found].sort((a, b) => a.manifest.short.localeCompare(b.manifest.short));
  return `Extensions:\n${sorted.map(entry).join('')}`;
}

function entry({ manifest, origin, enabled }: Found): string {
  const { name, short, version, description, folder, contributes, commands, subcommands } =
    manifest;
  const where = origin === 'folder' ? folder : enabled ? origin : `${origin}, disabled`;
  const lines = [`  ${short} (${name} ${version}, ${where})\n`];
  if (description !== '') lines.push(`${wrap(description)}\n`);
  for (const { id, description: what } of contributes.authenticationSources ?? []) {
    lines.push(item(`--auth ${what.startsWith(`${id}:`) ? what : `${id}:... ${what}`}`));
  }
  for (const [point, list] of Object.entries(contributes)) {
    if (point === 'authenticationSources') continue;
    for (const { id, description: what } of list) lines.push(item(`${point}: ${id} ${what}`));
  }
  for (const { name: word, description: what } of subcommands) {
    lines.push(item(`picosocks5 ${word}: ${what}`));
  }
  for (const { command, title } of commands) lines.push(item(`command ${command}: ${title}`));
  for (const [key, schema] of manifest.settings) lines.push(setting(key, schema));
  return lines.join('');
}

/** What is said of a setting: its key, what it may be, what it is about, its default. */
export function setting(key: string, schema: SettingSchema): string {
  const { description, default: value, secret } = schema;
  if (secret) {
    const file = fileKey(key);
    return item(`${secretVariable(key)} in the environment, or ${file} = FILE: ${description}`);
  }
  const text = Array.isArray(value) ? value.join(' ') : String(value ?? '');
  const usual = text === '' ? '' : ` [${text}]`;
  return item(`${key} = ${expected(schema)}: ${description}${usual}`);
}

function item(text: string): string {
  return `${wrap(text.trim())}\n`;
}
