import { UserError } from '../base/errors.js';
import { parseFlag } from '../base/flag.js';
import { didYouMean } from '../base/guess.js';

/** The value of a setting of an extension. */
export type SettingValue = boolean | number | string | readonly string[];

/** A setting as it stands in a file or on the command line, and where: not read yet. */
export interface WrittenSetting {
  readonly text: string;
  /** For messages, such as `picosocks5.ini:12`. */
  readonly place: string;
}

/** What a setting may be: a part of JSON Schema, as VS Code's extensions have it. */
export interface SettingSchema {
  readonly type: 'boolean' | 'integer' | 'number' | 'string' | 'array';
  readonly description: string;
  readonly default: SettingValue | undefined;
  /** It is asked for by `secrets`, and stands in no file of settings. */
  readonly secret: boolean;
  readonly enum: readonly string[] | undefined;
  readonly minimum: number | undefined;
  readonly maximum: number | undefined;
  readonly minLength: number | undefined;
  readonly maxLength: number | undefined;
  readonly pattern: RegExp | undefined;
  readonly patternErrorMessage: string | undefined;
  /** Where it stands among the others in a form. */
  readonly order: number | undefined;
}

const types = ['boolean', 'integer', 'number', 'string', 'array'] as const;

/** What says nothing about which values are right. */
const annotations = [
  ...['title', 'markdownDescription', 'enumDescriptions', 'markdownEnumDescriptions'],
  ...['enumItemLabels', 'deprecationMessage', 'examples', 'scope', 'tags', 'format', '$comment'],
];
const keywords = [
  ...['type', 'description', 'default', 'secret', 'enum', 'minimum', 'maximum', 'minLength'],
  ...['maxLength', 'pattern', 'patternErrorMessage', 'order', 'items'],
];

/**
 * Reads what a manifest says of a setting.
 *
 * @throws {UserError} saying what is wrong with it, without its place.
 */
export function readSchema(value: unknown): SettingSchema {
  const given = objectOf(value, 'an object such as { "type": "string", "description": "..." }');
  for (const name of Object.keys(given)) {
    if (keywords.includes(name) || annotations.includes(name)) continue;
    throw new UserError(`unknown keyword "${name}"${didYouMean(name, keywords)}`);
  }
  const type = types.find((one) => one === given['type']);
  if (type === undefined) {
    throw new UserError(`expected a type of ${types.join(', ')}, not ${quoted(given['type'])}`);
  }
  const texts = type === 'array' ? itemsOf(given['items']) : given;
  const schema: SettingSchema = {
    type,
    description: option(given, 'description', 'string') ?? '',
    default: undefined,
    secret: option(given, 'secret', 'boolean') ?? false,
    enum: listOf(texts, 'enum'),
    minimum: option(given, 'minimum', 'number'),
    maximum: option(given, 'maximum', 'number'),
    minLength: option(texts, 'minLength', 'number'),
    maxLength: option(texts, 'maxLength', 'number'),
    pattern: patternOf(option(texts, 'pattern', 'string')),
    patternErrorMessage: option(texts, 'patternErrorMessage', 'string'),
    order: option(given, 'order', 'number'),
  };
  if (schema.secret && (type !== 'string' || given['default'] !== undefined)) {
    throw new UserError('a secret is a string without a default');
  }
  if (given['default'] === undefined) return schema;
  try {
    return { ...schema, default: checkSetting(schema, given['default']) };
  } catch (error) {
    throw UserError.at('default', error);
  }
}

/**
 * Checks a value that is typed already.
 *
 * @throws {UserError} saying what would be right.
 */
export function checkSetting(schema: SettingSchema, value: unknown): SettingValue {
  const wrong = () => new UserError(`expected ${expected(schema)}, not ${quoted(value)}`);
  switch (schema.type) {
    case 'boolean':
      if (typeof value !== 'boolean') throw wrong();
      return value;
    case 'integer':
    case 'number': {
      const { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY } = schema;
      if (typeof value !== 'number' || !Number.isFinite(value)) throw wrong();
      if (schema.type === 'integer' && !Number.isInteger(value)) throw wrong();
      if (value < minimum || value > maximum) throw wrong();
      return value;
    }
    case 'string':
      return checkText(schema, value, wrong);
    case 'array':
      if (!Array.isArray(value)) throw wrong();
      return Object.freeze(value.map((item) => checkText(schema, item, wrong)));
  }
}

/**
 * Reads a value as it stands in a file or on the command line.
 *
 * @param texts what was given, the last one last: a list is all of them.
 * @throws {UserError} saying what would be right.
 */
export function parseSetting(schema: SettingSchema, texts: readonly string[]): SettingValue {
  const text = texts.at(-1) ?? '';
  switch (schema.type) {
    case 'boolean':
      return checkSetting(schema, parseFlag(text) ?? text);
    case 'integer':
    case 'number': {
      const isNumber = /^[+-]?(\d+\.?\d*|\.\d+)$/.test(text);
      return checkSetting(schema, isNumber ? Number(text) : text);
    }
    case 'string':
      return checkSetting(schema, text);
    case 'array':
      return checkSetting(schema, texts);
  }
}

/** Which values are right, in words. */
export function expected(schema: SettingSchema): string {
  const { type, minimum, maximum } = schema;
  switch (type) {
    case 'boolean':
      return 'yes or no';
    case 'integer':
    case 'number': {
      const kind = type === 'integer' ? 'a whole number' : 'a number';
      if (minimum !== undefined && maximum !== undefined) {
        return `${kind} from ${minimum} to ${maximum}`;
      }
      if (minimum !== undefined) return `${kind} of ${minimum} or more`;
      return maximum === undefined ? kind : `${kind} of ${maximum} or less`;
    }
    case 'string':
      return expectedText(schema, 'a text');
    case 'array':
      return `a list of which each is ${expectedText(schema, 'a text')}`;
  }
}

function expectedText(schema: SettingSchema, text: string): string {
  const { enum: words, pattern, patternErrorMessage, minLength, maxLength } = schema;
  if (words !== undefined) return `one of ${words.join(', ')}`;
  if (patternErrorMessage !== undefined) return `${text}: ${patternErrorMessage}`;
  if (pattern !== undefined) return `${text} like ${pattern.source}`;
  if (minLength !== undefined && maxLength !== undefined) {
    return `${text} of ${minLength} to ${maxLength} characters`;
  }
  if (minLength !== undefined) return `${text} of ${minLength} characters or more`;
  return maxLength === undefined ? text : `${text} of ${maxLength} characters or less`;
}

function checkText(schema: SettingSchema, value: unknown, wrong: () => UserError): string {
  const { enum: words, pattern, minLength = 0, maxLength = Number.POSITIVE_INFINITY } = schema;
  if (typeof value !== 'string') throw wrong();
  if (words !== undefined && !words.includes(value)) throw wrong();
  if (value.length < minLength || value.length > maxLength) throw wrong();
  if (pattern !== undefined && !pattern.test(value)) throw wrong();
  return value;
}

type Given = Readonly<Record<string, unknown>>;

function objectOf(value: unknown, what: string): Given {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Given;
  throw new UserError(`expected ${what}, not ${quoted(value)}`);
}

interface Kinds {
  readonly string: string;
  readonly boolean: boolean;
  readonly number: number;
}

function option<K extends keyof Kinds>(given: Given, name: string, kind: K): Kinds[K] | undefined {
  const value = given[name];
  if (value === undefined || typeof value === kind) return value as Kinds[K] | undefined;
  throw new UserError(`${name}: expected a ${kind}, not ${quoted(value)}`);
}

function listOf(given: Given, name: string): readonly string[] | undefined {
  const value = given[name];
  if (value === undefined) return undefined;
  const isList = Array.isArray(value) && value.every((item) => typeof item === 'string');
  if (isList && value.length > 0) return value;
  throw new UserError(`${name}: expected a list of texts, not ${quoted(value)}`);
}

/** What the texts of a list may be. */
function itemsOf(value: unknown = { type: 'string' }): Given {
  const items = objectOf(value, 'items such as { "type": "string" }');
  if (items['type'] === 'string') return items;
  throw new UserError('items: expected { "type": "string" }: a list is one of texts');
}

function patternOf(text: string | undefined): RegExp | undefined {
  try {
    return text === undefined ? undefined : new RegExp(text, 'u');
  } catch {
    throw new UserError(`pattern: ${quoted(text)} is no regular expression`);
  }
}

/** A value as it stands in a message. */
export function quoted(value: unknown): string {
  const text = typeof value === 'object' || typeof value === 'string' ? JSON.stringify(value) : '';
  return text === '' || text === undefined ? String(value) : text;
}
