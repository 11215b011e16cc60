import { UserError } from '../base/errors.js';
import { didYouMean } from '../base/guess.js';
import { parseCount, parseSize } from '../base/sizes.js';
import type { AllowanceLimits } from '../limits/allowance.js';
import { WrittenSettings } from './extensions.js';
import { checkListenerName } from './listeners.js';
import { type Option, parseValue, type Section } from './option.js';
import { OPTIONS } from './optionlist.js';
import type { Settings } from './settings.js';
import { checkUpstreamName, checkUpstreams, UPSTREAM_PARAMETERS } from './upstreamoptions.js';

/** Options by the names that they have in a file. */
export const optionsByName: ReadonlyMap<string, Option> = new Map(
  OPTIONS.map((option) => [option.name, option]),
);

type Values = Record<string, unknown>;

/** A parameter of a section, and how its value is read. */
interface Parameter {
  readonly key: string;
  /** Whether it is one of those that a group has together, as its `limits`. */
  readonly isLimit?: boolean;
  /** Whether it may be given several times. */
  readonly grows?: boolean;
  /** What it names: see {@link Option.names}. */
  readonly names?: Option['names'];
  parse(text: string): unknown;
}

/** Sections that have a colon in their names, and what each is about. */
const prefixes = {
  user: 'a user',
  listener: 'a listener',
  upstream: 'an upstream proxy',
  extension: 'an extension',
} as const;

function limit(key: keyof AllowanceLimits, parse: (text: string) => number): Parameter {
  return { key, isLimit: true, parse };
}

/** How much a user or a group may use. */
const limits: readonly (readonly [name: string, parameter: Parameter])[] = [
  ['maxconn', limit('connections', parseCount)],
  ['devices', limit('devices', parseCount)],
  ['rate-up', limit('rateUp', parseSize)],
  ['rate-down', limit('rateDown', parseSize)],
  ['quota-day', limit('perDay', parseSize)],
  ['quota-month', limit('perMonth', parseSize)],
];

/** What may stand in a section besides the options that may. */
const parameters: Readonly<Record<Section, ReadonlyMap<string, Parameter>>> = {
  listener: parametersOf('listener', []),
  upstream: parametersOf(
    'upstream',
    UPSTREAM_PARAMETERS.map(({ name, ...parameter }) => [name, parameter]),
  ),
  group: parametersOf('group', [['base', { key: 'base', parse: (text) => text }], ...limits]),
  user: parametersOf('user', limits),
};

function parametersOf(
  section: Section,
  others: readonly (readonly [name: string, parameter: Parameter])[],
): ReadonlyMap<string, Parameter> {
  const options = OPTIONS.filter((option) => option.in?.includes(section));
  return new Map([
    ...options.map((option): [string, Parameter] => {
      const { key, name, schema, names } = option;
      const grows = schema.type === 'array';
      const named = names === undefined ? {} : { names };
      return [name, { key, grows, ...named, parse: (text) => parseValue(option, text) }];
    }),
    ...others,
  ]);
}

/** What a section is about, and the name that it gives. */
interface Header {
  readonly section: Section | 'extension';
  readonly name: string;
}

/** @throws {UserError} if a header has a colon, as no group's name has, and is none of the others. */
function parseHeader(text: string): Header {
  const colon = text.indexOf(':');
  if (colon < 0) return { section: 'group', name: text };
  const prefix = text.slice(0, colon).trim();
  const name = text.slice(colon + 1).trim();
  const known = Object.keys(prefixes) as (keyof typeof prefixes)[];
  const section = known.find((one) => one === prefix);
  if (section !== undefined && name !== '') {
    if (section === 'listener') checkListenerName(name);
    if (section === 'upstream') checkUpstreamName(name);
    return { section, name };
  }
  const forms = known.map((one) => `[${one}:NAME] for ${prefixes[one]}`).join(', ');
  const hint =
    section === undefined ? didYouMean(prefix, known, (one) => `[${one}:${name || 'NAME'}]`) : '';
  throw new UserError(`[${text}]: expected ${forms} or [GROUP] for a group${hint}`);
}

/** Puts the place of a mistake before its message. */
export function at<T>(place: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw UserError.at(place, error);
  }
}

function put(values: Values, key: string, value: unknown, grows: boolean): void {
  const before = values[key];
  values[key] =
    grows && Array.isArray(before) && Array.isArray(value) ? [...before, ...value] : value;
}

/** What is set so far: single values are overridden, lists grow. */
export class Builder {
  readonly #values: Values = {};
  /** Of extensions. */
  readonly extensions = new WrittenSettings();
  readonly #sections: Readonly<Record<Section, Record<string, Values>>> = {
    listener: Object.create(null),
    upstream: Object.create(null),
    group: Object.create(null),
    user: Object.create(null),
  };
  /** Where sections begin, and where their parameters stand. */
  readonly #places = new Map<string, string>();

  set({ key, schema }: Option, value: unknown): void {
    put(this.#values, key, value, schema.type === 'array');
  }

  /** Sets a value in the place of what there is. */
  replace(key: keyof Settings, value: unknown): void {
    this.#values[key] = value;
  }

  /**
   * @param place where it begins: FILE:LINE.
   * @throws {UserError} if there is no such section.
   */
  openSection(header: string, place: string): void {
    const { section, name } = parseHeader(header);
    if (section === 'extension') return;
    if (section !== 'user') this.#sections[section][name] ??= {};
    const key = placeKey(section, name);
    if (!this.#places.has(key)) this.#places.set(key, place);
  }

  /** What a parameter of a section names. @throws {UserError} if there is no such section. */
  namedBy(header: string, name: string): Option['names'] {
    const { section } = parseHeader(header);
    return section === 'extension' ? undefined : parameters[section].get(name)?.names;
  }

  /**
   * Where a section begins, or where a parameter of it was set last: FILE:LINE.
   *
   * @param of the name that the section gives.
   */
  placeOf(section: Section, of: string, parameter?: string): string | undefined {
    return this.#places.get(placeKey(section, of, parameter));
  }

  /**
   * @param place where it stands: FILE:LINE.
   * @throws {UserError} if there is no such section or parameter, or its value is wrong.
   */
  setInSection(header: string, name: string, value: string, place: string): void {
    const { section, name: whose } = parseHeader(header);
    if (section === 'extension') {
      this.extensions.add(`${whose}.${name}`, value, place);
      return;
    }
    const parameter = parameters[section].get(name);
    if (parameter === undefined) throw unknownParameter(header, section, name);
    const { key, isLimit = false, grows = false } = parameter;
    at(name, () => {
      const sections = this.#sections[section];
      const values = sections[whose] ?? {};
      sections[whose] = values;
      const into = isLimit && section === 'group' ? limitsIn(values) : values;
      put(into, key, parameter.parse(value), grows);
    });
    this.#places.set(placeKey(section, whose, name), place);
  }

  /** All that is set. */
  settings(): Settings {
    const { listener: listeners, upstream: upstreams, group: groups, user: users } = this.#sections;
    const places = Object.keys(listeners).map((name) => [name, this.placeOf('listener', name)]);
    const listenerPlaces = Object.fromEntries(places);
    const { all: settings } = this.extensions;
    const some = {
      ...(places.length > 0 ? { listeners, listenerPlaces } : {}),
      ...(Object.keys(upstreams).length > 0 ? { upstreams: checkUpstreams(upstreams) } : {}),
      ...(settings && { settings }),
    };
    return { ...this.#values, groups, users, ...some };
  }
}

function placeKey(section: Section, name: string, parameter?: string): string {
  return JSON.stringify([section, name, parameter]);
}

function limitsIn(values: Values): Values {
  const found = (values['limits'] ?? {}) as Values;
  values['limits'] = found;
  return found;
}

function unknownParameter(header: string, section: Section, name: string): UserError {
  const known = [...parameters[section].keys()];
  return new UserError(
    `unknown parameter "${name}" in section [${header}]; expected ${known.join(', ')}` +
      hintOf(header, section, name),
  );
}

/** Where a parameter does stand that is unknown in a section. */
function hintOf(header: string, section: Section, name: string): string {
  const others = (Object.keys(parameters) as Section[]).filter((other) => other !== 'group');
  const meant = others.find((other) => other === header && parameters[other].has(name));
  if (meant !== undefined) return `; did you mean [${meant}:NAME]?`;
  const option = optionsByName.get(name);
  if (option === undefined && name !== 'include') {
    return didYouMean(name, [...parameters[section].keys()]);
  }
  const elsewhere = others.find((other) => option?.in?.includes(other));
  const orThere = elsewhere === undefined ? '' : ` or in [${elsewhere}:NAME]`;
  return `; parameters of the server stand before the first section${orThere}`;
}
