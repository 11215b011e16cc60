import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { systemMessage, UserError } from '../base/errors.js';
import { didYouMean } from '../base/guess.js';
import { at, Builder, optionsByName } from './builder.js';
import type { Argument } from './commandline.js';
import { parseIni } from './ini.js';
import { type Option, parseValue } from './option.js';
import { OPTIONS } from './optionlist.js';
import { checkBases } from './sections.js';
import type { Settings } from './settings.js';

/** Parameters that may be given several times. */
const growing = new Set(
  OPTIONS.filter(({ schema }) => schema.type === 'array').map(({ name }) => name),
);

type Warn = (message: string) => void;

/** What a file says once: a second value puts the first one out of force. */
class Once {
  readonly #lines = new Map<string, { readonly line: number; readonly value: string }>();
  readonly #warn: Warn;

  constructor(warn: Warn) {
    this.#warn = warn;
  }

  note(file: string, line: number, section: string | undefined, name: string, value: string): void {
    const key = JSON.stringify([section?.replace(/:\s+/, ':'), name]);
    const before = this.#lines.get(key);
    this.#lines.set(key, { line, value });
    if (before === undefined || before.value === value) return;
    const what = section === undefined ? name : `${name} of [${section}]`;
    this.#warn(
      `${file}:${line}: ${what}: line ${before.line} is not in force, as this one follows`,
    );
  }
}

/** A file that another one names: beside that one, or else from the working directory. */
function beside(file: string, name: string): string {
  if (isAbsolute(name)) return name;
  const candidate = join(dirname(file), name);
  return existsSync(candidate) ? candidate : name;
}

/** A source of users that a file names: its file as {@link beside} finds it. */
function sourceBeside(file: string, source: string): string {
  const [, format = '', name = ''] = /^(password:|(?!\w{2,}:))(.*)$/s.exec(source) ?? [];
  return name === '' ? source : format + beside(file, name);
}

/** A value as it counts in a file: what names another one does so from its folder. */
function valueIn(file: string, names: Option['names'], value: string): string {
  if (names === 'source') return sourceBeside(file, value);
  if (names === 'extension')
    return /[\\/]/.test(value) && !value.startsWith('@') ? beside(file, value) : value;
  return names === 'file' && value !== '' ? beside(file, value) : value;
}

/** Whether a section is about an extension, whose settings are its own. */
function isExtension(section: string): boolean {
  return /^extension\s*:/.test(section);
}

/** What a parameter of a section names. */
function namesIn(builder: Builder, section: string, name: string): Option['names'] {
  if (!isExtension(section)) return builder.namedBy(section, name);
  return name.endsWith('-file') ? 'file' : undefined;
}

/** @param including the files that include this one, the innermost last. */
async function loadFile(
  file: string,
  builder: Builder,
  warn: Warn,
  including: readonly string[] = [],
): Promise<void> {
  const path = resolve(file);
  if (including.includes(path)) throw new UserError(`"${file}" includes itself`);
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new UserError(`cannot read the configuration file "${file}": ${systemMessage(error)}`);
  });
  const once = new Once(warn);
  const open = (section: string, line: number) => {
    const place = `${file}:${line}`;
    at(place, () => builder.openSection(section, place));
  };
  for (const { section, name, value, line } of parseIni(text, file, open)) {
    const place = `${file}:${line}`;
    const option = optionsByName.get(name);
    if (section !== undefined) {
      at(place, () => {
        const text = valueIn(file, namesIn(builder, section, name), value);
        builder.setInSection(section, name, text, place);
      });
      if (!growing.has(name) && !isExtension(section)) once.note(file, line, section, name, value);
    } else if (name === 'include') {
      await loadFile(beside(file, value), builder, warn, [...including, path]).catch(
        (error: unknown) => {
          if (!(error instanceof UserError)) throw error;
          throw new UserError(`${place}: include: ${error.message}`);
        },
      );
    } else {
      if (option === undefined) {
        const hint = didYouMean(name, [...optionsByName.keys(), 'include']);
        throw new UserError(`${place}: unknown parameter "${name}"${hint}`);
      }
      const text = valueIn(file, option.names, value);
      at(`${place}: ${name}`, () => builder.set(option, parseValue(option, text)));
      if (!growing.has(name)) once.note(file, line, section, name, value);
    }
  }
}

/**
 * Puts the command line and the files that it names together, in their order: what comes later
 * overrides what came before, and lists (`auth`, `network`, `request`, `listen` in files) grow.
 * Addresses on the command line replace those of files.
 *
 * @param warn told of what is written and not in force.
 * @throws {UserError} naming the option, or file and line, that is wrong.
 */
export async function loadSettings(
  args: readonly Argument[],
  warn: (message: string) => void = () => {},
): Promise<Settings> {
  const builder = new Builder();
  const listen: string[] = [];
  for (const arg of args) {
    if (arg.kind === 'config') await loadFile(arg.file, builder, warn);
    else if (arg.kind === 'fork') builder.replace('nofork', false);
    else if (arg.kind === 'set') builder.extensions.addPair(arg.pair, '--set');
    else if (arg.kind === 'option') {
      const value = at(arg.name, () => parseValue(arg.option, arg.value));
      if (arg.option.key === 'listen') listen.push(arg.value);
      else builder.set(arg.option, value);
    }
  }
  if (listen.length > 0) builder.replace('listen', listen);
  const settings = builder.settings();
  checkBases(settings.groups ?? {}, (group) => builder.placeOf('group', group, 'base'));
  return settings;
}
