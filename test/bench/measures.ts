import { setTimeout as sleep } from 'node:timers/promises';
import { load } from './generator.js';
import type { Job, Login, Outcome } from './load/job.js';
import type { Running } from './running.js';
import type { Mode } from './subjects.js';

/** Connections that rest: two descriptors each in a proxy, of 20,000 that many systems allow. */
export const IDLE = 9500;
/** Connections whose client does not read. */
export const STALLED = 1000;
/** How long memory settles before it is looked at, ms. */
const SETTLE = 2000;
/** How much earlier a bulk flow starts than what is measured beside it, ms. */
const AHEAD = 500;

/** What a measure gives, a line of the table. */
export interface Figure {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  /** Whether more is better. */
  readonly more: boolean;
}

/** A server to load, or none: then the target itself is. */
export class Loaded {
  readonly running: Running | undefined;
  readonly seconds: number;
  readonly #ports: Pick<Job, 'proxy' | 'target'>;

  /** @param seconds how long it is loaded at a time. */
  constructor(running: Running | undefined, target: number, seconds: number) {
    this.running = running;
    this.seconds = seconds;
    this.#ports = { proxy: running?.port ?? 0, target };
  }

  load(
    measure: Job['measure'],
    flows: number,
    more: { readonly login?: Login; readonly seconds?: number } = {},
    whenIdle?: () => Promise<void>,
  ): Promise<Outcome> {
    const job = { measure, flows, seconds: this.seconds, ...more, ...this.#ports };
    return load(job, whenIdle);
  }
}

/** A unit of CPU time for some work, and what one second for 1 of `work` is in it. */
interface Cost {
  readonly unit: string;
  readonly scale: number;
}

const perGB: Cost = { unit: 's/GB', scale: 1 };
const perConnection: Cost = { unit: 'ms each', scale: 1 };
const perMessage: Cost = { unit: 'µs each', scale: 1000 };

/** Something that is measured of a server. */
export interface Measure {
  readonly id: string;
  readonly mode: Mode;
  /** Whether it wants a server of its own, in which nothing else was measured before. */
  readonly alone?: boolean;
  /** How its CPU time is given. */
  readonly cpu?: Cost;
  readonly figures: readonly Figure[];
  /** @returns a value for each figure; undefined if it does not concern what is loaded. */
  take(loaded: Loaded): Promise<Outcome | undefined>;
}

function rate(login: Login, title: string): Measure {
  const id = login === 'none' ? 'rate' : login;
  return {
    id,
    mode: login === 'none' ? 'plain' : login,
    cpu: perConnection,
    figures: [{ id, title, unit: '1/s', more: true }],
    take: (loaded) => loaded.load('rate', 32, { login }),
  };
}

function throughput(measure: 'down' | 'up', flows: number): Measure {
  const id = `${measure}${flows}`;
  const title = `throughput ${measure}, ${flows} ${flows === 1 ? 'flow' : 'flows'}`;
  return {
    id,
    mode: 'plain',
    cpu: perGB,
    figures: [{ id, title, unit: 'MB/s', more: true }],
    take: (loaded) => loaded.load(measure, flows),
  };
}

function quantiles(id: string, title: string): Figure[] {
  return ['p50', 'p99', 'p99.9'].map((part) => {
    return { id: `${id}-${part}`, title: `${title}, ${part}`, unit: 'µs', more: false };
  });
}

/** How much memory connections take, by what the server had before. */
async function memoryOf(
  loaded: Loaded,
  measure: 'idle' | 'stalled',
  flows: number,
): Promise<Outcome | undefined> {
  const { running } = loaded;
  if (running === undefined) return undefined;
  const before = running.tree.resident();
  let taken = Number.NaN;
  const { values } = await loaded.load(measure, flows, {}, async () => {
    await sleep(SETTLE);
    taken = running.tree.resident() - before;
  });
  const memory = measure === 'idle' ? taken / flows : taken / 1024;
  return { values: [memory, ...values], work: 0 };
}

/**
 * All measures. Those of a mode that are not `alone` share a running server, which the first of
 * them warms up.
 */
export const measures: readonly Measure[] = [
  rate('none', 'connections'),
  {
    id: 'start',
    mode: 'plain',
    figures: [{ id: 'start', title: 'start until it listens', unit: 'ms', more: false }],
    take: async ({ running }) => running && { values: [running.started], work: 0 },
  },
  throughput('down', 1),
  throughput('down', 8),
  throughput('up', 1),
  throughput('up', 8),
  {
    id: 'latency',
    mode: 'plain',
    cpu: perMessage,
    figures: quantiles('latency', 'round trip'),
    take: (loaded) => loaded.load('latency', 1),
  },
  {
    id: 'beside',
    mode: 'plain',
    figures: quantiles('beside', 'round trip beside a bulk flow'),
    take: async (loaded) => {
      const bulk = loaded.load('down', 1, { seconds: loaded.seconds + 1 });
      // A failure is that of the round trips too, which may be awaited first.
      bulk.catch(() => {});
      await sleep(AHEAD);
      const outcome = await loaded.load('latency', 1);
      await bulk;
      return outcome;
    },
  },
  {
    id: 'udp',
    mode: 'udp',
    cpu: perMessage,
    figures: [{ id: 'udp', title: 'datagrams there and back', unit: '1/s', more: true }],
    take: (loaded) => loaded.load('udp', 32),
  },
  rate('password', 'connections with username/password'),
  rate('chap', 'connections with CHAP'),
  {
    id: 'idle',
    mode: 'plain',
    alone: true,
    figures: [
      { id: 'idle', title: 'memory of an idle connection', unit: 'KB', more: false },
      { id: 'woken', title: `of ${IDLE} idle ones served when woken`, unit: '', more: true },
    ],
    take: (loaded) => memoryOf(loaded, 'idle', IDLE),
  },
  {
    id: 'stalled',
    mode: 'plain',
    alone: true,
    figures: [
      { id: 'stalled', title: `memory of ${STALLED} stalled flows`, unit: 'MB', more: false },
    ],
    take: (loaded) => memoryOf(loaded, 'stalled', STALLED),
  },
];
