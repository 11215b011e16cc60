import { hidePasswords } from '../outbound/upstream/url.js';
import { OPTIONS } from './optionlist.js';
import type { Settings } from './settings.js';

/** What is different in new settings. */
export interface Difference {
  /** The option's name, as in an INI file. */
  readonly option: string;
  /** The section that it stands in, such as `user:alice`; left out: none. */
  readonly section?: string;
  /** As people read it; left out: it was not given, or is a secret. */
  readonly before?: string;
  readonly after?: string;
  /** Whether what it was and is may be a secret, and is not told. */
  readonly secret?: true;
}

type Values = Readonly<Record<string, unknown>>;

const names = new Map<string, string>(OPTIONS.map(({ key, name }) => [key, name]));

/** What limits of users and groups are called there. */
const limitNames: Readonly<Record<string, string>> = {
  connections: 'maxconn',
  perDay: 'quota-day',
  perMonth: 'quota-month',
};

function nameOf(key: string): string {
  return (
    limitNames[key] ??
    names.get(key) ??
    key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  );
}

function textOf(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  const text = Array.isArray(value) ? value.join(', ') : String(value);
  return hidePasswords(value === true ? 'yes' : value === false ? 'no' : text);
}

/** What stands in a section, without a level of its own for limits. */
function flat(values: Values): Values {
  const { limits = {}, ...others } = values;
  return { ...others, ...(limits as Values) };
}

function compare(
  before: Values,
  after: Values,
  section: string | undefined,
  isSecret: (key: string) => boolean,
): Difference[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return keys.flatMap((key): Difference[] => {
    if (JSON.stringify(before[key]) === JSON.stringify(after[key])) return [];
    const place = { option: nameOf(key), ...(section === undefined ? {} : { section }) };
    if (isSecret(key)) return [{ ...place, secret: true }];
    const was = textOf(before[key]);
    const is = textOf(after[key]);
    return [
      {
        ...place,
        ...(was === undefined ? {} : { before: was }),
        ...(is === undefined ? {} : { after: is }),
      },
    ];
  });
}

/** What settings have in sections, and how these are called before the colon. */
const sections = {
  groups: 'group',
  users: 'user',
  listeners: 'listener',
  upstreams: 'upstream',
} as const;

/** What is different in settings, secrets excepted: of these, only that they are. */
export function differencesOf(before: Settings, after: Settings): Difference[] {
  const isOption = ([key]: readonly [string, unknown]) => names.has(key);
  const options = (settings: Settings) =>
    Object.fromEntries(Object.entries(settings).filter(isOption));
  const found = compare(options(before), options(after), undefined, () => false);
  for (const [key, word] of Object.entries(sections)) {
    const of = (settings: Settings) =>
      (settings[key as keyof typeof sections] ?? {}) as Readonly<Record<string, Values>>;
    for (const name of new Set([...Object.keys(of(before)), ...Object.keys(of(after))])) {
      const was = Object.hasOwn(of(before), name) ? flat(of(before)[name] as Values) : {};
      const is = Object.hasOwn(of(after), name) ? flat(of(after)[name] as Values) : {};
      found.push(...compare(was, is, `${word}:${name}`, (one) => one === 'password'));
    }
  }
  const own = (settings: Settings) => (settings.settings ?? {}) as Values;
  // Which settings of extensions are secrets only they know.
  found.push(...compare(own(before), own(after), 'extension', () => true));
  return found;
}
