import type { ConnectionRow, Total, TotalKind, Totals } from '../ipc/contract.js';

type Entry = { -readonly [K in keyof Total]: Total[K] };

/** How many names of a kind are told apart: those that come later are added up as one. */
const MAX_NAMES = 5000;
/** How many of them are told at once. */
const MAX_TOLD = 500;
/** The name of those that are not told apart: no host, user or program can have it. */
export const OTHERS = '\0';

/** What a connection has been counted as. */
interface Counted {
  readonly entries: Record<TotalKind, Entry | undefined>;
  up: number;
  down: number;
  rateUp: number;
  rateDown: number;
  outcome: 'open' | 'refused' | 'failed' | undefined;
}

const OUTCOMES: Readonly<Record<ConnectionRow['state'], Counted['outcome']>> = {
  negotiating: 'open',
  connecting: 'open',
  open: 'open',
  closed: undefined,
  refused: 'refused',
  'login-failed': 'refused',
  failed: 'failed',
};

/** What connections come to, by their hosts, users and programs, since the app was started. */
export class ConnectionTotals {
  readonly #names: Readonly<Record<TotalKind, Map<string, Entry>>> = {
    host: new Map(),
    user: new Map(),
    program: new Map(),
  };
  /** Of connections that may still change, by their ids. */
  readonly #counted = new Map<number, Counted>();

  /** Takes a connection as it is now. */
  take(row: ConnectionRow): void {
    let counted = this.#counted.get(row.id);
    if (counted === undefined) {
      counted = {
        entries: { host: undefined, user: undefined, program: undefined },
        ...{ up: 0, down: 0, rateUp: 0, rateDown: 0, outcome: undefined },
      };
      this.#counted.set(row.id, counted);
    }
    this.#place(counted, 'host', hostOf(row));
    this.#place(counted, 'user', row.user);
    this.#place(counted, 'program', row.program);
    this.#count(counted, row);
  }

  /** Takes that the program of a connection is known now. */
  identify(row: ConnectionRow): void {
    const counted = this.#counted.get(row.id);
    if (counted !== undefined) this.#place(counted, 'program', row.program);
  }

  /** A connection does not change any more, or is nobody's business from now on. */
  leave(row: ConnectionRow): void {
    const counted = this.#counted.get(row.id);
    this.#counted.delete(row.id);
    if (counted === undefined || counted.outcome !== 'open') return;
    const { up, down } = counted;
    this.#count(counted, { up, down, rateUp: 0, rateDown: 0, state: 'closed' });
  }

  /** Those of a kind that moved the most. */
  of(kind: TotalKind): Totals {
    const all = [...this.#names[kind].values()].filter(({ connections }) => connections > 0);
    all.sort((a, b) => b.up + b.down - (a.up + a.down) || b.connections - a.connections);
    return { rows: all.slice(0, MAX_TOLD), more: Math.max(0, all.length - MAX_TOLD) };
  }

  /** Counts a connection under a name, and no more under the one before. */
  #place(counted: Counted, kind: TotalKind, name: string | undefined): void {
    const before = counted.entries[kind];
    if (name === undefined || before?.name === name) return;
    const entry = this.#entry(kind, name);
    if (entry === before) return;
    counted.entries[kind] = entry;
    if (before !== undefined) add(before, counted, -1);
    add(entry, counted, 1);
  }

  #entry(kind: TotalKind, name: string): Entry {
    const names = this.#names[kind];
    const known = names.size < MAX_NAMES || names.has(name) ? name : OTHERS;
    let entry = names.get(known);
    if (entry === undefined) {
      entry = {
        name: known,
        ...{ connections: 0, open: 0, refused: 0, failed: 0 },
        ...{ up: 0, down: 0, rateUp: 0, rateDown: 0 },
      };
      names.set(known, entry);
    }
    return entry;
  }

  #count(
    counted: Counted,
    {
      up,
      down,
      rateUp,
      rateDown,
      state,
    }: Pick<ConnectionRow, (keyof Counted & keyof ConnectionRow) | 'state'>,
  ): void {
    const outcome = OUTCOMES[state];
    for (const entry of Object.values(counted.entries)) {
      if (entry === undefined) continue;
      entry.up += up - counted.up;
      entry.down += down - counted.down;
      entry.rateUp += rateUp - counted.rateUp;
      entry.rateDown += rateDown - counted.rateDown;
      if (outcome === counted.outcome) continue;
      if (counted.outcome !== undefined) entry[counted.outcome]--;
      if (outcome !== undefined) entry[outcome]++;
    }
    Object.assign(counted, { up, down, rateUp, rateDown, outcome });
  }
}

/** The host that a connection is for, once it is known. */
function hostOf({ destination }: ConnectionRow): string | undefined {
  if (destination === '') return undefined;
  return destination.replace(/:\d+$/, '').toLowerCase();
}

function add(entry: Entry, counted: Counted, sign: 1 | -1): void {
  entry.connections += sign;
  entry.up += sign * counted.up;
  entry.down += sign * counted.down;
  entry.rateUp += sign * counted.rateUp;
  entry.rateDown += sign * counted.rateDown;
  if (counted.outcome !== undefined) entry[counted.outcome] += sign;
}
