import { UserError } from '../base/errors.js';
import { parseFlag } from '../base/flag.js';
import type { Settings } from './settings.js';

/** What values an option takes, as JSON Schema says it. */
export type ValueSchema =
  | { readonly type: 'boolean' }
  | { readonly type: 'string'; readonly enum?: readonly string[] }
  | {
      readonly type: 'integer' | 'number';
      readonly minimum: number;
      readonly maximum: number;
    }
  | { readonly type: 'array'; readonly items: { readonly type: 'string' } };

/**
 * What a section of the INI file is about: `[listener:NAME]`, `[upstream:NAME]`, `[user:NAME]`, or
 * `[GROUP]`.
 */
export type Section = 'listener' | 'upstream' | 'user' | 'group';

/** One option: of the command line, the INI file, and the library. */
export interface Option {
  readonly key: keyof Settings;
  /** Behind `--`, and in the INI file. */
  readonly name: string;
  readonly short?: string;
  /** What stands for the value in `--help`. */
  readonly argument?: string;
  readonly schema: ValueSchema;
  readonly default: unknown;
  /** The sections in which it may stand besides the global place. */
  readonly in?: readonly Section[];
  /**
   * What it names, which an INI file may name from its own folder: a file, or a source of users
   * `[FORMAT:]FILE`.
   */
  readonly names?: 'file' | 'source' | 'extension';
  /** One value holds several, with commas between. */
  readonly commas?: boolean;
  /** Throws if one string of a value is malformed. */
  readonly check?: (text: string) => unknown;
  /** A number above the maximum counts as the maximum. */
  readonly clamp?: boolean;
  /** For `--help`: one or two lines. */
  readonly description: string;
  /** For the manual page: what the description leaves out. */
  readonly details?: string;
  readonly section: 'Server' | 'Access' | 'Limits' | 'Extensions' | 'Process and log';
}

/** Says which values an option takes. */
function expected({ schema, clamp }: Option): string {
  switch (schema.type) {
    case 'boolean':
      return 'yes or no';
    case 'integer':
    case 'number': {
      const kind = schema.type === 'integer' ? 'a whole number' : 'a number';
      const range = clamp
        ? `${schema.minimum} or more`
        : `from ${schema.minimum} to ${schema.maximum}`;
      return `${kind} ${range}`;
    }
    case 'string':
      return schema.enum === undefined ? 'a text' : `one of ${schema.enum.join(', ')}`;
    case 'array':
      return 'a list of texts';
  }
}

function quoted(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

/**
 * Checks a value that is typed already.
 *
 * @returns the value, a number no larger than what the option takes at most if it clamps.
 * @throws {UserError} naming what would be right.
 */
export function checkValue(option: Option, value: unknown): unknown {
  const { schema } = option;
  const wrong = () => new UserError(`expected ${expected(option)}, not ${quoted(value)}`);
  switch (schema.type) {
    case 'boolean':
      if (typeof value !== 'boolean') throw wrong();
      return value;
    case 'integer':
    case 'number': {
      if (typeof value !== 'number' || !Number.isFinite(value)) throw wrong();
      if (schema.type === 'integer' && !Number.isInteger(value)) throw wrong();
      if (value < schema.minimum || (value > schema.maximum && !option.clamp)) throw wrong();
      return Math.min(value, schema.maximum);
    }
    case 'string':
      if (typeof value !== 'string' || value === '') throw wrong();
      if (schema.enum !== undefined && !schema.enum.includes(value)) throw wrong();
      option.check?.(value);
      return value;
    case 'array':
      if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) throw wrong();
      for (const item of value) checkItem(option, item);
      return value;
  }
}

function checkItem(option: Option, item: string): void {
  if (item === '') throw new UserError(`expected ${option.argument}`);
  option.check?.(item);
}

/**
 * Reads a value as it stands on the command line or in an INI file.
 *
 * @throws {UserError} naming what would be right.
 */
export function parseValue(option: Option, text: string): unknown {
  const { schema } = option;
  switch (schema.type) {
    case 'boolean':
      return checkValue(option, parseFlag(text) ?? text);
    case 'integer':
    case 'number': {
      const number = /^[+-]?(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : Number.NaN;
      try {
        return checkValue(option, number);
      } catch {
        throw new UserError(`expected ${expected(option)}, not ${quoted(text)}`);
      }
    }
    case 'string':
      return checkValue(option, text);
    case 'array':
      return checkValue(
        option,
        option.commas ? text.split(',').map((item) => item.trim()) : [text],
      );
  }
}
