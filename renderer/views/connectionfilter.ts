import type { ConnectionRow, ConnectionState } from '../../main/ipc/contract.js';
import { text } from '../../main/words/words.js';
import { explain } from '../reasons.js';

export const STATES: readonly ConnectionState[] = [
  'negotiating',
  'connecting',
  'open',
  'closed',
  'refused',
  'failed',
  'login-failed',
];

/** Which rows of the live log are wanted. */
export interface Filter {
  /** Whether all rows are wanted. */
  readonly isEmpty: boolean;
  /** @param now the present instant. */
  readonly fits: (row: ConnectionRow, now: number) => boolean;
  /** What is wrong with the text, in one sentence; what it is about is left out of the filter. */
  readonly mistake: string | undefined;
}

type Test = Filter['fits'];

/** Whether a connection goes on. */
export const isLive = ({ duration }: ConnectionRow) => duration === undefined;

/** How long a connection has lasted, ms. @param now the present instant. */
export function durationOf({ duration, began }: ConnectionRow, now: number): number {
  return duration ?? Math.max(0, now - began);
}

/** Host and port of `HOST:PORT`, an IPv6 address without its brackets. */
export function splitAddress(address: string): readonly [host: string, port: string] {
  const at = address.lastIndexOf(':');
  if (at < 0) return [address, ''];
  return [address.slice(0, at).replace(/^\[|\]$/g, ''), address.slice(at + 1)];
}

/** What can be asked of fields that are texts: each gives the texts one of which has to be it. */
const TEXTS: Readonly<Record<string, (row: ConnectionRow) => readonly string[]>> = {
  user: ({ user }) => [user],
  group: ({ group }) => [group],
  program: ({ program }) => [program, `${program}.exe`],
  client: ({ client }) => [splitAddress(client)[0], client],
  host: ({ destination }) => [splitAddress(destination)[0], destination],
  state: ({ state }) => [state],
  via: ({ via }) => [via],
  command: ({ command }) => [command],
  method: ({ method }) => [method],
  reason: ({ reason }) => [reason],
};

interface Quantity {
  readonly of: (row: ConnectionRow, now: number) => number;
  readonly unit: 'bytes' | 'time' | 'none';
}

/** What can be asked of fields that are numbers. */
const NUMBERS: Readonly<Record<string, Quantity>> = {
  size: { of: ({ up, down }) => up + down, unit: 'bytes' },
  up: { of: ({ up }) => up, unit: 'bytes' },
  down: { of: ({ down }) => down, unit: 'bytes' },
  speed: { of: ({ rateUp, rateDown }) => rateUp + rateDown, unit: 'bytes' },
  duration: { of: durationOf, unit: 'time' },
  port: {
    of: ({ destination }) => Number(splitAddress(destination)[1] || Number.NaN),
    unit: 'none',
  },
  pid: { of: ({ pid }) => pid ?? Number.NaN, unit: 'none' },
};

/** The names of all fields. */
export const FIELDS: readonly string[] = [...Object.keys(TEXTS), ...Object.keys(NUMBERS)];

const UNITS: Readonly<Record<Quantity['unit'], Readonly<Record<string, number>>>> = {
  bytes: {
    '': 1,
    ...{ b: 1, kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12 },
    ...{ k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 },
    ...{ kib: 2 ** 10, mib: 2 ** 20, gib: 2 ** 30, tib: 2 ** 40 },
  },
  time: { '': 1000, ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000 },
  none: { '': 1 },
};

const NEEDS = {
  bytes: 'connections.filterSize',
  time: 'connections.filterTime',
  none: 'connections.filterWhole',
} as const;

const COMPARE: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  ':': (a, b) => a === b,
  '=': (a, b) => a === b,
  '>': (a, b) => a > b,
  '<': (a, b) => a < b,
  '>=': (a, b) => a >= b,
  '<=': (a, b) => a <= b,
};

/** A term that cannot be understood: one sentence says why. */
class Mistake extends Error {}

/**
 * Reads the text of a filter: words, of which a row has to have all, and terms such as `user:alice`,
 * `host:*.corp`, `state:open,closed`, `>1MB` and `duration>10s`. With `-` before it, a word or term
 * is one that a row must not have; `"a b"` is one word.
 */
export function parseFilter(source: string): Filter {
  const tests: Test[] = [];
  let mistake: string | undefined;
  for (const [token, minus = '', term = ''] of source.matchAll(/(-?)((?:"[^"]*"?|[^\s"])+)/g)) {
    if (term === '' || token === '-') continue;
    try {
      const test = parseTerm(term);
      tests.push(minus === '' ? test : (row, now) => !test(row, now));
    } catch (error) {
      if (!(error instanceof Mistake)) throw error;
      mistake ??= error.message;
    }
  }
  const isEmpty = tests.length === 0;
  return { isEmpty, fits: (row, now) => tests.every((test) => test(row, now)), mistake };
}

function parseTerm(term: string): Test {
  const [, name = '', operator = '', value = ''] =
    /^([a-z]*)(>=|<=|[:=<>])(.*)$/is.exec(term) ?? [];
  const field = name.toLowerCase();
  if (operator === '' || (field === '' && !/[<>]/.test(operator))) return word(term);
  if (field === '') return quantity('', 'size', operator, value);
  const [, inner = '', rest = value] = /^(>=|<=|[=<>])(.*)$/s.exec(value) ?? [];
  if (Object.hasOwn(NUMBERS, field)) return quantity(field, field, inner || operator, rest);
  if (Object.hasOwn(TEXTS, field)) return ofText(field, operator, value);
  // An address, as in the table: LOCALHOST:80, ABCD::1, HTTP://...
  if (operator !== ':' || /^\d+$|:|^\/\//.test(value)) return word(term);
  throw new Mistake(text('connections.filterField', { field: name, fields: FIELDS.join(', ') }));
}

function word(term: string): Test {
  const wanted = unquoted(term).toLowerCase();
  return (row) => haystackOf(row).includes(wanted);
}

function unquoted(value: string): string {
  return value.replaceAll('"', '');
}

function ofText(field: string, operator: string, value: string): Test {
  if (operator !== ':' && operator !== '=') {
    throw new Mistake(text('connections.filterNumber', { term: field + operator + value, field }));
  }
  if (value === '') throw new Mistake(text('connections.filterEmpty', { field }));
  const wanted = value.split(',').map((item) => unquoted(item).toLowerCase());
  const unknown = wanted.find((item) => field === 'state' && !isState(item));
  if (unknown !== undefined) {
    const states = STATES.join(', ');
    throw new Mistake(text('connections.filterState', { state: unknown, states }));
  }
  const tests = wanted.map(pattern);
  const of = TEXTS[field] as (row: ConnectionRow) => readonly string[];
  return (row) => of(row).some((own) => tests.some((test) => test(own.toLowerCase())));
}

function isState(wanted: string): boolean {
  const test = pattern(wanted);
  return STATES.some(test);
}

/** What fits a text in which `*` stands for anything and `?` for one character. */
function pattern(wanted: string): (own: string) => boolean {
  const bare = wanted.replace(/^\[([^\]]*)\]$/, '$1');
  if (!/[*?]/.test(bare)) return (own) => own === bare;
  const parts = bare
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*+/g, '.*')
    .replaceAll('?', '.');
  const expression = new RegExp(`^${parts}$`, 's');
  return (own) => expression.test(own);
}

function quantity(name: string, field: string, operator: string, value: string): Test {
  const { of, unit } = NUMBERS[field] as Quantity;
  const [, digits = '', suffix = ''] = /^(\d+(?:[.,]\d+)?)([a-z]*)(?:\/s)?$/i.exec(value) ?? [];
  const factor = digits === '' ? undefined : UNITS[unit][suffix.toLowerCase()];
  if (factor === undefined) {
    throw new Mistake(text(NEEDS[unit], { term: `${name}${operator}${value}` }));
  }
  const wanted = Number(digits.replace(',', '.')) * factor;
  const compare = COMPARE[operator] as (a: number, b: number) => boolean;
  return (row, now) => compare(of(row, now), wanted);
}

/** What was made of rows to search in: a row that changes is another one. */
const haystacks = new WeakMap<ConnectionRow, string>();

function haystackOf(row: ConnectionRow): string {
  const known = haystacks.get(row);
  if (known !== undefined) return known;
  const made = haystack(row);
  haystacks.set(row, made);
  return made;
}

function haystack(row: ConnectionRow): string {
  const { client, program, user, group, command, destination, remote, via, reason, detail } = row;
  return [client, user, group, command, destination, remote, via, detail, program]
    .concat(explain(reason, detail, row.diagnosis))
    .join(' ')
    .toLowerCase();
}
