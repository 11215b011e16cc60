import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../base/errors.js';
import { didYouMean } from '../base/guess.js';
import { type Argument, parseCommandLine } from '../config/commandline.js';
import { namedExtensions } from '../config/extensions.js';
import { loadSettings } from '../config/load.js';
import { checkServerOptions, pickServerOptions } from '../config/options.js';
import { Catalog, isFolder } from '../extensions/catalog.js';
import { ExtensionStore } from '../extensions/install.js';
import { type Places, placesOf } from '../extensions/places.js';
import { createRegistries } from '../extensions/registries.js';
import { pointNames } from '../extensions/slots/slots.js';
import { complain } from '../process/complain.js';
import { describe, inventory, jsonOf, lookUp, table } from './extensionlist.js';
import { newExtension } from './newextension.js';

/** Where a command works, and on what. */
interface Work {
  /** Whether it answers in JSON. */
  readonly json: boolean;
  readonly places: Places;
  readonly points: readonly string[];
  /** Folders and names that the configuration names. */
  readonly named: readonly string[];
}

interface Subcommand {
  /** What has to follow; undefined: nothing. */
  readonly argument: string | undefined;
  readonly hasJson?: boolean;
  readonly help: string;
  /** @returns what is to be printed. */
  readonly run: (work: Work, word: string) => Promise<string>;
}

const subcommands: Readonly<Record<string, Subcommand>> = {
  list: {
    argument: undefined,
    hasJson: true,
    help: `Lists the extensions that are bundled, installed, or named by the configuration
(--config FILE, --extension FOLDER): version, whether they are enabled, and what
they contribute. Nothing of them is loaded.

      --json            as JSON, with all that info shows`,
    run: async (work) => {
      const items = await inventory(await catalogOf(work), work.places);
      return work.json ? json(items.map(jsonOf)) : table(items);
    },
  },
  info: {
    argument: 'NAME',
    hasJson: true,
    help: `Shows what an extension says of itself: what it contributes, and its settings.
NAME is that of an extension that list shows, with or without its scope and
picosocks5-, or a folder. Nothing of it is loaded.

      --json            as JSON`,
    run: async (work, word) => {
      const named = isFolder(word) ? [...work.named, word] : work.named;
      const catalog = await catalogOf({ ...work, named });
      const item = await lookUp(word, catalog, work.places);
      return work.json ? json(jsonOf(item)) : describe(item);
    },
  },
  install: {
    argument: 'SOURCE',
    help: `Installs an extension, or another version in the place of an installed one.
SOURCE is a folder, a .tgz as npm pack makes it, or a name of npm, with @VERSION
if not the latest. What it depends on is installed by npm. Nothing of it is
loaded, and no script of it is run; a server uses it when its configuration
names it. What was there stays until the new one is whole.`,
    run: install,
  },
  remove: {
    argument: 'NAME',
    help: `Removes an installed extension. What it has stored stays. A configuration that
goes on naming it is an error when a server starts, or is reloaded.`,
    run: async ({ places, points }, word) => {
      const name = await new ExtensionStore(places.installed, points).remove(word);
      const storage = join(places.storage, name);
      const stays = existsSync(storage) ? `; what it has stored stays in ${storage}` : '';
      return `removed ${name}${stays}\n`;
    },
  },
  enable: {
    argument: 'NAME',
    help: 'Enables an installed extension that was disabled.',
    run: (work, word) => setEnabled(work, word, true),
  },
  disable: {
    argument: 'NAME',
    help: `Disables an installed extension: it stays installed, and a configuration that
names it is an error.`,
    run: (work, word) => setEnabled(work, word, false),
  },
  new: {
    argument: 'NAME',
    help: `Writes a small extension in TypeScript, with a test that passes, into a new
folder NAME: the beginning of one of your own.`,
    run: (_, word) => newExtension(word),
  },
};

const overview = `Usage: picosocks5 extension COMMAND [OPTION]... [NAME]

  list                  the extensions that there are
  info NAME             what one contributes, and its settings
  install SOURCE        from a folder, a .tgz, or npm: NAME[@VERSION]
  remove NAME           of an installed one
  enable NAME           of one that was disabled
  disable NAME          of an installed one
  new NAME              writes a small one, with a test, into a new folder

Installed extensions are in the user's data folder, or where --extensions-dir
FOLDER says; -c FILE reads that, and which are named, from a configuration file.
"picosocks5 extension COMMAND --help" says more.
`;

/**
 * The command `picosocks5 extension`.
 *
 * @param argv without the names of the program and the command.
 */
export async function extensionCommand(argv: readonly string[]): Promise<void> {
  const [name = ''] = argv;
  const isKnown = Object.hasOwn(subcommands, name);
  try {
    process.stdout.write(isKnown ? await run(name, argv.slice(1)) : withoutCommand(argv));
  } catch (error) {
    complain(isKnown ? `picosocks5 extension ${name}` : 'picosocks5 extension', error);
  }
}

/** @throws {UserError} unless help is what is wanted. */
function withoutCommand([word]: readonly string[]): string {
  if (word === '--help' || word === '-h' || word === 'help') return overview;
  const known = Object.keys(subcommands);
  const list = `${known.slice(0, -1).join(', ')} or ${known.at(-1)}`;
  if (word === undefined) throw new UserError(`expected ${list}; --help says more`);
  const hint = didYouMean(word, known) || `; expected ${list}`;
  throw new UserError(`there is no command "${word}"${hint}`);
}

async function run(name: string, argv: readonly string[]): Promise<string> {
  const { argument, hasJson = false, help, run: answer } = subcommands[name] as Subcommand;
  const json = hasJson && argv.includes('--json');
  const args = parseCommandLine(json ? argv.filter((word) => word !== '--json') : argv);
  if (args.some(({ kind }) => kind === 'help')) {
    const what = argument === undefined ? '' : ` ${argument}`;
    return `Usage: picosocks5 extension ${name} [OPTION]...${what}\n\n${help}
      --extensions-dir FOLDER
                        where installed ones are
  -c, --config FILE     options of a server, such as these, from a file
`;
  }
  const words = args.flatMap((arg) => (isPositional(arg) ? [arg.value] : []));
  const [word = ''] = words;
  if (
    words.length !== (argument === undefined ? 0 : 1) ||
    (argument !== undefined && word === '')
  ) {
    const what = argument === undefined ? 'no argument' : `one ${argument}`;
    throw new UserError(`expected ${what}; --help says more`);
  }
  const options = args.filter((arg) => !isPositional(arg));
  const checked = checkServerOptions(pickServerOptions(await loadSettings(options)));
  const places = placesOf(checked.extensionsDir);
  const points = pointNames(createRegistries());
  return answer({ json, places, points, named: namedExtensions(checked) }, word);
}

type Positional = Extract<Argument, { kind: 'option' }>;

function isPositional(arg: Argument): arg is Positional {
  return arg.kind === 'option' && arg.option.key === 'listen';
}

function catalogOf({ named, places, points }: Work): Promise<Catalog> {
  return Catalog.read(named, places, points);
}

async function install({ places, points }: Work, source: string): Promise<string> {
  const store = new ExtensionStore(places.installed, points);
  const { manifest, entry, before } = await store.install(source);
  const { name, version, folder } = manifest;
  const instead = before === undefined ? '' : ` in the place of ${before}`;
  const use = entry.enabled
    ? `A server uses it when its configuration says "extension = ${name}".`
    : `It is disabled: picosocks5 extension enable ${name}`;
  return `installed ${name} ${version}${instead} in ${folder}\n${use}\n`;
}

async function setEnabled(
  { places, points }: Work,
  word: string,
  enabled: boolean,
): Promise<string> {
  const store = new ExtensionStore(places.installed, points);
  const { name, wasSo } = await store.setEnabled(word, enabled);
  const state = enabled ? 'enabled' : 'disabled';
  return wasSo ? `${name} was ${state} already\n` : `${state} ${name}\n`;
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
