import type { ConnectionChanges, ConnectionRow, ConnectionState } from '../../main/ipc/contract.js';
import { request } from '../bridge.js';
import { formatBytes, formatDuration, formatTime, words } from '../format.js';
import { explain } from '../reasons.js';
import type { Column } from '../table/columns.js';

export const STATES: readonly ConnectionState[] = [
  'negotiating',
  'connecting',
  'open',
  'closed',
  'refused',
  'login-failed',
];

/** Whether a connection goes on. */
export const isLive = ({ duration }: ConnectionRow) => duration === undefined;

/** @param now the present instant. */
function durationOf({ duration, began }: ConnectionRow, now: number): number {
  return duration ?? Math.max(0, now - began);
}

export const COLUMNS: readonly (Column<ConnectionRow> & { readonly key: keyof ConnectionRow })[] = [
  { key: 'time', title: 'Time', width: 54, text: ({ time }) => formatTime(time) },
  { key: 'client', title: 'Client', width: 62, grows: true, text: ({ client }) => client },
  { key: 'user', title: 'User', width: 40, grows: true, text: ({ user }) => user },
  { key: 'command', title: 'Command', width: 66, text: ({ command }) => command },
  {
    key: 'destination',
    title: 'Destination',
    width: 80,
    grows: true,
    text: ({ destination }) => destination,
  },
  { key: 'via', title: 'Via', width: 36, grows: true, text: ({ via }) => via },
  { key: 'state', title: 'State', width: 68, text: ({ state }) => words(state) },
  { key: 'up', title: 'Up', width: 48, number: true, text: ({ up }) => formatBytes(up) },
  { key: 'down', title: 'Down', width: 48, number: true, text: ({ down }) => formatBytes(down) },
  {
    key: 'duration',
    title: 'Duration',
    width: 60,
    number: true,
    text: (row, now) => formatDuration(durationOf(row, now)),
  },
  {
    key: 'reason',
    title: 'Reason',
    width: 60,
    grows: true,
    text: ({ reason, detail, diagnosis }) => explain(reason, detail, diagnosis),
  },
];

/** The columns that tell something of some rows: the way out, where one has not left directly. */
export function columnsOf(rows: readonly ConnectionRow[]): typeof COLUMNS {
  const hasVia = rows.some(({ via }) => via !== '');
  return hasVia ? COLUMNS : COLUMNS.filter(({ key }) => key !== 'via');
}

/** Which rows are shown, and in which order. */
export interface Selection {
  readonly text: string;
  readonly state: ConnectionState | '';
  readonly sort: keyof ConnectionRow;
  readonly descending: boolean;
}

/** What was made of rows to search in: a row that changes is another one. */
const haystacks = new WeakMap<ConnectionRow, string>();

function haystackOf(row: ConnectionRow): string {
  const known = haystacks.get(row);
  if (known !== undefined) return known;
  const made = haystack(row);
  haystacks.set(row, made);
  return made;
}

function haystack(row: ConnectionRow): string {
  const { client, user, group, command, destination, remote, via, reason, detail } = row;
  const { diagnosis } = row;
  return [client, user, group, command, destination, remote, via, words(reason), detail]
    .concat(explain(reason, detail, diagnosis))
    .join(' ')
    .toLowerCase();
}

/** The rows of the live log, kept up to date while somebody looks. */
export class Rows {
  #rows = new Map<number, ConnectionRow>();
  #unsubscribe: (() => void) | undefined;

  /** Whether they are kept up to date now. */
  get isWatching(): boolean {
    return this.#unsubscribe !== undefined;
  }

  get size(): number {
    return this.#rows.size;
  }

  get(id: number): ConnectionRow | undefined {
    return this.#rows.get(id);
  }

  /** Asks for all rows and follows them. @param changed called for each batch of changes. */
  async watch(changed: () => void): Promise<void> {
    this.#unsubscribe?.();
    this.#unsubscribe = window.picosocks5.subscribe('connections', (changes) => {
      this.#apply(changes);
      changed();
    });
    const rows = await request('connections.watch');
    this.#rows = new Map(rows.map((row) => [row.id, row]));
    changed();
  }

  /** Leaves the rows as they are now. */
  unwatch(): void {
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    void request('connections.unwatch');
  }

  /** Those that are wanted, in the wanted order. @param now the present instant. */
  select({ text, state, sort, descending }: Selection, now: number): ConnectionRow[] {
    const wanted = text.toLowerCase().split(/\s+/).filter(Boolean);
    let rows = [...this.#rows.values()];
    if (state !== '') rows = rows.filter((row) => row.state === state);
    if (wanted.length > 0) {
      rows = rows.filter((row) => {
        const all = haystackOf(row);
        return wanted.every((word) => all.includes(word));
      });
    }
    if (sort !== 'time') {
      const value = (row: ConnectionRow) =>
        sort === 'duration' ? durationOf(row, now) : (row[sort] ?? '');
      rows.sort((a, b) => {
        const [x, y] = [value(a), value(b)];
        return x < y ? -1 : x > y ? 1 : a.id - b.id;
      });
    }
    return descending ? rows.reverse() : rows;
  }

  #apply({ rows, removed }: ConnectionChanges): void {
    for (const row of rows) this.#rows.set(row.id, row);
    for (const id of removed) this.#rows.delete(id);
  }
}
