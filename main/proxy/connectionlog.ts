import {
  type Address,
  type CloseReason,
  type ConnectionInfo,
  formatAddress,
  monotonic,
  Oldest,
  type ServerEvent,
} from 'picosocks5';
import { type ConnectionChanges, type ConnectionRow, hasFailed } from '../ipc/contract.js';
import type { Program } from '../programs/program.js';
import { text } from '../words/words.js';
import { ConnectionTotals } from './totals.js';

type Row = { -readonly [K in keyof ConnectionRow]: ConnectionRow[K] };

/** How many connections are kept. */
const CAPACITY = 10_000;

/** Asks which program a client is, and is told once that is known. */
export type AskProgram = (client: Address, tell: (program: Program) => void) => void;

/** Ends of connections that were never served, and of which no event but the last tells. */
export const TURNED_AWAY: ReadonlySet<CloseReason> = new Set(['handshake-timeout']);

const NEVER_SERVED: ReadonlySet<string> = new Set(['refused', 'failed', 'login-failed']);

/**
 * The live log: the last connections, and what changed of them since it was asked. When it is
 * full, those that ended first leave; live ones only if there is nothing else.
 */
export class ConnectionLog {
  /** What they all come to, with those that have left. */
  readonly totals = new ConnectionTotals();
  readonly #capacity: number;
  readonly #askProgram: AskProgram;
  /** When bytes were counted last, in monotonic ms. */
  #counted = monotonic();
  /** By their ids, the oldest first. */
  readonly #live = new Map<number, Row>();
  readonly #ended = new Map<number, Row>();
  readonly #firstEnded = new Oldest(this.#ended);
  #changed = new Set<Row>();
  #removed: number[] = [];
  #watched = false;
  /** Each run of a server counts its connections from 1: what its ids are raised by. */
  #base = 0;
  #last = 0;

  /** @param askProgram what knows the programs of this computer. */
  constructor(capacity = CAPACITY, askProgram: AskProgram = () => {}) {
    this.#capacity = capacity;
    this.#askProgram = askProgram;
  }

  /** All rows, the oldest first. From now on changes are kept, until `unwatch()`. */
  watch(): ConnectionRow[] {
    this.unwatch();
    this.#watched = true;
    return [...this.#live.values(), ...this.#ended.values()].sort((a, b) => a.id - b.id);
  }

  unwatch(): void {
    this.#watched = false;
    this.#changed.clear();
    this.#removed = [];
  }

  /** What has changed since the last call, or undefined if nothing has. */
  changes(): ConnectionChanges | undefined {
    if (this.#changed.size === 0 && this.#removed.length === 0) return undefined;
    const changes = { rows: [...this.#changed], removed: this.#removed };
    this.#changed = new Set();
    this.#removed = [];
    return changes;
  }

  /** A new server runs, whose ids begin again. */
  beginRun(): void {
    this.#base = this.#last;
  }

  /** The id that the running server has for a row, or undefined if the row is of another run. */
  serverId(id: number): number | undefined {
    return id > this.#base ? id - this.#base : undefined;
  }

  /** Forgets all connections that are over. */
  clear(): void {
    for (const row of this.#ended.values()) this.#remove(row);
    this.#ended.clear();
    this.#firstEnded.forget();
  }

  /**
   * Takes the connections that there are, of which nothing was told; those that there are no more are
   * over, and nobody knows how.
   *
   * @param now what the clock of their server says, ms since 1970.
   */
  adopt(connections: readonly ConnectionInfo[], now: number): void {
    const present = new Set(connections.map(({ id }) => this.#base + id));
    for (const row of [...this.#live.values()]) {
      if (present.has(row.id)) continue;
      row.state = 'closed';
      row.duration = monotonic() - row.began;
      this.#note(row);
      this.#end(row);
    }
    for (const one of connections) {
      const { id, since, client, user, group, method, command, destination, via, up, down } = one;
      const row = this.#row({ id, time: since, client });
      row.began = monotonic() - Math.max(0, now - since);
      row.user = user ?? row.user;
      row.group = group ?? row.group;
      row.method = method ?? row.method;
      row.command = command ?? row.command;
      row.destination = destination === undefined ? row.destination : formatAddress(destination);
      row.via = via ?? row.via;
      row.state = destination === undefined ? 'negotiating' : 'open';
      row.up = up;
      row.down = down;
    }
  }

  /** Takes the byte counts of live connections, and how fast they have grown since the last time. */
  count(connections: readonly Pick<ConnectionInfo, 'id' | 'up' | 'down'>[]): void {
    const now = monotonic();
    const elapsed = Math.max(now - this.#counted, 1) / 1000;
    this.#counted = now;
    for (const { id, up, down } of connections) {
      const row = this.#live.get(this.#base + id);
      if (row === undefined) continue;
      const rateUp = Math.round(Math.max(0, up - row.up) / elapsed);
      const rateDown = Math.round(Math.max(0, down - row.down) / elapsed);
      const isSame = row.up === up && row.down === down;
      if (!isSame || row.rateUp !== rateUp || row.rateDown !== rateDown) {
        Object.assign(row, { up, down, rateUp, rateDown });
        this.#note(row);
      }
      this.totals.take(row);
    }
  }

  handle(event: ServerEvent): void {
    switch (event.type) {
      case 'connection':
        this.#row(event);
        break;
      case 'authenticated': {
        const row = this.#row(event);
        row.user = event.user ?? '';
        row.group = event.group ?? '';
        row.method = event.method;
        break;
      }
      case 'authentication-failed': {
        const row = this.#row(event);
        row.state = 'login-failed';
        row.reason = 'authentication-failed';
        row.user = event.user ?? '';
        row.method = event.method;
        row.detail = event.detail;
        row.duration = monotonic() - row.began;
        this.#end(row);
        break;
      }
      case 'request': {
        const row = this.#row(event);
        row.command = event.command;
        row.destination = formatAddress(event.destination);
        row.state = 'connecting';
        break;
      }
      case 'established': {
        const row = this.#row(event);
        row.remote = event.remote === undefined ? '' : formatAddress(event.remote);
        row.via = event.via ?? '';
        row.state = 'open';
        break;
      }
      case 'rejected':
        this.#reject(event);
        break;
      case 'closed':
        this.#close(event);
        break;
    }
  }

  #reject(event: ServerEvent & { type: 'rejected' }): void {
    const row = this.#row(event);
    if (event.datagram && event.destination !== undefined) {
      row.detail = text('server.datagrams', {
        destination: formatAddress(event.destination),
        detail: event.detail,
      });
      this.#note(row);
      return;
    }
    row.state = hasFailed(event.reason) ? 'failed' : 'refused';
    row.reason = event.reason;
    row.detail = event.detail;
    row.diagnosis = event.diagnosis;
    row.user = event.user ?? row.user;
    if (event.destination !== undefined) row.destination = formatAddress(event.destination);
    row.command = event.command ?? row.command;
    row.duration = monotonic() - row.began;
    this.#end(row);
  }

  #close(event: ServerEvent & { type: 'closed' }): void {
    // What was refused, or failed, before it was closed stays so, with its reason.
    const row = this.#ended.get(this.#base + event.id) ?? this.#row(event);
    row.up = event.up;
    row.down = event.down;
    row.via = event.via ?? row.via;
    if (!NEVER_SERVED.has(row.state)) {
      row.duration = event.duration;
      row.state = TURNED_AWAY.has(event.reason) ? 'refused' : 'closed';
      row.reason = event.reason;
    }
    this.#note(row);
    this.#end(row);
  }

  /** The row of a connection, which has changed. */
  #row({ id, time, client }: { id: number; time: number; client: Address }): Row {
    const key = this.#base + id;
    let row = this.#live.get(key) ?? this.#ended.get(key);
    if (row === undefined) {
      row = {
        id: key,
        time,
        began: monotonic(),
        client: formatAddress(client),
        user: '',
        group: '',
        method: '',
        command: '',
        destination: '',
        remote: '',
        via: '',
        state: 'negotiating',
        up: 0,
        down: 0,
        rateUp: 0,
        rateDown: 0,
        duration: undefined,
        reason: '',
        detail: '',
        diagnosis: undefined,
        program: '',
        programPath: '',
        pid: undefined,
      };
      this.#live.set(key, row);
      this.#last = Math.max(this.#last, key);
      this.#makeRoom();
      const made = row;
      this.#askProgram(client, (program) => this.#identify(made, program));
    }
    this.#note(row);
    return row;
  }

  #identify(row: Row, { name, path, pid }: Program): void {
    row.program = name;
    row.programPath = path;
    row.pid = pid;
    this.totals.identify(row);
    if (this.#live.has(row.id) || this.#ended.has(row.id)) this.#note(row);
  }

  #end(row: Row): void {
    row.rateUp = 0;
    row.rateDown = 0;
    this.totals.take(row);
    this.#live.delete(row.id);
    this.#ended.set(row.id, row);
    this.#makeRoom();
  }

  #makeRoom(): void {
    while (this.#live.size + this.#ended.size > this.#capacity) {
      const hasEnded = this.#ended.size > 0;
      const id = hasEnded ? this.#firstEnded.next() : this.#live.keys().next().value;
      const rows = hasEnded ? this.#ended : this.#live;
      const oldest = id === undefined ? undefined : rows.get(id);
      if (oldest === undefined) return;
      rows.delete(oldest.id);
      this.#remove(oldest);
    }
  }

  #note(row: Row): void {
    if (this.#watched) this.#changed.add(row);
  }

  #remove(row: Row): void {
    this.totals.leave(row);
    this.#changed.delete(row);
    if (this.#watched) this.#removed.push(row.id);
  }
}
