import type { ConnectionChanges, ConnectionRow, ConnectionState } from '../../main/contract.js';
import { request } from '../bridge.js';
import { formatBytes, formatDuration, formatTime, words } from '../format.js';

/** A column of the table of connections. */
export interface Column {
  readonly key: keyof ConnectionRow;
  readonly title: string;
  /** Its width, as CSS has it. */
  readonly width: string;
  readonly number?: boolean;
  readonly text: (row: ConnectionRow, now: number) => string;
}

export const STATES: readonly ConnectionState[] = [
  'negotiating',
  'connecting',
  'open',
  'closed',
  'refused',
];

function durationOf({ duration, time }: ConnectionRow, now: number): number {
  return duration ?? Math.max(0, now - time);
}

export const COLUMNS: readonly Column[] = [
  { key: 'time', title: 'Time', width: '72px', text: ({ time }) => formatTime(time) },
  { key: 'client', title: 'Client', width: 'minmax(110px, 1fr)', text: ({ client }) => client },
  { key: 'user', title: 'User', width: '90px', text: ({ user }) => user },
  { key: 'command', title: 'Command', width: '76px', text: ({ command }) => command },
  {
    key: 'destination',
    title: 'Destination',
    width: 'minmax(140px, 2fr)',
    text: ({ destination }) => destination,
  },
  { key: 'state', title: 'State', width: '84px', text: ({ state }) => state },
  { key: 'up', title: 'Up', width: '70px', number: true, text: ({ up }) => formatBytes(up) },
  {
    key: 'down',
    title: 'Down',
    width: '70px',
    number: true,
    text: ({ down }) => formatBytes(down),
  },
  {
    key: 'duration',
    title: 'Duration',
    width: '76px',
    number: true,
    text: (row, now) => formatDuration(durationOf(row, now)),
  },
  {
    key: 'reason',
    title: 'Reason',
    width: 'minmax(90px, 1fr)',
    text: ({ reason, detail }) => [words(reason), detail].filter(Boolean).join(': '),
  },
];

/** Which rows are shown, and in which order. */
export interface Selection {
  readonly text: string;
  readonly state: ConnectionState | '';
  readonly sort: keyof ConnectionRow;
  readonly descending: boolean;
}

function haystack(row: ConnectionRow): string {
  const { client, user, group, command, destination, remote, reason, detail } = row;
  return [client, user, group, command, destination, remote, words(reason), detail]
    .join(' ')
    .toLowerCase();
}

/** The rows of the live log, kept up to date while somebody looks. */
export class Rows {
  #rows = new Map<number, ConnectionRow>();
  #unsubscribe: (() => void) | undefined;

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

  unwatch(): void {
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    void request('connections.unwatch');
  }

  /** Those that are wanted, in the wanted order. */
  select({ text, state, sort, descending }: Selection, now: number): ConnectionRow[] {
    const wanted = text.toLowerCase().split(/\s+/).filter(Boolean);
    let rows = [...this.#rows.values()];
    if (state !== '') rows = rows.filter((row) => row.state === state);
    if (wanted.length > 0) {
      rows = rows.filter((row) => {
        const all = haystack(row);
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

/** What a spreadsheet would take for a formula is kept from it: destinations are anybody's text. */
function cell(value: unknown): string {
  const text = String(value ?? '');
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function plain(row: ConnectionRow): Readonly<Record<string, unknown>> {
  return { ...row, time: new Date(row.time).toISOString() };
}

/** RFC 4180. */
export function toCsv(rows: readonly ConnectionRow[]): string {
  const keys = Object.keys(rows[0] ?? {});
  const lines = rows.map((row) => {
    const values = plain(row);
    return keys.map((key) => cell(values[key])).join(',');
  });
  return `${[keys.join(','), ...lines].join('\r\n')}\r\n`;
}

/** One JSON object a line. */
export function toJsonLines(rows: readonly ConnectionRow[]): string {
  return rows.map((row) => `${JSON.stringify(plain(row))}\n`).join('');
}
