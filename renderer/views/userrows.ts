import type { User, UserActivity } from '../../main/ipc/contract.js';
import { type PlainKey, text } from '../../main/words/words.js';
import { formatBytes, formatDate, formatNumber, formatRate, formatTime } from '../format.js';
import type { Column } from '../table/columns.js';

/** A user as the table has it. */
export interface UserRow {
  readonly id: number;
  readonly user: User;
}

type ActivityOf = (name: string) => UserActivity | undefined;

/**
 * Whether a user may log in, and why not: in a word or two, and in a sentence.
 *
 * @param now ms since 1970.
 */
export function accessOf(
  { disabled, limits }: User,
  activity: UserActivity | undefined,
  now = Date.now(),
): readonly [word: string, hint: string] {
  const { expires, perDay, perMonth } = limits;
  if (disabled) return [text('users.disabled'), text('users.disabled.hint')];
  if (expires !== undefined && expires <= now) {
    return [text('users.expired'), text('users.expired.hint', { day: formatLastDay(expires) })];
  }
  const { dayBytes = 0, monthBytes = 0 } = activity ?? {};
  if (perDay !== undefined && dayBytes >= perDay) {
    const bytes = formatBytes(perDay);
    return [text('users.dayUsedUp'), text('users.dayUsedUp.hint', { bytes })];
  }
  if (perMonth !== undefined && monthBytes >= perMonth) {
    const bytes = formatBytes(perMonth);
    return [text('users.monthUsedUp'), text('users.monthUsedUp.hint', { bytes })];
  }
  return [text('users.allowed'), text('users.allowed.hint')];
}

/** The last day of who expires then. */
function formatLastDay(expires: number): string {
  return formatDate(expires - 1);
}

/** What is used of a limit. */
function usedOf(used: string, limit: string | number | undefined): string {
  return limit === undefined ? '' : text('users.usedOf', { used, limit });
}

/** A moment: its time if it is of today, its day otherwise. */
function formatMoment(time: number | undefined, now: number): string {
  if (time === undefined) return text('users.never');
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
    column('name', 'users.name', 76, ({ name }) => name, { grows: true }),
    column('group', 'users.group', 44, ({ group }) => group, {
      grows: true,
      tells: ({ group }) => group !== '',
    }),
    column('access', 'users.access', 56, (user) => access(user)[0], {
      grows: true,
      hint: (user) => access(user).join(': '),
    }),
    column('password', 'users.password', 60, ({ password }) => text(`users.secret.${password}`), {
      grows: true,
      hint: ({ password }) =>
        `${text(`users.secret.${password}`)}: ${text(`users.secret.${password}.hint`)}`,
    }),
    column(
      'expires',
      'users.lastDay',
      80,
      ({ limits: { expires } }) => (expires === undefined ? '' : formatLastDay(expires)),
      {
        value: ({ limits }) => limits.expires ?? Number.POSITIVE_INFINITY,
        tells: ({ limits }) => limits.expires !== undefined,
      },
    ),
    column(
      'lastSeen',
      'users.lastSeen',
      60,
      ({ name }) => formatMoment(moved(name)?.lastSeen, Date.now()),
      { grows: true, value: ({ name }) => moved(name)?.lastSeen ?? 0 },
    ),
    column(
      'connections',
      'users.connections',
      44,
      ({ name, limits: { connections: limit } }) => {
        const { connections = 0 } = moved(name) ?? {};
        return usedOf(formatNumber(connections), limit) || formatNumber(connections);
      },
      { number: true, value: ({ name }) => moved(name)?.connections ?? 0 },
    ),
    quota('perDay', 'users.today', ({ name }) => moved(name)?.dayBytes ?? 0),
    quota('perMonth', 'users.thisMonth', ({ name }) => moved(name)?.monthBytes ?? 0),
    bytes('up', 'users.up', ({ name }) => moved(name)?.up ?? 0),
    bytes('down', 'users.down', ({ name }) => moved(name)?.down ?? 0),
    rate('rateUp', 'users.rateUp'),
    rate('rateDown', 'users.rateDown'),
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
  title: PlainKey,
  width: number,
  shown: (user: User) => string,
  { hint, value = shown, ...facts }: Facts,
): UserColumn {
  return {
    key,
    get title() {
      return text(title);
    },
    width,
    text: ({ user }) => shown(user),
    value,
    ...facts,
    ...(hint && { hint: ({ user }: UserRow) => hint(user) }),
  };
}

function quota(
  key: 'perDay' | 'perMonth',
  title: PlainKey,
  used: (user: User) => number,
): UserColumn {
  const shown = (user: User) => {
    const { [key]: limit } = user.limits;
    return usedOf(formatBytes(used(user)), limit === undefined ? undefined : formatBytes(limit));
  };
  const tells = ({ limits }: User) => limits[key] !== undefined;
  return column(key, title, 116, shown, { number: true, value: used, tells });
}

function rate(key: 'rateUp' | 'rateDown', title: PlainKey): UserColumn {
  const shown = ({ limits: { [key]: limit } }: User) =>
    limit === undefined ? '' : formatRate(limit);
  const value = ({ limits }: User) => limits[key] ?? Number.POSITIVE_INFINITY;
  const tells = ({ limits }: User) => limits[key] !== undefined;
  return column(key, title, 66, shown, { number: true, value, tells });
}

function bytes(key: string, title: PlainKey, value: (user: User) => number): UserColumn {
  return column(key, title, 50, (user) => formatBytes(value(user)), { number: true, value });
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
    const own = `${name} ${group} ${access?.value(row.user)}`.toLowerCase();
    return words.every((word) => own.includes(word));
  };
  const found = words.length === 0 ? [...rows] : rows.filter(isFound);
  const by = columns.find(({ key }) => key === sort);
  if (by === undefined || by.key === 'name') return descending ? found.reverse() : found;
  const keyed = found.map((row) => [by.value(row.user), row] as const);
  const sign = descending ? -1 : 1;
  keyed.sort(([a], [b]) => (a < b ? -sign : a > b ? sign : 0));
  return keyed.map(([, row]) => row);
}
