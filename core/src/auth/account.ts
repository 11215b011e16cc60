import { parseCount, parseSize } from '../base/sizes.js';

/** What a user, or all users of a group together, may use. What is left out has no limit. */
export interface UserLimits {
  /** Connections at once. */
  readonly connections?: number;
  /** Client addresses at once: an IPv6 address stands for its /64. */
  readonly devices?: number;
  /** Bytes per second from clients. */
  readonly rateUp?: number;
  /** Bytes per second to clients. */
  readonly rateDown?: number;
  /** Bytes both ways in a day, and in a month, of local time. */
  readonly perDay?: number;
  readonly perMonth?: number;
}

/** What a source says of a user besides how logins are checked. */
export interface Account extends UserLimits {
  /** Whether the user may not log in, whatever the password. */
  readonly disabled?: boolean;
  /** From when on the user may not log in any more: ms since 1970. */
  readonly expires?: number;
}

/** An account of which nothing is said. */
export const plainAccount: Account = Object.freeze({});

/** The limits of an account, by their names in files. */
export const LIMIT_NAMES = {
  maxconn: 'connections',
  devices: 'devices',
  'rate-up': 'rateUp',
  'rate-down': 'rateDown',
  'quota-day': 'perDay',
  'quota-month': 'perMonth',
} as const satisfies Record<string, keyof UserLimits>;

const LIMIT_KEYS = Object.values(LIMIT_NAMES);
const KEYS: readonly string[] = [...Object.keys(LIMIT_NAMES), 'expires', 'disabled'];

/**
 * Why a user may not log in, or may not go on: in a few words for the log.
 *
 * @param now ms since 1970.
 */
export function whyClosed(account: Account | undefined, now = Date.now()): string | undefined {
  if (account?.disabled === true) return 'the user is disabled';
  const { expires } = account ?? {};
  if (expires === undefined || expires > now) return undefined;
  return `the user expired at ${new Date(expires).toISOString()}`;
}

/** Whether an account has a quota, which needs to be kept. */
export function hasQuota({ perDay, perMonth }: UserLimits): boolean {
  return perDay !== undefined || perMonth !== undefined;
}

/** What two accounts of one user say together: of each the stricter. */
export function stricter(a: Account, b: Account): Account {
  if (a === plainAccount) return b;
  if (b === plainAccount) return a;
  const both: { -readonly [K in keyof Account]: Account[K] } = { ...a };
  if (b.disabled === true) both.disabled = true;
  for (const key of [...LIMIT_KEYS, 'expires'] as const) {
    const other = b[key];
    if (other !== undefined) both[key] = Math.min(both[key] ?? other, other);
  }
  return both;
}

/**
 * Reads what stands in the fourth field of a password file: `expires=2027-01-31,disabled,devices=3`.
 * Names and values of limits are those of a section `[user:NAME]`.
 *
 * @throws {Error} saying in one sentence what is wrong, and what would be right.
 */
export function parseAccount(text: string): Account {
  const account: Record<string, number | boolean> = {};
  for (const part of text.split(',')) {
    const [, name = '', value] = /^\s*([^=]*?)\s*(?:=\s*(.*?)\s*)?$/s.exec(part) ?? [];
    if (name === '' && value === undefined) continue;
    const key = name === 'expires' || name === 'disabled' ? name : limitKeyOf(name);
    if (key === undefined) {
      throw new Error(`the fourth field: expected some of ${KEYS.join(', ')}, with commas between`);
    }
    if (key in account) throw new Error(`"${name}" stands there twice`);
    account[key] = parseValue(name, value);
  }
  return Object.keys(account).length === 0 ? plainAccount : account;
}

function limitKeyOf(name: string): keyof UserLimits | undefined {
  return Object.hasOwn(LIMIT_NAMES, name)
    ? LIMIT_NAMES[name as keyof typeof LIMIT_NAMES]
    : undefined;
}

function parseValue(name: string, value: string | undefined): number | boolean {
  if (name === 'disabled') {
    if (value === undefined || /^(yes|true|1)$/i.test(value)) return true;
    if (/^(no|false|0)$/i.test(value)) return false;
    throw new Error(`disabled: expected nothing, yes or no, not "${shown(value)}"`);
  }
  if (value === undefined) throw new Error(`"${name}" needs a value: ${name}=...`);
  if (name === 'expires') return parseExpiry(value);
  try {
    return name === 'maxconn' || name === 'devices' ? parseCount(value) : parseSize(value);
  } catch (error) {
    throw new Error(`${name}: ${(error as Error).message}`);
  }
}

const DATE = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d))?(Z|[+-]\d\d:?\d\d)?)?$/;

/**
 * Reads when a user expires: a date, whose whole day still counts, or a moment,
 * `2027-01-31T18:00`; of local time, unless `Z` or an offset such as `+01:00` follows (RFC 3339).
 *
 * @returns ms since 1970, from when on the user may not log in.
 * @throws {Error} if it is neither.
 */
export function parseExpiry(text: string): number {
  const wrong = () =>
    new Error(
      `expires: expected a date such as 2027-01-31 or 2027-01-31T18:00Z, not "${shown(text)}"`,
    );
  const match = DATE.exec(text);
  if (match === null) throw wrong();
  const [year, month, day, hour, minute, second] = match
    .slice(1, 7)
    .map((part) => Number(part ?? 0)) as [number, number, number, number, number, number];
  const last = new Date(Date.UTC(year, month, 0)).getUTCDate();
  if (month < 1 || month > 12 || day < 1 || day > last) throw wrong();
  if (hour > 23 || minute > 59 || second > 59) throw wrong();
  if (match[4] === undefined) return new Date(year, month - 1, day + 1).getTime();
  const zone = match[7];
  if (zone === undefined) return new Date(year, month - 1, day, hour, minute, second).getTime();
  const time = Date.UTC(year, month - 1, day, hour, minute, second);
  if (zone === 'Z') return time;
  const [hours, minutes] = [Number(zone.slice(1, 3)), Number(zone.slice(-2))];
  if (hours > 23 || minutes > 59) throw wrong();
  return time - (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}

/**
 * What {@link parseAccount} reads, of an account; empty for one of which nothing is said.
 */
export function formatAccount(account: Account): string {
  const parts: string[] = [];
  if (account.disabled === true) parts.push('disabled');
  if (account.expires !== undefined) parts.push(`expires=${formatExpiry(account.expires)}`);
  for (const [name, key] of Object.entries(LIMIT_NAMES)) {
    const value = account[key];
    if (value !== undefined) parts.push(`${name}=${value}`);
  }
  return parts.join(',');
}

/** When a user expires, as {@link parseExpiry} reads it: to the second, in UTC. */
export function formatExpiry(expires: number): string {
  return `${new Date(expires).toISOString().slice(0, 19)}Z`;
}

/**
 * Takes what code without types says of a user.
 *
 * @throws {Error} if it is no account.
 */
export function accountOf(value: unknown): Account | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'object') throw new Error(`its account is a ${typeof value}, not an object`);
  const given = value as Partial<Record<string, unknown>>;
  const account: Record<string, number | boolean> = {};
  const { disabled, expires } = given;
  if (disabled !== undefined) {
    if (typeof disabled !== 'boolean') throw new Error('its account: disabled is no boolean');
    account['disabled'] = disabled;
  }
  if (expires !== undefined) {
    if (typeof expires !== 'number' || Number.isNaN(expires)) {
      throw new Error('its account: expires is no time in ms since 1970');
    }
    account['expires'] = expires;
  }
  for (const key of LIMIT_KEYS) {
    const limit = given[key];
    if (limit === undefined) continue;
    if (typeof limit !== 'number' || !Number.isSafeInteger(limit) || limit < 1) {
      throw new Error(`its account: ${key} is no whole number of 1 or more`);
    }
    account[key] = limit;
  }
  return account;
}

/** As much of a text as a message shows. */
function shown(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}...` : text;
}
