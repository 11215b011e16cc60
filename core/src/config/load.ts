import { readFile } from 'node:fs/promises';
import type { AllowanceLimits } from '../access/allowance.js';
import { systemMessage, UserError } from '../errors.js';
import type { Argument } from './commandline.js';
import { parseIni } from './ini.js';
import { type Option, parseValue } from './option.js';
import { OPTIONS } from './optionlist.js';
import type { GroupOptions, Settings } from './settings.js';
import { parseCount, parseSize } from './sizes.js';

const optionsByName = new Map(OPTIONS.map((option) => [option.name, option]));

/** How much a user or a group may use: parameters of a section, and how they are read. */
const limitParameters: Readonly<
  Record<string, readonly [key: keyof AllowanceLimits, parse: (text: string) => number]>
> = {
  maxconn: ['connections', parseCount],
  'rate-up': ['rateUp', parseSize],
  'rate-down': ['rateDown', parseSize],
  'quota-day': ['perDay', parseSize],
  'quota-month': ['perMonth', parseSize],
};
const ruleParameters = ['network', 'request', 'base'];

/** The start of the name of a section about one user; no group's name has a colon. */
const USER = 'user:';

type Limits = { -readonly [K in keyof AllowanceLimits]: AllowanceLimits[K] };

interface Group {
  readonly network: string[];
  readonly request: string[];
  base?: string;
  readonly limits: Limits;
}

/** What is set so far: single values are overridden, lists grow. */
class Builder {
  readonly settings: Record<string, unknown> = {};
  readonly groups: Record<string, Group> = Object.create(null);
  readonly users: Record<string, Limits> = Object.create(null);

  set({ key, schema }: Option, value: unknown): void {
    const before = this.settings[key];
    const grows = schema.type === 'array' && Array.isArray(before) && Array.isArray(value);
    this.settings[key] = grows ? [...before, ...value] : value;
  }

  openSection(section: string): void {
    if (!section.startsWith(USER))
      this.groups[section] ??= { network: [], request: [], limits: {} };
  }

  setInSection(section: string, name: string, value: string): void {
    const user = section.startsWith(USER) ? section.slice(USER.length) : undefined;
    const known = [...(user === undefined ? ruleParameters : []), ...Object.keys(limitParameters)];
    if (!known.includes(name)) {
      throw new UserError(
        `unknown parameter "${name}" in section [${section}]; expected ${known.join(', ')}`,
      );
    }
    at(name, () => {
      if (user === undefined) setInGroup(this.groups[section] as Group, name, value);
      else {
        this.users[user] ??= {};
        setLimit(this.users[user], name, value);
      }
    });
  }
}

function setInGroup(group: Group, name: string, value: string): void {
  if (name === 'base') group.base = value;
  else if (name === 'network' || name === 'request') {
    const option = optionsByName.get(name) as Option;
    group[name].push(...(parseValue(option, value) as string[]));
  } else setLimit(group.limits, name, value);
}

function setLimit(limits: Limits, name: string, value: string): void {
  const parameter = limitParameters[name];
  if (parameter === undefined) return;
  const [key, parse] = parameter;
  limits[key] = parse(value);
}

/** Puts the place of a mistake before its message. */
function at<T>(place: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw error instanceof UserError ? new UserError(`${place}: ${error.message}`) : error;
  }
}

/** @param including the files that include this one, the innermost last. */
async function loadFile(
  file: string,
  builder: Builder,
  including: readonly string[] = [],
): Promise<void> {
  if (including.includes(file)) throw new UserError(`"${file}" includes itself`);
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new UserError(`cannot read the configuration file "${file}": ${systemMessage(error)}`);
  });
  const parameters = parseIni(text, file, (section) => builder.openSection(section));
  for (const { section, name, value, line } of parameters) {
    const place = `${file}:${line}`;
    if (section !== undefined) {
      at(place, () => builder.setInSection(section, name, value));
    } else if (name === 'include') {
      await loadFile(value, builder, [...including, file]).catch((error: unknown) => {
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
    if (arg.kind === 'config') await loadFile(arg.file, builder);
    else if (arg.kind === 'fork') builder.settings['nofork'] = false;
    else if (arg.kind === 'option') {
      const value = at(arg.name, () => parseValue(arg.option, arg.value));
      if (arg.option.key === 'listen') listen.push(arg.value);
      else builder.set(arg.option, value);
    }
  }
  if (listen.length > 0) builder.settings['listen'] = listen;
  checkBases(builder.groups);
  return { ...builder.settings, groups: builder.groups, users: builder.users };
}
