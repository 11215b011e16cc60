import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { systemMessage, UserError } from '../base/errors.js';
import type { AllowanceLimits } from '../limits/allowance.js';
import type { Argument } from './commandline.js';
import { didYouMean } from './guess.js';
import { parseIni } from './ini.js';
import { type Option, parseValue } from './option.js';
import { OPTIONS } from './optionlist.js';
import { checkBases } from './sections.js';
import type { Settings } from './settings.js';
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
/** Parameters that may be given several times. */
const growing = new Set(
  OPTIONS.filter(({ schema }) => schema.type === 'array').map(({ name }) => name),
);

/** The start of the name of a section about one user; no group's name has a colon. */
const USER = 'user:';

type Limits = { -readonly [K in keyof AllowanceLimits]: AllowanceLimits[K] };

interface Group {
  readonly network: string[];
  readonly request: string[];
  base?: string;
  readonly limits: Limits;
}

type Warn = (message: string) => void;

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
    if (userOf(section) === undefined) {
      this.groups[section] ??= { network: [], request: [], limits: {} };
    }
  }

  setInSection(section: string, name: string, value: string): void {
    const user = userOf(section);
    const known = [...(user === undefined ? ruleParameters : []), ...Object.keys(limitParameters)];
    if (!known.includes(name)) {
      const hint = optionsByName.has(name)
        ? '; parameters of the server stand before the first section'
        : didYouMean(name, known);
      throw new UserError(
        `unknown parameter "${name}" in section [${section}]; expected ${known.join(', ')}${hint}`,
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

/**
 * The user whom a section is about; undefined for a section about a group.
 *
 * @throws {UserError} if it is about neither: no group's name has a colon.
 */
function userOf(section: string): string | undefined {
  const colon = section.indexOf(':');
  if (colon < 0) return undefined;
  const user = section.slice(colon + 1).trim();
  if (section.startsWith(USER) && user !== '') return user;
  throw new UserError(`[${section}]: expected [user:NAME] for a user or [GROUP] for a group`);
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
    throw UserError.at(place, error);
  }
}

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
  const open = (section: string, line: number) =>
    at(`${file}:${line}`, () => builder.openSection(section));
  for (const { section, name, value, line } of parseIni(text, file, open)) {
    const place = `${file}:${line}`;
    if (section !== undefined) {
      at(place, () => builder.setInSection(section, name, value));
      if (!growing.has(name)) once.note(file, line, section, name, value);
    } else if (name === 'include') {
      await loadFile(beside(file, value), builder, warn, [...including, path]).catch(
        (error: unknown) => {
          if (!(error instanceof UserError)) throw error;
          throw new UserError(`${place}: include: ${error.message}`);
        },
      );
    } else {
      const option = optionsByName.get(name);
      if (option === undefined) {
        const hint = didYouMean(name, [...optionsByName.keys(), 'include']);
        throw new UserError(`${place}: unknown parameter "${name}"${hint}`);
      }
      const text = option.key === 'auth' ? sourceBeside(file, value) : value;
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
