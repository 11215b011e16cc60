import type { User, UserActivity } from '../../main/ipc/contract.js';
import { formatBytes, formatDate, formatRate, formatTime } from '../format.js';
import type { Column } from '../table/columns.js';
import { lastDay } from './userlimits.js';

/** A user as the table has it. */
export interface UserRow {
  readonly id: number;
  readonly user: User;
}

type ActivityOf = (name: string) => UserActivity | undefined;

const SECRETS: Readonly<Record<User['password'], readonly [text: string, hint: string]>> = {
  set: ['in the keychain', 'works for username/password and CHAP'],
  hash: ['hash in the keychain', 'works for username/password, not for CHAP'],
  none: ['no password', 'the keychain has none: edit the user to set one'],
  unknown: ['unknown', 'the keychain cannot be read'],
};

/**
 * Whether a user may log in, and why not: in a word or two, and in a sentence.
 *
 * @param now ms since 1970.
 */
export function accessOf(
  { disabled, limits }: User,
  activity: UserActivity | undefined,
  now = Date.now(),
): readonly [text: string, hint: string] {
  const { expires, perDay, perMonth } = limits;
  if (disabled) return ['disabled', 'Disabled here: it cannot log in until it is enabled.'];
  if (expires !== undefined && expires <= now) {
    return ['expired', `It expired after ${lastDay(expires)}: edit it to choose a later day.`];
  }
  const { dayBytes = 0, monthBytes = 0 } = activity ?? {};
  if (perDay !== undefined && dayBytes >= perDay) {
    return [
      'day used up',
      `It has used ${formatBytes(perDay)}, its bytes of a day: wait for tomorrow.`,
    ];
  }
  if (perMonth !== undefined && monthBytes >= perMonth) {
    return [
      'month used up',
      `It has used ${formatBytes(perMonth)}, its bytes of a month: wait for the next one.`,
    ];
  }
  return ['allowed', 'It may log in.'];
}

/** What is used of a limit. */
function usedOf(used: string, limit: string | undefined): string {
  return limit === undefined ? '' : `${used} of ${limit}`;
}

/** A moment: its time if it is of today, its day otherwise. */
function formatMoment(time: number | undefined, now: number): string {
  if (time === undefined) return 'never';
  return formatDate(time) === formatDate(now) ? formatTime(time) : formatDate(time);
}

/** A column of users, with what its order goes by. */
export interface UserColumn extends Column<UserRow> {
  readonly value: (user: User) => number | string;
  /** Whether it has anything to tell of a user; left out: always. */
  readonly tells?: (user: User) => boolean;
}

/** The columns of users. @param activityOf tells what a user has done. */
export function userColumns(activityOf: ActivityOf): readonly UserColumn[] {
  const access = (user: User) => accessOf(user, activityOf(user.name));
  const moved = (name: string) => activityOf(name);
  return [
    column('name', 'Name', 90, ({ name }) => name, { grows: true }),
    column('group', 'Group', 44, ({ group }) => group, {
      grows: true,
      tells: ({ group }) => group !== '',
    }),
    column('access', 'Access', 78, (user) => access(user)[0], { hint: (user) => access(user)[1] }),
    column('password', 'Password', 100, ({ password }) => SECRETS[password][0], {
      hint: ({ password }) => SECRETS[password][1],
    }),
    column(
      'expires',
      'Last day',
      80,
      ({ limits: { expires } }) => (expires === undefined ? '' : lastDay(expires)),
      {
        value: ({ limits }) => limits.expires ?? Number.POSITIVE_INFINITY,
        tells: ({ limits }) => limits.expires !== undefined,
      },
    ),
    column(
      'lastSeen',
      'Last seen',
      80,
      ({ name }) => formatMoment(moved(name)?.lastSeen, Date.now()),
      { value: ({ name }) => moved(name)?.lastSeen ?? 0 },
    ),
    column(
      'connections',
      'Connections',
      44,
      ({ name, limits: { connections: limit } }) => {
        const { connections = 0 } = moved(name) ?? {};
        return limit === undefined ? String(connections) : `${connections} of ${limit}`;
      },
      { number: true, value: ({ name }) => moved(name)?.connections ?? 0 },
    ),
    quota('perDay', 'Today', ({ name }) => moved(name)?.dayBytes ?? 0),
    quota('perMonth', 'This month', ({ name }) => moved(name)?.monthBytes ?? 0),
    bytes('up', 'Up', ({ name }) => moved(name)?.up ?? 0),
    bytes('down', 'Down', ({ name }) => moved(name)?.down ?? 0),
    rate('rateUp', 'Rate up'),
    rate('rateDown', 'Rate down'),
  ];
}

interface Facts {
  readonly grows?: boolean;
  readonly number?: boolean;
  readonly value?: (user: User) => number | string;
  readonly tells?: (user: User) => boolean;
  readonly hint?: (user: User) => string;
}

function column(
  key: string,
  title: string,
  width: number,
  text: (user: User) => string,
  { hint, value = text, ...facts }: Facts,
): UserColumn {
  return {
    key,
    title,
    width,
    text: ({ user }) => text(user),
    value,
    ...facts,
    ...(hint && { hint: ({ user }: UserRow) => hint(user) }),
  };
}

function quota(
  key: 'perDay' | 'perMonth',
  title: string,
  used: (user: User) => number,
): UserColumn {
  const text = (user: User) => {
    const { [key]: limit } = user.limits;
    return usedOf(formatBytes(used(user)), limit === undefined ? undefined : formatBytes(limit));
  };
  const tells = ({ limits }: User) => limits[key] !== undefined;
  return column(key, title, 116, text, { number: true, value: used, tells });
}

function rate(key: 'rateUp' | 'rateDown', title: string): UserColumn {
  const text = ({ limits: { [key]: limit } }: User) =>
    limit === undefined ? '' : formatRate(limit);
  const value = ({ limits }: User) => limits[key] ?? Number.POSITIVE_INFINITY;
  const tells = ({ limits }: User) => limits[key] !== undefined;
  return column(key, title, 66, text, { number: true, value, tells });
}

function bytes(key: string, title: string, value: (user: User) => number): UserColumn {
  return column(key, title, 54, (user) => formatBytes(value(user)), { number: true, value });
}

/** Which users are shown, and in which order. */
export interface UserSelection {
  readonly search: string;
  /** The key of a column. */
  readonly sort: string;
  readonly descending: boolean;
}

/**
 * The users that have all words of a search, in an order; those that are alike in it stay in theirs.
 *
 * @param rows in the order of their names.
 */
export function selectUsers(
  rows: readonly UserRow[],
  { search, sort, descending }: UserSelection,
  columns: readonly UserColumn[],
): UserRow[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const access = columns.find(({ key }) => key === 'access');
  const isFound = (row: UserRow) => {
    const { name, group } = row.user;
    const text = `${name} ${group} ${access?.value(row.user)}`.toLowerCase();
    return words.every((word) => text.includes(word));
  };
  const found = words.length === 0 ? [...rows] : rows.filter(isFound);
  const by = columns.find(({ key }) => key === sort);
  if (by === undefined || by.key === 'name') return descending ? found.reverse() : found;
  const keyed = found.map((row) => [by.value(row.user), row] as const);
  const sign = descending ? -1 : 1;
  keyed.sort(([a], [b]) => (a < b ? -sign : a > b ? sign : 0));
  return keyed.map(([, row]) => row);
}
