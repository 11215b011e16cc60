import type { ConnectionChanges, ConnectionRow, ConnectionState } from '../../main/ipc/contract.js';
import { request } from '../bridge.js';
import { seeRows } from './connectioncolumns.js';
import { durationOf, type Filter } from './connectionfilter.js';

/** Which rows are shown, and in which order. */
export interface Selection {
  readonly filter: Filter;
  readonly state: ConnectionState | '';
  readonly sort: keyof ConnectionRow;
  readonly descending: boolean;
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

  /** The id of the newest one. */
  get newest(): number {
    let newest = 0;
    for (const id of this.#rows.keys()) newest = Math.max(newest, id);
    return newest;
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
    seeRows(rows);
    changed();
  }

  /** Leaves the rows as they are now. */
  unwatch(): void {
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    void request('connections.unwatch');
  }

  /** Those that are wanted, in the wanted order. @param now the present instant. */
  select({ filter, state, sort, descending }: Selection, now: number): ConnectionRow[] {
    let rows = [...this.#rows.values()];
    if (state !== '') rows = rows.filter((row) => row.state === state);
    if (!filter.isEmpty) rows = rows.filter((row) => filter.fits(row, now));
    if (sort !== 'time') {
      const value = (row: ConnectionRow) =>
        sort === 'duration' ? durationOf(row, now) : (row[sort] ?? '');
      const keyed = rows.map((row) => [value(row), row] as const);
      keyed.sort(([x, a], [y, b]) => (x < y ? -1 : x > y ? 1 : a.id - b.id));
      rows = keyed.map(([, row]) => row);
    }
    return descending ? rows.reverse() : rows;
  }

  #apply({ rows, removed }: ConnectionChanges): void {
    seeRows(rows);
    for (const row of rows) this.#rows.set(row.id, row);
    for (const id of removed) this.#rows.delete(id);
  }
}
