import { UserError } from '../base/errors.js';

/** What a parameter of a request may be. */
export type Field =
  | { readonly type: 'string'; readonly enum?: readonly string[]; readonly required?: true }
  | {
      readonly type: 'integer';
      readonly minimum: number;
      readonly maximum: number;
      readonly required?: true;
    }
  | { readonly type: 'boolean'; readonly required?: true }
  /** A list of texts. */
  | { readonly type: 'array'; readonly required?: true };

export type Fields = Readonly<Record<string, Field>>;

/** Characters of a text, and entries of a list, at most. */
export const LONGEST_TEXT = 1024;
export const LONGEST_LIST = 64;

/** What a field has when it was checked. */
type ValueOf<F extends Field> = F extends { readonly type: 'integer' }
  ? number
  : F extends { readonly type: 'boolean' }
    ? boolean
    : F extends { readonly type: 'array' }
      ? readonly string[]
      : F extends { readonly enum: readonly (infer E)[] }
        ? E
        : string;

export type ValuesOf<T extends Fields> = {
  readonly [K in keyof T as T[K] extends { readonly required: true } ? K : never]: ValueOf<T[K]>;
} & {
  readonly [K in keyof T as T[K] extends { readonly required: true } ? never : K]?: ValueOf<T[K]>;
};

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= LONGEST_TEXT;
}

function expected(field: Field): string {
  switch (field.type) {
    case 'string':
      return field.enum?.join(', ') ?? `a text of 1 to ${LONGEST_TEXT} characters`;
    case 'integer':
      return `a whole number from ${field.minimum} to ${field.maximum}`;
    case 'boolean':
      return 'true or false';
    case 'array':
      return `a list of up to ${LONGEST_LIST} texts`;
  }
}

function isOf(field: Field, value: unknown): boolean {
  switch (field.type) {
    case 'string':
      return isText(value) && (field.enum?.includes(value) ?? true);
    case 'integer': {
      const { minimum, maximum } = field;
      return Number.isSafeInteger(value) && Number(value) >= minimum && Number(value) <= maximum;
    }
    case 'boolean':
      return typeof value === 'boolean';
    case 'array':
      return Array.isArray(value) && value.length <= LONGEST_LIST && value.every(isText);
  }
}

/**
 * Checks what a request says.
 *
 * @throws {UserError} naming what is unknown, missing or wrong.
 */
export function checkFields(
  fields: Fields,
  given: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(fields, name)) continue;
    const known = Object.keys(fields);
    const list = known.length === 0 ? 'none' : known.join(', ');
    throw new UserError(`there is no parameter ${JSON.stringify(name)}; expected ${list}`);
  }
  for (const [name, field] of Object.entries(fields)) {
    if (given[name] === undefined) {
      if (field.required) throw new UserError(`${name} is missing; expected ${expected(field)}`);
    } else if (!isOf(field, given[name])) {
      throw new UserError(`${name}: expected ${expected(field)}`);
    }
  }
  return given;
}

/**
 * Reads the part of a URL behind its question mark.
 *
 * @throws {UserError} if a parameter stands there twice, and as {@link checkFields} does.
 */
export function checkQuery(
  fields: Fields,
  query: URLSearchParams,
): Readonly<Record<string, unknown>> {
  const given: Record<string, unknown> = Object.create(null);
  for (const [name, text] of query) {
    if (Object.hasOwn(given, name)) throw new UserError(`${name} is there twice`);
    const type = Object.hasOwn(fields, name) ? fields[name]?.type : undefined;
    if (type === 'integer') given[name] = /^\d{1,16}$/.test(text) ? Number(text) : text;
    else if (type === 'boolean') given[name] = { true: true, false: false }[text] ?? text;
    else given[name] = text;
  }
  return checkFields(fields, given);
}
