import type { ConnectionAnswer } from '../../../control/answers.js';
import { formatAddress } from '../../../protocol/address.js';
import { connectionTest } from '../../../server/connectionquery.js';
import { FILTERS, filterOf } from '../connections.js';

/** A connection, and how fast its bytes move. */
export interface Row {
  readonly one: ConnectionAnswer;
  readonly user: string;
  readonly client: string;
  readonly destination: string;
  /** Bytes a second. */
  readonly upRate: number;
  readonly downRate: number;
  /** Seconds. */
  readonly age: number;
}

/** What rows can be in the order of, the first of them first; and how two are compared. */
const ORDERS = {
  rate: (a, b) => b.upRate + b.downRate - a.upRate - a.downRate,
  bytes: (a, b) => b.one.up + b.one.down - a.one.up - a.one.down,
  age: (a, b) => b.age - a.age,
  user: (a, b) => compare(a.user, b.user),
  client: (a, b) => compare(a.client, b.client),
  destination: (a, b) => compare(a.destination, b.destination),
  id: (a, b) => a.one.id - b.one.id,
} as const satisfies Readonly<Record<string, (a: Row, b: Row) => number>>;

export type Order = keyof typeof ORDERS;

export const ORDER_NAMES = Object.keys(ORDERS) as readonly Order[];

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** What a word of a filter says: NAME=VALUE as for other commands, or a part of what is shown. */
function testOf(word: string): (row: Row) => boolean {
  const [, name = ''] = /^([a-z]+)=(.+)$/s.exec(word) ?? [];
  if (FILTERS.includes(name as (typeof FILTERS)[number])) {
    try {
      const test = connectionTest(filterOf([word]));
      return ({ one }) => test(one);
    } catch {
      return () => false;
    }
  }
  const part = word.toLowerCase();
  return ({ one, user, client, destination }) => {
    const text = `${user} ${client} ${destination} ${one.via ?? ''} ${one.command ?? ''}`;
    return word === String(one.id) || text.toLowerCase().includes(part);
  };
}

interface Counted {
  readonly up: number;
  readonly down: number;
}

/** What is shown of a server's connections: which, in which order, and which one is chosen. */
export class Model {
  order: Order = 'rate';
  isReversed = false;
  filter = '';
  /** Bytes a second of all connections. */
  upRate = 0;
  downRate = 0;
  #rows: readonly Row[] = [];
  #shown: readonly Row[] = [];
  #before = new Map<number, Counted>();
  /** When that was, monotonic ms. */
  #time: number | undefined;
  /** The id of the chosen connection; undefined: the first one. */
  #chosen: number | undefined;

  /** Those that the filter lets through, in order. */
  get rows(): readonly Row[] {
    return this.#shown;
  }

  /** The place of the chosen row; 0 if there is none. */
  get chosenIndex(): number {
    return Math.max(
      0,
      this.#shown.findIndex(({ one }) => one.id === this.#chosen),
    );
  }

  get chosen(): Row | undefined {
    return this.#shown[this.chosenIndex];
  }

  /**
   * Takes the connections of a moment.
   *
   * @param time of it, monotonic ms.
   * @param now the same, ms since 1970.
   */
  take(connections: readonly ConnectionAnswer[], time: number, now: number): void {
    const seconds = this.#time === undefined ? 0 : (time - this.#time) / 1000;
    const counted = new Map<number, Counted>();
    this.upRate = 0;
    this.downRate = 0;
    this.#rows = connections.map((one) => {
      const { id, up, down } = one;
      counted.set(id, { up, down });
      // What has come since the last look has moved all of its bytes meanwhile.
      const before = this.#before.get(id) ?? { up: 0, down: 0 };
      const rate = (more: number) => (seconds > 0 ? Math.max(0, more) / seconds : 0);
      const upRate = rate(up - before.up);
      const downRate = rate(down - before.down);
      this.upRate += upRate;
      this.downRate += downRate;
      return {
        one,
        user: one.user ?? '-',
        client: formatAddress(one.client),
        destination: one.destination === undefined ? '-' : formatAddress(one.destination),
        upRate,
        downRate,
        age: Math.max(0, now - Date.parse(one.since)) / 1000,
      };
    });
    this.#before = counted;
    this.#time = time;
    this.arrange();
  }

  /** Puts rows into order, after that or the filter has changed. */
  arrange(): void {
    const tests = this.filter.split(' ').filter(Boolean).map(testOf);
    const sign = this.isReversed ? -1 : 1;
    const order = ORDERS[this.order];
    this.#shown = this.#rows
      .filter((row) => tests.every((test) => test(row)))
      .sort((a, b) => sign * order(a, b) || a.one.id - b.one.id);
  }

  /** Chooses another row. @param by how many further down. */
  move(by: number): void {
    const index = this.chosenIndex + by;
    this.#chosen = this.#shown[Math.max(0, Math.min(index, this.#shown.length - 1))]?.one.id;
  }

  /** Goes on to the next order. */
  nextOrder(): void {
    const next = ORDER_NAMES.indexOf(this.order) + 1;
    this.order = ORDER_NAMES[next % ORDER_NAMES.length] as Order;
    this.arrange();
  }
}
