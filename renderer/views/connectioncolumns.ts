import type { ConnectionRow, ConnectionState } from '../../main/ipc/contract.js';
import { text } from '../../main/words/words.js';
import { formatBytes, formatDuration, formatRate, formatTime } from '../format.js';
import { explain, explainWhole } from '../reasons.js';
import type { Column } from '../table/columns.js';
import { durationOf } from './connectionfilter.js';

/** A column of the live log. */
export interface ConnectionColumn extends Column<ConnectionRow> {
  readonly key: keyof ConnectionRow;
  /** Whether it is there only if it is chosen. */
  readonly extra?: true;
}

const STATE_TEXTS = {
  negotiating: 'connections.negotiating',
  connecting: 'connections.connecting',
  open: 'connections.open',
  closed: 'connections.closed',
  refused: 'connections.refused',
  failed: 'connections.failed',
  'login-failed': 'connections.loginFailed',
} as const satisfies Record<ConnectionState, string>;

/** A state as it is shown. */
export function stateText(state: ConnectionState): string {
  return text(STATE_TEXTS[state]);
}

/** Speeds are shown where there is any. */
function rate(value: number): string {
  return value === 0 ? '' : formatRate(value);
}

/** All columns, in the language in force. */
export function allColumns(): readonly ConnectionColumn[] {
  return [
    {
      key: 'time',
      title: text('connections.time'),
      width: 54,
      text: ({ time }) => formatTime(time),
    },
    {
      ...{ key: 'client', title: text('connections.client'), width: 56, grows: true },
      text: ({ client }) => client,
    },
    {
      ...{ key: 'program', title: text('connections.program'), width: 44, grows: true, yields: 1 },
      text: ({ program }) => program,
      hint: ({ program, programPath, pid }) =>
        [programPath || program, pid ?? ''].filter(Boolean).join(', '),
    },
    {
      ...{ key: 'user', title: text('connections.user'), width: 40, grows: true },
      text: ({ user }) => user,
    },
    {
      ...{ key: 'command', title: text('connections.command'), width: 66 },
      text: ({ command }) => command,
    },
    {
      ...{ key: 'destination', title: text('connections.destination'), width: 70, grows: true },
      text: ({ destination }) => destination,
    },
    {
      ...{ key: 'via', title: text('connections.via'), width: 36, grows: true },
      text: ({ via }) => via,
    },
    {
      ...{ key: 'state', title: text('connections.state'), width: 68 },
      text: ({ state }) => stateText(state),
    },
    {
      ...{ key: 'rateUp', title: text('connections.rateUp'), width: 60, number: true, yields: 3 },
      text: ({ rateUp }) => rate(rateUp),
    },
    {
      ...{ key: 'rateDown', title: text('connections.rateDown'), width: 60, number: true },
      ...{ yields: 2 },
      text: ({ rateDown }) => rate(rateDown),
    },
    {
      ...{ key: 'up', title: text('connections.up'), width: 48, number: true },
      text: ({ up }) => formatBytes(up),
    },
    {
      ...{ key: 'down', title: text('connections.down'), width: 48, number: true },
      text: ({ down }) => formatBytes(down),
    },
    {
      ...{ key: 'duration', title: text('connections.duration'), width: 60, number: true },
      text: (row, now) => formatDuration(durationOf(row, now)),
    },
    {
      ...{ key: 'reason', title: text('connections.reason'), width: 50, grows: true },
      text: ({ reason, detail, diagnosis }) => explain(reason, detail, diagnosis),
      hint: ({ reason, detail, diagnosis }) => explainWhole(reason, detail, diagnosis),
    },
    {
      ...{
        key: 'group',
        title: text('connections.userGroup'),
        width: 44,
        grows: true,
        extra: true,
      },
      text: ({ group }) => group,
    },
    {
      ...{ key: 'method', title: text('connections.method'), width: 56, extra: true },
      text: ({ method }) => method,
    },
    {
      ...{ key: 'remote', title: text('connections.dialled'), width: 80, grows: true, extra: true },
      text: ({ remote }) => remote,
    },
    {
      ...{ key: 'pid', title: text('connections.pid'), width: 52, number: true, extra: true },
      text: ({ pid }) => (pid === undefined ? '' : String(pid)),
    },
    {
      ...{ key: 'programPath', title: text('connections.programFile'), width: 80, grows: true },
      extra: true,
      text: ({ programPath }) => programPath,
    },
  ];
}

/** Columns that tell something once there is something: they stay, so that nothing jumps. */
const TELLING: ReadonlyMap<keyof ConnectionRow, (row: ConnectionRow) => boolean> = new Map<
  keyof ConnectionRow,
  (row: ConnectionRow) => boolean
>([
  ['user', ({ user }) => user !== ''],
  ['via', ({ via }) => via !== ''],
  ['rateUp', ({ rateUp }) => rateUp > 0],
  ['rateDown', ({ rateDown }) => rateDown > 0],
]);

/** Keys of the columns that have had something to tell. */
const told = new Set<keyof ConnectionRow>();

/** Takes rows that are new, or have changed, into account. */
export function seeRows(rows: readonly ConnectionRow[]): void {
  for (const [key, tells] of TELLING) {
    if (!told.has(key) && rows.some(tells)) told.add(key);
  }
}

/**
 * The columns to show.
 *
 * @param chosen the keys of those that the user has chosen; undefined: those that have told
 *   something of some rows, as far as there is room.
 */
export function shownColumns(chosen: readonly string[] | undefined): readonly ConnectionColumn[] {
  const all = allColumns();
  if (chosen === undefined) {
    return all.filter(({ key, extra }) => !extra && (!TELLING.has(key) || told.has(key)));
  }
  const own = all.filter(({ key }) => chosen.includes(key));
  // What was chosen is there, and one scrolls to it where there is no room.
  return own.map(({ yields: _yields, ...column }) => column);
}
