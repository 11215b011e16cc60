import { NO_GROUP } from '../access/accessrules.js';
import { parseNetworkRule, parseRequestRule } from '../access/rules.js';
import type { Users } from '../auth/users.js';
import { monotonic } from '../base/clock.js';
import { UserError } from '../base/errors.js';
import type { AllowanceLimits } from '../limits/allowance.js';
import { didYouMean } from './guess.js';
import type { CheckedOptions, GroupOptions } from './settings.js';

type Groups = Readonly<Record<string, GroupOptions>>;

const limitNames: readonly (keyof AllowanceLimits)[] = [
  'connections',
  'rateUp',
  'rateDown',
  'perDay',
  'perMonth',
];

/** @throws {UserError} if the base of a group is none of them. */
export function checkBases(groups: Groups): void {
  for (const [group, { base }] of Object.entries(groups)) {
    if (base !== undefined && !Object.hasOwn(groups, base)) {
      throw new UserError(
        `section [${group}]: base = ${base}: there is no section [${base}]` +
          didYouMean(base, Object.keys(groups), (text) => `[${text}]`),
      );
    }
  }
}

/**
 * Checks what a program says about groups and users: all that is checked in a file as it is read.
 *
 * @throws {UserError} naming what is wrong, such as `groups.staff.limits.rateUp`.
 */
export function checkSections(groups: unknown, users: unknown): void {
  for (const [name, group] of entriesOf('groups', groups)) {
    const place = `groups.${name}`;
    for (const [key, value] of entriesOf(place, group)) {
      if (value !== undefined) checkGroupOption(`${place}.${key}`, key, value);
    }
  }
  checkBases(groups as Groups);
  for (const [name, limits] of entriesOf('users', users)) checkLimits(`users.${name}`, limits);
}

function checkGroupOption(place: string, key: string, value: unknown): void {
  if (key === 'base') {
    if (typeof value !== 'string') throw expected(place, 'the name of a group', value);
  } else if (key === 'limits') checkLimits(place, value);
  else if (key === 'network' || key === 'request') {
    const parse = key === 'network' ? parseNetworkRule : parseRequestRule;
    if (!Array.isArray(value)) throw expected(place, 'a list of texts', value);
    for (const rule of value) {
      if (typeof rule !== 'string') throw expected(place, 'a list of texts', value);
      try {
        parse(rule);
      } catch (error) {
        throw UserError.at(place, error);
      }
    }
  } else throw unknownKey(place, key, ['network', 'request', 'base', 'limits']);
}

function checkLimits(place: string, limits: unknown): void {
  for (const [key, value] of entriesOf(place, limits)) {
    if (!limitNames.some((name) => name === key)) {
      throw unknownKey(`${place}.${key}`, key, limitNames);
    }
    const isCount = typeof value === 'number' && Number.isSafeInteger(value) && value >= 1;
    if (value !== undefined && !isCount) {
      throw expected(`${place}.${key}`, 'a whole number of 1 or more', value);
    }
  }
}

function entriesOf(place: string, value: unknown): [string, unknown][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw expected(place, 'an object', value);
  }
  return Object.entries(value);
}

function expected(place: string, what: string, value: unknown): UserError {
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return new UserError(`${place}: expected ${what}, not ${text}`);
}

function unknownKey(place: string, key: string, known: readonly string[]): UserError {
  return new UserError(`${place}: there is no such option${didYouMean(key, known)}`);
}

/**
 * Sections about users and groups that nobody is, as far as the sources of users can say: what
 * stands in them is not in force.
 *
 * @returns a sentence for each.
 */
export async function idleSections(
  { groups, users: limits }: Pick<CheckedOptions, 'groups' | 'users'>,
  users: Users,
): Promise<string[]> {
  const nobody = users.configured ? undefined : 'there are no users: --auth names none';
  const messages = await idleUsers(Object.keys(limits), users, nobody);
  const known = users.groups();
  if (known === undefined) return messages;
  const inForce = new Set<string>();
  for (const group of [...known, NO_GROUP]) {
    for (let next: string | undefined = group; next !== undefined && !inForce.has(next); ) {
      inForce.add(next);
      next = Object.hasOwn(groups, next) ? groups[next]?.base : undefined;
    }
  }
  for (const name of Object.keys(groups)) {
    if (inForce.has(name)) continue;
    const why = nobody ?? `no user of ${users.names.join(', ')} has this group`;
    const hint = didYouMean(name, known, (text) => `[${text}]`);
    messages.push(`section [${name}] is not in force: ${why}${hint}`);
  }
  return messages;
}

/** How long sources may take to say which users they know, ms. */
const LOOK_TIME = 10_000;

/** @param nobody why there are no users at all, if so. */
async function idleUsers(
  names: readonly string[],
  users: Users,
  nobody: string | undefined,
): Promise<string[]> {
  if (!users.tellUsers) return [];
  const messages: string[] = [];
  const until = monotonic() + LOOK_TIME;
  for (const name of names) {
    try {
      if (monotonic() > until) throw new UserError(`${users.names.join(', ')} took too long`);
      if ((await users.identify(name)) !== undefined) continue;
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      messages.push(`cannot tell whether there is a user for [user:${name}]: ${error.message}`);
      return messages;
    }
    const why =
      nobody ?? `no user has the name ${JSON.stringify(name)} in ${users.names.join(', ')}`;
    messages.push(`section [user:${name}] is not in force: ${why}`);
  }
  return messages;
}
