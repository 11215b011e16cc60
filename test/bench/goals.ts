import { STALLED } from './measures.js';
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
const WORKERS = 'picosocks5-workers';
const VIA = 'picosocks5-via';
const BASELINE = 'baseline';
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
  /** One of ours, or one figure, to what it is derived from. */
  const within = (subject: string, figure: string, other: string) =>
    ratio(results, [subject, figure], [US, other], 'value');
  const least = (ratios: readonly number[]) => Math.min(...ratios);
  /** Compared with the better of two, worst of all figures. */
  const worst = (...others: readonly string[]) =>
    least(flows.flatMap((figure) => others.map((other) => to(other, figure))));

  const cpu = 'CPU time of a connection, 50 at a time';
  atMost(0.7, `${cpu}, to the baseline`, to(BASELINE, 'rate50-cpu'));
  atMost(1, `${cpu}, to microsocks`, to('microsocks', 'rate50-cpu'));
  atMost(1.15, `${cpu}, 2 workers to one process`, within(WORKERS, 'rate50-cpu', 'rate50-cpu'));
  atMost(1.5, `${cpu}, through an upstream to directly`, within(VIA, 'rate50-cpu', 'rate50-cpu'));
  const rate = 'connections a second, 50 at a time';
  atLeast(1, `${rate}, to microsocks`, to('microsocks', 'rate50'));
  atLeast(1, 'connections a second, 32 at a time, to microsocks', to('microsocks', 'rate'));
  atLeast(2, 'connections a second, 32 at a time, to Dante', to('dante', 'rate'));
  atLeast(0.85, `${rate}, username/password to none`, within(US, 'password', 'rate50'));
  atLeast(0.93, `${rate}, access log to none`, within(LOG, 'rate50', 'rate50'));
  atMost(0.9, 'round trip p50, to the baseline', to(BASELINE, 'latency-p50'));
  atMost(1.05, 'round trip p50, to microsocks', to('microsocks', 'latency-p50'));
  atMost(1, 'round trip p99 beside a bulk flow, to Dante', to('dante', 'beside-p99'));
  atLeast(0.97, 'throughput, to the baseline; worst of four', worst(BASELINE));
  const best = worst('dante', 'microsocks');
  atLeast(1.3, 'throughput, to the better of Dante and microsocks; worst of four', best);
  atLeast(1.8, 'throughput, to a plain pipe; worst of four', worst('pipe'));
  const times = (other: string) => flows.map((figure) => to(other, figure, 'cpu'));
  const spared = least(times(BASELINE).map((time) => 1 / time));
  atLeast(0.97, 'GB by a second of CPU time, to the baseline; worst of four', spared);
  atMost(0.5, 'CPU time per GB, to Dante; worst of four', Math.max(...times('dante')));
  const overTls = Math.min(to('tlspipe', 'tls1'), to('tlspipe', 'tls1-up'));
  atLeast(1, 'throughput over TLS, to a plain TLS pipe; the worse of two', overTls);
  atLeast(1, 'datagrams a second, to Dante', to('dante', 'udp'));
  for (const [idle, woken] of [
    ['idle3000', 'woken3000'],
    ['idle', 'woken'],
  ] as const) {
    atMost(6, `${titleOf(results, idle)}, KB`, own(idle));
    atLeast(100, `${titleOf(results, woken)}, %`, own(woken));
  }
  atMost(300, `memory of ${STALLED} stalled flows, MB`, own('stalled'));
  atMost(250, 'start until it listens, ms', own('start'));
  return list;
}

function titleOf({ lines }: Results, figure: string): string {
  return lines.find(({ id }) => id === figure)?.title ?? figure;
}
