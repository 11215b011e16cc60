import { randomUUID } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { ExtensionWorkers } from 'picosocks5';
import { FAMILIES, type Family } from './families.js';
import { type Labels, type Snapshot, Table } from './store.js';

/** How long it is waited for what the other processes have counted, ms. */
const ANSWER_TIME = 2000;
/** How often each tells what it has counted, for the case that it dies, ms. */
const TELL_PERIOD = 5000;
/** Processes that are gone, of which is known what each has counted, at most. */
const MAX_GONE = 32;

/** What a process has counted, as it says itself. */
interface Told {
  /** Which process: one that takes another's place is another one. */
  readonly process: string;
  /** What is told later has a higher one. */
  readonly sequence: number;
  /** A {@link Snapshot}. */
  readonly packed: string;
}

/** The labels of a series as they are told. */
export type Bound = (family: Family, labels: Labels) => Labels;

type Message =
  /** What have you counted? This process, the one that answers for all, has counted that. */
  | { readonly ask: string; readonly told: Told }
  | { readonly told: Told; readonly answer?: string }
  /** This process has just started. */
  | { readonly isNew: true };

/** What all processes have counted together. */
export class Fleet {
  readonly #workers: ExtensionWorkers;
  readonly #collect: () => Promise<Snapshot>;
  readonly #process = randomUUID();
  #sequence = 0;
  /** What others have told last, the latest last. */
  readonly #told = new Map<string, Told>();
  /** What processes have counted of which nothing more is known than that. */
  #past: Snapshot = {};
  readonly #waiting = new Map<string, (process: string) => void>();
  readonly #bound: Bound;
  readonly #warn: (message: string) => void;
  #isTooLong = false;
  #running: Promise<Snapshot> | undefined;

  /**
   * @param collect what this process has counted.
   * @param bound keeps labels from having too many values: together there are more than in each.
   * @param warn told what is wrong with the sum.
   */
  constructor(
    workers: ExtensionWorkers,
    collect: () => Promise<Snapshot>,
    bound: Bound,
    warn: (message: string) => void,
  ) {
    this.#warn = warn;
    this.#workers = workers;
    this.#collect = collect;
    this.#bound = bound;
  }

  /** Begins to talk with the others. @returns what ends that. */
  start(): () => void {
    if (this.#workers.count === 1) return () => {};
    const told = this.#workers.onMessage((message, from) => this.#hear(message as Message, from));
    const timer = setInterval(() => void this.#tell(), TELL_PERIOD).unref();
    this.#send({ isNew: true });
    return () => {
      clearInterval(timer);
      told.dispose();
    };
  }

  /** All of it: of those that do not answer, what they have told last, and nothing of the moment. */
  sum(): Promise<Snapshot> {
    this.#running ??= this.#sum().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #sum(): Promise<Snapshot> {
    const own = await this.#collect();
    const here = await this.#askAll(own);
    const others = [...this.#told.values()].map(({ process, packed }) => {
      const snapshot = unpack(packed);
      return here.has(process) ? snapshot : lasting(snapshot);
    });
    return merge([own, ...others, this.#past], this.#bound);
  }

  /** @returns which processes have answered. */
  #askAll(own: Snapshot): Promise<ReadonlySet<string>> {
    const here = new Set<string>();
    const { count } = this.#workers;
    if (count === 1) return Promise.resolve(here);
    const ask = randomUUID();
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.#waiting.delete(ask);
        resolve(here);
      };
      const timer = setTimeout(end, ANSWER_TIME);
      this.#waiting.set(ask, (process) => {
        here.add(process);
        if (here.size === count - 1) end();
      });
      if (!this.#send({ ask, told: this.#pack(own) })) end();
    });
  }

  #hear(message: Message, from: number): void {
    if ('isNew' in message) {
      for (const told of this.#told.values()) this.#send({ told }, from);
      void this.#tell(undefined, from);
      return;
    }
    this.#keep(message.told);
    if ('ask' in message) void this.#tell(message.ask, from);
    else if (message.answer !== undefined) {
      this.#waiting.get(message.answer)?.(message.told.process);
    }
  }

  #keep(told: Told): void {
    const before = this.#told.get(told.process);
    if (told.process === this.#process || (before?.sequence ?? -1) >= told.sequence) return;
    this.#told.delete(told.process);
    this.#told.set(told.process, told);
    // The one that was told longest ago is the one that is gone longest.
    const [oldest] = this.#told.values();
    if (this.#told.size < this.#workers.count + MAX_GONE || oldest === undefined) return;
    this.#told.delete(oldest.process);
    this.#past = merge([this.#past, lasting(unpack(oldest.packed))]);
  }

  /** Tells all others what this process has counted, or one that has asked. */
  async #tell(answer?: string, to?: number): Promise<void> {
    const told = this.#pack(await this.#collect());
    this.#send({ told, ...(answer === undefined ? {} : { answer }) }, to);
  }

  /** @returns false if it is not sent: it is too long, or there were too many. */
  #send(message: Message, to?: number): boolean {
    try {
      return this.#workers.send(message, to);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      if (!this.#isTooLong) {
        this.#warn(
          'there are too many series for a message between workers: what is told is not the sum of ' +
            'all; expected fewer metrics.labels or labelValues',
        );
      }
      this.#isTooLong = true;
      return false;
    }
  }

  #pack(snapshot: Snapshot): Told {
    return { process: this.#process, sequence: this.#sequence++, packed: pack(snapshot) };
  }
}

/** Many series look much alike, and messages may not be too long. */
function pack(snapshot: Snapshot): string {
  return deflateRawSync(JSON.stringify(snapshot), { level: 1 }).toString('base64');
}

function unpack(packed: string): Snapshot {
  return JSON.parse(inflateRawSync(Buffer.from(packed, 'base64')).toString());
}

/** What still counts of a process that is gone. */
function lasting(snapshot: Snapshot): Snapshot {
  const counts = FAMILIES.filter(({ type }) => type !== 'gauge');
  return Object.fromEntries(counts.map(({ name }) => [name, snapshot[name] ?? []]));
}

/** What several processes have counted together. */
function merge(snapshots: readonly Snapshot[], bound: Bound = (_, labels) => labels): Snapshot {
  const merged: Snapshot = {};
  for (const family of FAMILIES) {
    const table = new Table(family);
    for (const snapshot of snapshots) {
      for (const [labels, value] of snapshot[family.name] ?? []) {
        table.add(bound(family, labels), value);
      }
    }
    merged[family.name] = table.all();
  }
  return merged;
}
