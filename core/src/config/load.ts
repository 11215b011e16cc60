import { readFile } from 'node:fs/promises';
import { systemMessage, UserError } from '../errors.js';
import type { Argument } from './commandline.js';
import { type IniParameter, parseIni } from './ini.js';
import { type GroupOptions, OPTIONS, type Option, parseValue, type Settings } from './options.js';

/** Files that include each other are read no deeper. */
const MAX_DEPTH = 16;

const optionsByName = new Map(OPTIONS.map((option) => [option.name, option]));
const groupParameters = ['network', 'request', 'base'] as const;

/** What is set so far: single values are overridden, lists grow. */
class Builder {
  readonly settings: Record<string, unknown> = {};
  readonly groups: Record<string, { network: string[]; request: string[]; base?: string }> =
    Object.create(null);

  set({ key, schema }: Option, value: unknown): void {
    const before = this.settings[key];
    const grows = schema.type === 'array' && Array.isArray(before) && Array.isArray(value);
    this.settings[key] = grows ? [...before, ...value] : value;
  }

  setInGroup(group: string, { name, value }: IniParameter): void {
    this.groups[group] ??= { network: [], request: [] };
    const rules = this.groups[group];
    if (name === 'base') rules.base = value;
    else {
      const option = optionsByName.get(name) as Option;
      rules[name as 'network' | 'request'].push(...(parseValue(option, value) as string[]));
    }
  }
}

/** Puts the place of a mistake before its message. */
function at<T>(place: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw error instanceof UserError ? new UserError(`${place}: ${error.message}`) : error;
  }
}

async function loadFile(file: string, builder: Builder, depth: number): Promise<void> {
  if (depth > MAX_DEPTH) {
    throw new UserError(`${file}: more than ${MAX_DEPTH} files include each other`);
  }
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new UserError(`cannot read the configuration file "${file}": ${systemMessage(error)}`);
  });
  for (const parameter of parseIni(text, file)) {
    const { section, name, value, line } = parameter;
    const place = `${file}:${line}`;
    if (section !== undefined) {
      at(place, () => {
        if (!groupParameters.some((known) => known === name)) {
          throw new UserError(
            `unknown parameter "${name}" in section [${section}]; ` +
              `expected ${groupParameters.join(', ')}`,
          );
        }
        at(name, () => builder.setInGroup(section, parameter));
      });
    } else if (name === 'include') {
      await loadFile(value, builder, depth + 1).catch((error: unknown) => {
        if (!(error instanceof UserError)) throw error;
        throw new UserError(`${place}: include: ${error.message}`);
      });
    } else {
      const option = optionsByName.get(name);
      if (option === undefined) throw new UserError(`${place}: unknown parameter "${name}"`);
      at(`${place}: ${name}`, () => builder.set(option, parseValue(option, value)));
    }
  }
}

function checkBases(groups: Readonly<Record<string, GroupOptions>>): void {
  for (const [group, { base }] of Object.entries(groups)) {
    if (base !== undefined && !Object.hasOwn(groups, base)) {
      throw new UserError(`section [${group}]: base = ${base}: there is no section [${base}]`);
    }
  }
}

/**
 * Puts the command line and the files that it names together, in their order: what comes later
 * overrides what came before, and lists (`auth`, `network`, `request`, `listen` in files) grow.
 * Addresses on the command line replace those of files.
 *
 * @throws {UserError} naming the option, or file and line, that is wrong.
 */
export async function loadSettings(args: readonly Argument[]): Promise<Settings> {
  const builder = new Builder();
  const listen: string[] = [];
  for (const arg of args) {
    if (arg.kind === 'config') await loadFile(arg.file, builder, 1);
    else if (arg.kind === 'fork') builder.settings['nofork'] = false;
    else if (arg.kind === 'option') {
      const value = at(arg.name, () => parseValue(arg.option, arg.value));
      if (arg.option.key === 'listen') listen.push(arg.value);
      else builder.set(arg.option, value);
    }
  }
  if (listen.length > 0) builder.settings['listen'] = listen;
  checkBases(builder.groups);
  return { ...builder.settings, groups: builder.groups };
}
