import { NO_GROUP } from '../access/accessrules.js';
import type { Users } from '../auth/users.js';
import { monotonic } from '../base/clock.js';
import { UserError } from '../base/errors.js';
import { didYouMean } from '../base/guess.js';
import type { AllowanceLimits } from '../limits/allowance.js';
import { checkValue, type Option, type Section } from './option.js';
import { OPTIONS } from './optionlist.js';
import type { CheckedOptions, GroupOptions } from './settings.js';

type Groups = Readonly<Record<string, GroupOptions>>;

const limitChecks: Readonly<Record<keyof AllowanceLimits, Check>> = {
  connections: checkCount,
  devices: checkCount,
  rateUp: checkCount,
  rateDown: checkCount,
  perDay: checkCount,
  perMonth: checkCount,
};

/**
 * @param placeOf where the base of a group is named, if that is known: FILE:LINE.
 * @throws {UserError} if the base of a group is none of them.
 */
export function checkBases(
  groups: Groups,
  placeOf: (group: string) => string | undefined = () => undefined,
): void {
  for (const [group, { base }] of Object.entries(groups)) {
    if (base === undefined || Object.hasOwn(groups, base)) continue;
    const error = new UserError(
      `section [${group}]: base = ${base}: there is no section [${base}]` +
        didYouMean(base, Object.keys(groups), (text) => `[${text}]`),
    );
    const place = placeOf(group);
    throw place === undefined ? error : UserError.at(place, error);
  }
}

/** What a program says about listeners, groups and users. */
interface Sections {
  readonly listeners: unknown;
  readonly groups: unknown;
  readonly users: unknown;
}

/**
 * Checks what a program says about listeners, groups and users: all that is checked in a file as
 * it is read.
 *
 * @returns the same, with nothing in it that is undefined.
 * @throws {UserError} naming what is wrong, such as `groups.staff.limits.rateUp`.
 */
export function checkSections({
  listeners,
  groups,
  users,
}: Sections): Pick<CheckedOptions, keyof Sections> {
  const checked = {
    listeners: checkEach('listeners', 'listener', listeners, {}),
    groups: checkEach('groups', 'group', groups, { base: checkBase, limits: checkLimits }),
    users: checkEach('users', 'user', users, limitChecks),
  } as Pick<CheckedOptions, keyof Sections>;
  checkBases(checked.groups);
  return checked;
}

/** Checks one value. @returns it, as it is taken. */
type Check = (place: string, value: unknown) => unknown;

type Checks = Readonly<Record<string, Check>>;

/** @param others what may stand there besides the options that may stand in such a section. */
function checkEach(
  place: string,
  section: Section,
  named: unknown,
  others: Checks,
): Record<string, Record<string, unknown>> {
  const options = OPTIONS.filter((option) => option.in?.includes(section));
  const checks = { ...Object.fromEntries(options.map(checkOf)), ...others };
  const each = entriesOf(place, named).map(([name, values]): [string, Record<string, unknown>] => [
    name,
    checkKeys(`${place}.${name}`, values, checks),
  ]);
  return Object.fromEntries(each);
}

function checkOf(option: Option): [key: string, check: Check] {
  const facts = { code: 'invalid-option', option: option.key } as const;
  const check: Check = (place, value) => {
    try {
      return checkValue(option, value);
    } catch (error) {
      throw UserError.at(place, error, facts);
    }
  };
  return [option.key, check];
}

function checkKeys(place: string, values: unknown, checks: Checks): Record<string, unknown> {
  const checked: [string, unknown][] = [];
  for (const [key, value] of entriesOf(place, values)) {
    const check = Object.hasOwn(checks, key) ? checks[key] : undefined;
    if (check === undefined) throw unknownKey(`${place}.${key}`, key, Object.keys(checks));
    if (value !== undefined) checked.push([key, check(`${place}.${key}`, value)]);
  }
  return Object.fromEntries(checked);
}

function checkBase(place: string, value: unknown): unknown {
  if (typeof value !== 'string') throw expected(place, 'the name of a group', value);
  return value;
}

function checkLimits(place: string, limits: unknown): unknown {
  return checkKeys(place, limits, limitChecks);
}

function checkCount(place: string, value: unknown): unknown {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 1) return value;
  throw expected(place, 'a whole number of 1 or more', value);
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
 * @param byLayer whether there may be users whom no source knows: their certificates do.
 * @returns a sentence for each.
 */
export async function idleSections(
  { groups, users: limits }: Pick<CheckedOptions, 'groups' | 'users'>,
  users: Users,
  byLayer: boolean,
): Promise<string[]> {
  const nobody = users.configured ? undefined : 'there are no users: --auth names none';
  const messages = byLayer ? [] : await idleUsers(Object.keys(limits), users, nobody);
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
