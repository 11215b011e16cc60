/**
 * Every text that a person sees, from one table for main and renderer: `en/` and `de/` have a file
 * for each area. A text has its values at `{name}`; one that counts has forms, of which `{count}`
 * chooses.
 */
import { DE } from './de.js';
import { EN } from './en.js';
import { formatNumber } from './format.js';
import { type Language, languageInForce, perLocale } from './language.js';

/** Forms of a text by what is counted, as the language's plural rules (CLDR) name them. */
export type Plural = Partial<Readonly<Record<Intl.LDMLPluralRule, string>>> & {
  readonly other: string;
};

export type Entry = string | Plural;

/** All texts, in each language. */
export const TEXTS: Readonly<
  Record<Language, Readonly<Record<string, Readonly<Record<string, Entry>>>>>
> = { en: EN, de: DE };

type Table = typeof EN;
type Area = keyof Table & string;

/** The name of a text: `users.title`. */
export type TextKey = { [A in Area]: `${A}.${keyof Table[A] & string}` }[Area];

type EntryOf<K> = K extends `${infer A}.${infer N}`
  ? A extends Area
    ? N extends keyof Table[A]
      ? Table[A][N]
      : never
    : never
  : never;

/** The texts among entries: of one that counts, its forms. */
type FormsOf<E> = E extends string ? E : E[keyof E];

type NamesIn<S> = S extends `${string}{${infer N}}${infer Rest}` ? N | NamesIn<Rest> : never;

type CountOf<E> = E extends string ? never : 'count';

/** The values that a text has to be given: `count` is a number, the others of a type V. */
export type ValuesOf<K extends TextKey, V> = {
  readonly [N in NamesIn<FormsOf<EntryOf<K>>> | CountOf<EntryOf<K>>]: N extends 'count'
    ? number
    : V;
};

/** The names of texts that need no values. */
export type PlainKey = {
  [K in TextKey]: [keyof ValuesOf<K, unknown>] extends [never] ? K : never;
}[TextKey];

/** What a text is called with, behind its name: nothing if it needs no values. */
export type Values<K extends TextKey, V> = [keyof ValuesOf<K, V>] extends [never]
  ? []
  : [values: ValuesOf<K, V>];

/** Texts taken to pieces: what stands at an odd place is the name of a value. */
const parsed = new Map<string, readonly string[]>();

function parse(form: string): readonly string[] {
  const known = parsed.get(form);
  if (known !== undefined) return known;
  const parts = form.split(/\{(\w+)\}/);
  parsed.set(form, parts);
  return parts;
}

function formOf(key: string, count: unknown): string {
  const dot = key.indexOf('.');
  const area = TEXTS[languageInForce().language][key.slice(0, dot)];
  const entry = area?.[key.slice(dot + 1)];
  if (entry === undefined) throw new Error(`there is no text "${key}"`);
  if (typeof entry === 'string') return entry;
  const rules = perLocale('plural', (locale) => new Intl.PluralRules(locale));
  return entry[rules.select(Number(count))] ?? entry.other;
}

/**
 * A text in the language in force, in pieces: values that are no texts, such as parts of a page,
 * stand between them as they are. Numbers are written by the locale.
 */
export function pieces<K extends TextKey, V>(
  key: K,
  ...[values]: Values<K, V>
): (string | Exclude<V, number>)[] {
  const given = (values ?? {}) as Readonly<Record<string, V | number>>;
  return parse(formOf(key, given['count'])).map((part, i) => {
    if (i % 2 === 0) return part;
    const value = given[part];
    return typeof value === 'number' ? formatNumber(value) : (value as Exclude<V, number>);
  });
}

/**
 * A text in the language in force. Call it when the text is shown, not when a module is loaded:
 * the language can change. Numbers are written by the locale, so give what is none, such as a
 * port, as a string.
 */
export function text<K extends TextKey>(key: K, ...values: Values<K, string | number>): string {
  return pieces<K, string | number>(key, ...values).join('');
}
