import type { ConnectionRow, TotalKind } from '../../main/ipc/contract.js';
import { text } from '../../main/words/words.js';
import { formatBytes, formatRate } from '../format.js';
import type { Section } from '../table/section.js';
import { isLive, splitAddress } from './connectionfilter.js';

/** By what rows are put together. */
export type Grouping = TotalKind | '';

/** Rows that have a host, user or program in common. */
export interface Group extends Section {
  /** What they have in common: empty for what is not known. */
  readonly name: string;
  readonly rows: readonly ConnectionRow[];
}

const NONE = {
  host: 'connections.noHost',
  user: 'connections.noUser',
  program: 'connections.noProgram',
} as const;

/** What a host, user or program is called, where there is none as well. */
export function nameText(kind: TotalKind, name: string): string {
  return name === '' ? text(NONE[kind]) : name;
}

/** What a connection has in common with others. */
export function nameOf(kind: TotalKind, row: ConnectionRow): string {
  return kind === 'host' ? splitAddress(row.destination)[0].toLowerCase() : row[kind];
}

/** Numbers of groups, by what they are groups of: a group keeps its number while rows come and go. */
const ids = new Map<string, number>();

function idOf(kind: TotalKind, name: string): number {
  const key = `${kind} ${name}`;
  const known = ids.get(key) ?? -1 - ids.size;
  ids.set(key, known);
  return known;
}

/**
 * Puts rows together, the largest groups first; in a group they stay in their order.
 *
 * @param closed the names of groups whose rows are hidden.
 */
export function groupRows(
  rows: readonly ConnectionRow[],
  kind: TotalKind,
  closed: ReadonlySet<string>,
): Group[] {
  const byName = new Map<string, ConnectionRow[]>();
  for (const row of rows) {
    const name = nameOf(kind, row);
    const own = byName.get(name);
    if (own === undefined) byName.set(name, [row]);
    else own.push(row);
  }
  const groups = [...byName].map(([name, own]) => ({
    id: idOf(kind, name),
    name,
    title: nameText(kind, name),
    facts: factsOf(own),
    expanded: !closed.has(name),
    rows: own,
  }));
  return groups.sort((a, b) => b.rows.length - a.rows.length || (a.name < b.name ? -1 : 1));
}

/** Groups and the rows that are seen of them, as a table has them. */
export function linesOf(groups: readonly Group[]): (Group | ConnectionRow)[] {
  return groups.flatMap((group) => (group.expanded ? [group, ...group.rows] : [group]));
}

function factsOf(rows: readonly ConnectionRow[]): string {
  let [live, up, down, rateUp, rateDown] = [0, 0, 0, 0, 0];
  for (const row of rows) {
    if (isLive(row)) live++;
    up += row.up;
    down += row.down;
    rateUp += row.rateUp;
    rateDown += row.rateDown;
  }
  const facts = text('connections.groupFacts', {
    ...{ count: rows.length, live, up: formatBytes(up), down: formatBytes(down) },
  });
  if (rateUp + rateDown === 0) return facts;
  const speeds = { up: formatRate(rateUp), down: formatRate(rateDown) };
  return `${facts} · ${text('connections.groupSpeed', speeds)}`;
}
