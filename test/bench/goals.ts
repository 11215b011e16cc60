import { IDLE, STALLED } from './measures.js';
import { medianOf, type Part, type Results, ratio } from './results.js';

/** What the server wants to reach, and whether it does. */
export interface Goal {
  readonly title: string;
  readonly value: number;
  readonly bound: number;
  /** Whether the bound is the least or the most that is wanted. */
  readonly least: boolean;
  readonly holds: boolean;
}

const US = 'picosocks5';
const LOG = 'picosocks5-log';
const flows = ['down1', 'down8', 'up1', 'up8'];

/** The goals that the results can tell about. */
export function goals(results: Results): Goal[] {
  const list: Goal[] = [];
  const add = (title: string, value: number, least: boolean, bound: number) => {
    const holds = least ? value >= bound : value <= bound;
    if (Number.isFinite(value)) list.push({ title, value, bound, least, holds });
  };
  const atLeast = (bound: number, title: string, value: number) => add(title, value, true, bound);
  const atMost = (bound: number, title: string, value: number) => add(title, value, false, bound);
  const to = (other: string, figure: string, part: Part = 'value') =>
    ratio(results, [US, figure], [other, figure], part);
  const own = (figure: string) => medianOf(results, US, figure)?.value ?? Number.NaN;
  /** Compared with the better of two, worst of all figures. */
  const worst = (others: readonly string[], figures: readonly string[]) =>
    Math.min(...figures.map((figure) => Math.min(...others.map((other) => to(other, figure)))));

  atLeast(1.1, 'connections a second, to microsocks', to('microsocks', 'rate'));
  atLeast(2, 'connections a second, to Dante', to('dante', 'rate'));
  const hashed = ratio(results, [US, 'password'], [US, 'rate'], 'value');
  atLeast(0.9, 'connections a second, username/password to none', hashed);
  const logged = ratio(results, [LOG, 'rate'], [US, 'rate'], 'value');
  atLeast(0.9, 'connections a second, access log to none', logged);
  const best = worst(['dante', 'microsocks'], flows);
  atLeast(1.3, 'throughput, to the better of Dante and microsocks; worst of four', best);
  atLeast(1.8, 'throughput, to a plain pipe; worst of four', worst(['pipe'], flows));
  const times = flows.map((figure) => to('dante', figure, 'cpu'));
  atMost(0.5, 'CPU time per GB, to Dante; worst of four', Math.max(...times));
  atMost(1.05, 'round trip p50, to microsocks', to('microsocks', 'latency-p50'));
  atMost(1, 'round trip p99 beside a bulk flow, to Dante', to('dante', 'beside-p99'));
  atLeast(1, 'datagrams a second, to Dante', to('dante', 'udp'));
  atMost(8, 'memory of an idle connection, KB', own('idle'));
  atLeast(IDLE, `idle connections served when woken, of ${IDLE}`, own('woken'));
  atMost(300, `memory of ${STALLED} stalled flows, MB`, own('stalled'));
  atMost(250, 'start until it listens, ms', own('start'));
  return list;
}
