import type { ConnectionRow, TotalKind } from '../../main/ipc/contract.js';
import { text } from '../../main/words/words.js';
import { copy } from '../actions.js';
import { run } from '../commands.js';
import type { MenuItem } from '../workbench/menu.js';
import { allColumns, type ConnectionColumn } from './connectioncolumns.js';
import { isLive } from './connectionfilter.js';
import { nameOf } from './connectiongroups.js';
import { toJsonLines } from './exports.js';
import { hasDestination } from './routing.js';

/** What rows' menus do besides commands. */
interface RowActions {
  readonly copy: () => void;
  /** Shows only what a filter lets through. */
  readonly only: (filter: string) => void;
}

/** The filter for what rows have in common: a term of its own, whatever the name has in it. */
export function termOf(kind: TotalKind, name: string): string {
  return /^[^\s",*?]+$/.test(name) ? `${kind}:${name}` : `${kind}:"${name.replaceAll('"', '?')}"`;
}

/** What can be done about rows that are chosen. */
export function rowItems(
  rows: readonly ConnectionRow[],
  { copy: copyRows, only }: RowActions,
): readonly (MenuItem | 'separator')[] {
  const [row] = rows;
  if (row === undefined) return [];
  const places = rows.length === 1 && hasDestination(row);
  const details = text('connections.details');
  return [
    {
      label: text('connections.route'),
      enabled: places,
      run: () => run('connections.route'),
    },
    { label: text('connections.deny'), enabled: places, run: () => run('connections.deny') },
    'separator',
    { label: text('connections.copy'), enabled: true, run: copyRows },
    {
      label: text('connections.copyDetails'),
      enabled: true,
      run: () => copy(toJsonLines(rows), details),
    },
    'separator',
    ...onlyItems(row, only),
    'separator',
    {
      label: text('connections.disconnect'),
      enabled: rows.some(isLive),
      run: () => run('connections.disconnect'),
    },
  ];
}

const ONLY = {
  host: 'connections.onlyHost',
  user: 'connections.onlyUser',
  program: 'connections.onlyProgram',
} as const;

function onlyItems(row: ConnectionRow, only: (filter: string) => void): MenuItem[] {
  return (['host', 'user', 'program'] as const).flatMap((kind) => {
    const name = nameOf(kind, row);
    if (name === '') return [];
    const label = text(ONLY[kind], { name });
    return [{ label, enabled: true, run: () => only(termOf(kind, name)) }];
  });
}

/**
 * The columns, to be chosen one by one.
 *
 * @param shown those that are shown.
 * @param chosen the keys of those that the user has chosen; undefined if none has been.
 */
export function columnItems(
  shown: readonly ConnectionColumn[],
  chosen: readonly string[] | undefined,
  choose: (keys: readonly string[] | undefined) => void,
): readonly (MenuItem | 'separator')[] {
  const keys = shown.map(({ key }) => key as string);
  return [
    {
      label: text('connections.columnsAuto'),
      enabled: true,
      checked: chosen === undefined,
      run: () => choose(undefined),
    },
    'separator',
    ...allColumns().map(({ key, title }) => {
      const checked = keys.includes(key);
      const others = keys.filter((own) => own !== key);
      // A table without a column would have none to bring the others back by.
      const enabled = !checked || others.length > 0;
      const run = () => choose(checked ? others : [...keys, key]);
      return { label: title, enabled, checked, run };
    }),
  ];
}
