import { UserError } from '../base/errors.js';
import { didYouMean } from '../base/guess.js';
import { PREFERENCES } from '../outbound/prefer.js';
import { hidePasswords, parseUpstreamUrl } from '../outbound/upstream/url.js';
import type { UpstreamOptions } from './settings.js';
import { isWayName } from './via.js';

/** How long an upstream has to let us in, s: by default, at least, and at most. */
export const UPSTREAM_TIMEOUT = 10;
const [LEAST_TIMEOUT, MOST_TIMEOUT] = [0.1, 3600] as const;

/** What may be said of an upstream: the name in a section, and how a value is read there. */
interface UpstreamParameter {
  readonly key: keyof UpstreamOptions;
  readonly name: string;
  readonly names?: 'file';
  parse(text: string): unknown;
}

/** The parameters of a section `[upstream:NAME]`. */
export const UPSTREAM_PARAMETERS: readonly UpstreamParameter[] = [
  { key: 'url', name: 'url', parse: parseUrl },
  { key: 'user', name: 'user', parse: parseText },
  { key: 'passwordFile', name: 'password-file', names: 'file', parse: parseText },
  { key: 'through', name: 'through', parse: parseText },
  { key: 'tlsCa', name: 'tls-ca', names: 'file', parse: parseText },
  { key: 'prefer', name: 'prefer', parse: checkPreference },
  { key: 'timeout', name: 'timeout', parse: parseTimeout },
];

function parseUrl(text: string): string {
  parseUpstreamUrl(text);
  return text;
}

function parseText(text: string): string {
  if (text === '') throw new UserError('expected a text');
  return text;
}

function parseTimeout(text: string): number {
  return checkTimeout(/^\d+(\.\d*)?$/.test(text) ? Number(text) : Number.NaN, text);
}

function checkPreference(value: unknown): unknown {
  if (PREFERENCES.some((preference) => preference === value)) return value;
  throw new UserError(`expected one of ${PREFERENCES.join(', ')}, not ${JSON.stringify(value)}`);
}

function checkTimeout(value: unknown, shown: unknown): number {
  const isTime = typeof value === 'number' && value >= LEAST_TIMEOUT && value <= MOST_TIMEOUT;
  if (isTime) return value;
  throw new UserError(`expected seconds from ${LEAST_TIMEOUT} to ${MOST_TIMEOUT}, not ${shown}`);
}

/** @throws {UserError} if a section may not be called so. */
export function checkUpstreamName(name: string): void {
  if (isWayName(name) && name !== 'direct' && name !== 'block') return;
  throw new UserError(
    `[upstream:${hidePasswords(name)}]: expected a name of letters, digits, "_", "-" and ".", ` +
      'other than direct and block',
  );
}

type Upstreams = Readonly<Record<string, UpstreamOptions>>;

/**
 * Checks what is said of upstreams: by a program, or in all files together.
 *
 * @throws {UserError} naming what is wrong, such as `upstreams.corp.url`; no password is in it.
 */
export function checkUpstreams(given: unknown): Upstreams {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new UserError('upstreams: expected an object');
  }
  for (const [name, options] of Object.entries(given)) {
    checkUpstreamName(name);
    if (typeof options !== 'object' || options === null) {
      throw new UserError(`upstreams.${name}: expected an object`);
    }
    for (const [key, value] of Object.entries(options)) {
      try {
        checkField(key, value);
      } catch (error) {
        throw UserError.at(`upstreams.${name}.${key}`, error);
      }
    }
  }
  const upstreams = given as Upstreams;
  checkWhole(upstreams);
  return upstreams;
}

function checkField(key: string, value: unknown): void {
  if (value === undefined) return;
  const keys = [...UPSTREAM_PARAMETERS.map((parameter): string => parameter.key), 'password'];
  if (!keys.includes(key)) {
    throw new UserError(`there is no such option${didYouMean(key, keys)}`);
  }
  if (key === 'timeout') checkTimeout(value, value);
  else if (key === 'prefer') checkPreference(value);
  else if (typeof value !== 'string' || value === '') throw new UserError('expected a text');
  else if (key === 'url') parseUpstreamUrl(value);
}

/**
 * Checks what upstreams say of each other: that each has a URL, and that chains end.
 *
 * @throws {UserError} naming the section that is wrong.
 */
function checkWhole(upstreams: Upstreams): void {
  const wrong = (name: string, problem: string) => new UserError(`[upstream:${name}]: ${problem}`);
  for (const [name, { url, user, password, passwordFile, through }] of Object.entries(upstreams)) {
    if (url === undefined) throw wrong(name, 'expected url = SCHEME://HOST[:PORT]');
    const login = parseUpstreamUrl(url);
    if (user !== undefined && login.user !== undefined) {
      throw wrong(name, 'the user stands in url already');
    }
    const hasUser = user !== undefined || login.user !== undefined;
    if ((password ?? passwordFile) !== undefined && !hasUser) {
      throw wrong(name, 'expected a user for the password');
    }
    const passwords = [password, passwordFile, login.password].filter((one) => one !== undefined);
    if (passwords.length > 1) throw wrong(name, 'the password is said twice');
    if (through !== undefined && !Object.hasOwn(upstreams, through)) {
      const hint = didYouMean(through, Object.keys(upstreams), (text) => `[upstream:${text}]`);
      throw wrong(name, `through = ${through}: there is no section [upstream:${through}]${hint}`);
    }
  }
  for (const name of Object.keys(upstreams)) {
    const chain = [name];
    for (let next = upstreams[name]?.through; next !== undefined; ) {
      if (chain.includes(next)) {
        throw wrong(name, `it goes through itself: ${[...chain, next].join(' through ')}`);
      }
      chain.push(next);
      next = upstreams[next]?.through;
    }
  }
}
