import type { StatusAnswer } from '../../../control/answers.js';
import { bytes, counted, span, visible } from '../text.js';
import type { Model, Row } from './model.js';

/** Columns and lines of a terminal. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** What is shown beside the table. */
export interface Around {
  readonly status: StatusAnswer;
  /** What is being typed, asked or told; undefined: which keys there are. */
  readonly prompt: string | undefined;
  readonly isPaused: boolean;
  /** How many connections are not listed, since there are too many. */
  readonly unlisted: number;
}

const KEYS = 'q quit  / filter  s sort  r reverse  k disconnect  p pause  up/down choose';

const BOLD = '\x1b[1m';
const REVERSE = '\x1b[7m';
const PLAIN = '\x1b[0m';

/** Columns of fixed width; what is left is shared by the others. */
const FIXED = 60;
const LEAST = 8;

/** How wide user, client and destination are. */
function widths(columns: number): readonly [user: number, client: number, destination: number] {
  const left = Math.max(3 * LEAST, columns - FIXED);
  const user = Math.min(16, Math.max(LEAST, Math.floor(left / 4)));
  const client = Math.min(22, Math.max(LEAST, Math.floor((left - user) * 0.4)));
  return [user, client, Math.max(LEAST, left - user - client)];
}

function cell(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}~` : text.padEnd(width);
}

function line(
  [id, user, client, command, destination, ...numbers]: readonly string[],
  [userWidth, clientWidth, destinationWidth]: readonly [number, number, number],
): string {
  return [
    (id ?? '').padStart(8),
    cell(user ?? '', userWidth),
    cell(client ?? '', clientWidth),
    cell(command ?? '', 9),
    cell(destination ?? '', destinationWidth),
    ...numbers.map((number, i) => number.padStart(i === 4 ? 7 : 6)),
  ].join(' ');
}

function cellsOf({ one, user, client, destination, upRate, downRate, age }: Row): string[] {
  return [
    String(one.id),
    visible(user),
    client,
    one.command ?? '-',
    visible(destination),
    bytes(upRate),
    bytes(downRate),
    bytes(one.up),
    bytes(one.down),
    span(age),
  ];
}

const HEAD = [
  'ID',
  'USER',
  'CLIENT',
  'COMMAND',
  'DESTINATION',
  'UP/s',
  'DOWN/s',
  'UP',
  'DOWN',
  'AGE',
];

/** How many rows of the table fit. */
export function pageSize({ rows }: Size): number {
  return Math.max(1, rows - 5);
}

/**
 * The whole screen, line by line, each of them cut to the terminal's width: visible ASCII, and how
 * it looks.
 */
export function linesOf(model: Model, around: Around, size: Size): string[] {
  const { columns } = size;
  const { status, prompt, isPaused, unlisted } = around;
  const { connections } = status;
  const fit = (text: string) => text.slice(0, columns).padEnd(columns);
  const count = pageSize(size);
  const first = Math.max(0, Math.min(model.chosenIndex - count + 1, model.rows.length - count));
  const shown = model.rows.slice(first, first + count);
  const layout = widths(columns);
  const sort = `sorted by ${model.order}${model.isReversed ? ', reversed' : ''}`;
  const filter = model.filter === '' ? '' : `, filter ${visible(model.filter)}`;
  const more = unlisted === 0 ? '' : `, ${unlisted} more are not listed`;
  const lines = [
    BOLD +
      fit(
        `PicoSOCKS5 ${status.version}: ${status.state}, up ${span(status.uptime)}` +
          `${isPaused ? ' (paused)' : ''}`,
      ) +
      PLAIN,
    fit(
      `${counted(connections.total, 'connection')}, ${counted(connections.users, 'user')}; ` +
        `${bytes(model.upRate)}/s up, ${bytes(model.downRate)}/s down; ` +
        `${counted(status.since.failedLogins, 'failed login')}, ${status.since.rejected} refused`,
    ),
    fit(`${counted(model.rows.length, 'row')} ${sort}${filter}${more}`),
    REVERSE + fit(line(HEAD, layout)) + PLAIN,
    ...shown.map((row, i) => {
      const text = fit(line(cellsOf(row), layout));
      return first + i === model.chosenIndex ? REVERSE + text + PLAIN : text;
    }),
  ];
  while (lines.length < size.rows - 1) lines.push(' '.repeat(columns));
  lines.push(fit(prompt ?? KEYS));
  return lines.slice(0, size.rows);
}
