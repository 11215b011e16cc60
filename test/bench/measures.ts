import { setTimeout as sleep } from 'node:timers/promises';
import { load } from './generator.js';
import type { Job, Login, Outcome } from './load/job.js';
import type { Running } from './running.js';
import type { Mode } from './subjects.js';

/** Connections that rest, few and many, unless fewer files may be open. */
export const [FEW_IDLE, MANY_IDLE] = [3000, 10_000] as const;
/** Connections over TLS that rest. */
export const IDLE_TLS = 1000;
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
  readonly #target: number;

  /**
   * @param target the port of the destination.
   * @param seconds how long it is loaded at a time.
   */
  constructor(running: Running | undefined, target: number, seconds: number) {
    this.running = running;
    this.seconds = seconds;
    this.#target = target;
  }

  /** The same, loaded for another time at once, s. */
  lasting(seconds: number): Loaded {
    return new Loaded(this.running, this.#target, seconds);
  }

  load(
    measure: Job['measure'],
    flows: number,
    more: { readonly login?: Login; readonly tls?: boolean; readonly seconds?: number } = {},
    whenIdle?: () => Promise<void>,
  ): Promise<Outcome> {
    const ports = { proxy: this.running?.port ?? 0, target: this.#target };
    return load({ measure, flows, seconds: this.seconds, ...more, ...ports }, whenIdle);
  }
}

/** A unit of CPU time for some work, and what one second for 1 of `work` is in it. */
interface Cost {
  readonly unit: string;
  readonly scale: number;
}

const perGB: Cost = { unit: 's/GB', scale: 1 };
const each: Cost = { unit: 'µs each', scale: 1000 };

/** Something that is measured of a server. */
export interface Measure {
  readonly id: string;
  readonly mode: Mode;
  /** Whether it wants a server of its own, that has just started. */
  readonly alone?: boolean;
  /** How its CPU time is given: beside the first figure, or as a figure of its own. */
  readonly cpu?: Cost;
  readonly cpuFigure?: Figure;
  readonly figures: readonly Figure[];
  /** @returns a value for each figure; undefined if it does not concern what is loaded. */
  take(loaded: Loaded): Promise<Outcome | undefined>;
}

function rate(id: string, title: string, flows: number, login: Login = 'none'): Measure {
  return {
    id,
    mode: login === 'none' ? 'plain' : login,
    cpu: each,
    figures: [{ id, title: `${title}, ${flows} at a time`, unit: '1/s', more: true }],
    take: (loaded) => loaded.load('rate', flows, { login }),
  };
}

/** What connections take that rest, and how many of them are served when they are woken. */
function idle(id: string, woken: string, flows: number): Measure {
  const many = flows.toLocaleString('en');
  return {
    id,
    mode: 'plain',
    alone: true,
    figures: [
      { id, title: `memory of each of ${many} idle connections`, unit: 'KB', more: false },
      { id: woken, title: `of ${many} idle ones served when woken`, unit: '%', more: true },
    ],
    take: async (loaded) => {
      if (flows === 0) throw new Error('too few files may be open to have idle connections');
      const outcome = await memoryOf(loaded, 'idle', flows);
      return (
        outcome && {
          values: [outcome.memory / flows, (outcome.answers * 100) / flows],
          work: 0,
        }
      );
    },
  };
}

function throughput(
  measure: 'down' | 'up',
  flows: number,
  mode: 'plain' | 'tls' = 'plain',
): Measure {
  const tls = mode === 'tls';
  const id = tls ? `tls${flows}${measure === 'up' ? '-up' : ''}` : `${measure}${flows}`;
  const what = `${flows} ${flows === 1 ? 'flow' : 'flows'}${tls ? ' over TLS' : ''}`;
  return {
    id,
    mode,
    cpu: perGB,
    figures: [{ id, title: `throughput ${measure}, ${what}`, unit: 'MB/s', more: true }],
    take: (loaded) => loaded.load(measure, flows, { tls }),
  };
}

function quantiles(id: string, title: string): Figure[] {
  return ['p50', 'p99', 'p99.9'].map((part) => {
    return { id: `${id}-${part}`, title: `${title}, ${part}`, unit: 'µs', more: false };
  });
}

/** How much memory connections take, KB, by what the server had before; and how many answer. */
async function memoryOf(
  loaded: Loaded,
  measure: 'idle' | 'stalled',
  flows: number,
  more: { readonly tls?: boolean } = {},
): Promise<{ readonly memory: number; readonly answers: number } | undefined> {
  const { running } = loaded;
  if (running === undefined) return undefined;
  const before = running.tree.resident();
  let memory = Number.NaN;
  const { values } = await loaded.load(measure, flows, more, async () => {
    await sleep(SETTLE);
    memory = running.tree.resident() - before;
  });
  return { memory, answers: values[0] ?? 0 };
}

async function besideBulk(loaded: Loaded): Promise<Outcome> {
  const bulk = loaded.load('down', 1, { seconds: loaded.seconds + 1 });
  // A failure is that of the round trips too, which may be awaited first.
  bulk.catch(() => {});
  await sleep(AHEAD);
  const outcome = await loaded.load('latency', 1);
  await bulk;
  return outcome;
}

/**
 * All measures.
 *
 * @param mostIdle how many connections may rest in a server, at most {@link MANY_IDLE}.
 */
export function measures(mostIdle: number): readonly Measure[] {
  return [
    rate('rate', 'connections', 32),
    {
      ...rate('rate50', 'connections', 50),
      cpuFigure: {
        id: 'rate50-cpu',
        title: 'CPU time of a connection, 50 at a time',
        unit: 'µs',
        more: false,
      },
    },
    rate('password', 'connections with username/password', 50, 'password'),
    rate('chap', 'connections with CHAP', 50, 'chap'),
    {
      id: 'latency',
      mode: 'plain',
      cpu: each,
      figures: quantiles('latency', 'round trip'),
      take: (loaded) => loaded.load('latency', 1),
    },
    {
      id: 'beside',
      mode: 'plain',
      figures: quantiles('beside', 'round trip beside a bulk flow'),
      take: besideBulk,
    },
    throughput('down', 1),
    throughput('down', 8),
    throughput('up', 1),
    throughput('up', 8),
    throughput('down', 1, 'tls'),
    throughput('up', 1, 'tls'),
    {
      id: 'tls-rate',
      mode: 'tls',
      cpu: each,
      figures: [
        { id: 'tls-rate', title: 'connections over TLS, 32 at a time', unit: '1/s', more: true },
      ],
      take: (loaded) => loaded.load('rate', 32, { tls: true }),
    },
    {
      id: 'tls-idle',
      mode: 'tls',
      alone: true,
      figures: [
        {
          id: 'tls-idle',
          title: `memory of each of ${IDLE_TLS} idle connections over TLS`,
          unit: 'KB',
          more: false,
        },
      ],
      take: async (loaded) => {
        const outcome = await memoryOf(loaded, 'idle', IDLE_TLS, { tls: true });
        return outcome && { values: [outcome.memory / IDLE_TLS], work: 0 };
      },
    },
    {
      id: 'udp',
      mode: 'udp',
      cpu: each,
      figures: [{ id: 'udp', title: 'datagrams there and back', unit: '1/s', more: true }],
      take: (loaded) => loaded.load('udp', 32),
    },
    {
      id: 'start',
      mode: 'plain',
      figures: [{ id: 'start', title: 'start until it listens', unit: 'ms', more: false }],
      take: async ({ running }) => running && { values: [running.started], work: 0 },
    },
    idle('idle3000', 'woken3000', Math.min(FEW_IDLE, mostIdle)),
    idle('idle', 'woken', mostIdle),
    {
      id: 'stalled',
      mode: 'plain',
      alone: true,
      figures: [
        { id: 'stalled', title: `memory of ${STALLED} stalled flows`, unit: 'MB', more: false },
      ],
      take: async (loaded) => {
        const outcome = await memoryOf(loaded, 'stalled', STALLED);
        return outcome && { values: [outcome.memory / 1024], work: 0 };
      },
    },
  ];
}
