import { monotonic } from '../base/clock.js';
import type { ConnectionInfo } from '../log/events.js';
import type { Counters, LineTarget } from './feed.js';

/** How often a sample is taken while somebody reads them, ms. */
const PERIOD = 1000;
/** Connections of which one sample tells what they have moved, at most: the others come later. */
const MAX_MOVED = 5000;

/** What one connection has moved so far, bytes. */
export interface Moved {
  readonly id: number;
  readonly up: number;
  readonly down: number;
}

/** How a server is at one moment. */
export interface Sample {
  /** Since the server started, ms. */
  readonly uptime: number;
  /** Connections that there are. */
  readonly connections: number;
  /** Bytes of all connections since the server started, from and to clients. */
  readonly up: number;
  readonly down: number;
  /** Those that are over, and what was refused. */
  readonly closed: number;
  readonly rejected: number;
  readonly failedLogins: number;
  /** What connections have moved that have moved something since the last sample. */
  readonly moved?: readonly Moved[];
}

/** One who reads samples: what has been told of each connection, and whether more can be taken. */
class Reader {
  readonly #target: LineTarget;
  readonly #told: Map<number, number> | undefined;
  #isFull = false;

  /** @param each whether it is told what each connection has moved. */
  constructor(target: LineTarget, each: boolean) {
    this.#target = target;
    this.#told = each ? new Map() : undefined;
  }

  /** A reader that is slow misses samples: the next one has all that it needs. */
  send(sample: Sample, all: readonly ConnectionInfo[]): void {
    if (this.#isFull) return;
    const moved = this.#told === undefined ? {} : { moved: movedSince(this.#told, all) };
    this.#isFull = !this.#target.write(`${JSON.stringify({ ...sample, ...moved })}\n`);
  }

  drained(): void {
    this.#isFull = false;
  }
}

export type SampleReader = Pick<Reader, 'drained'>;

/** @param told the bytes of each connection as they were told, which is brought up to date. */
function movedSince(told: Map<number, number>, all: readonly ConnectionInfo[]): Moved[] {
  const moved: Moved[] = [];
  for (const { id, up, down } of all) {
    if (moved.length === MAX_MOVED) break;
    if ((told.get(id) ?? 0) === up + down) continue;
    told.set(id, up + down);
    moved.push({ id, up, down });
  }
  if (told.size > all.length) {
    const live = new Set(all.map(({ id }) => id));
    for (const id of told.keys()) if (!live.has(id)) told.delete(id);
  }
  return moved;
}

/** What samples are made of. */
export interface Sampled {
  connections(): Promise<readonly ConnectionInfo[]>;
  readonly counters: Counters;
  /** The instant at which the server started. */
  readonly started: number;
}

/** Takes a sample each second, one for all who read them; none if nobody does. */
export class Samples {
  readonly #of: Sampled;
  readonly #period: number;
  readonly #readers = new Set<Reader>();
  #timer: NodeJS.Timeout | undefined;
  #isTaking = false;

  constructor(of: Sampled, period = PERIOD) {
    this.#of = of;
    this.#period = period;
  }

  /**
   * Hands samples to a target from now on, until it is told {@link leave}.
   *
   * @param each whether they tell what each connection has moved.
   */
  read(target: LineTarget, each: boolean): SampleReader {
    const reader = new Reader(target, each);
    this.#readers.add(reader);
    this.#timer ??= setInterval(() => void this.#take(), this.#period).unref();
    void this.#take();
    return reader;
  }

  leave(reader: SampleReader): void {
    this.#readers.delete(reader as Reader);
    if (this.#readers.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Workers are asked: as long as they have not answered, they are not asked again. */
  async #take(): Promise<void> {
    if (this.#isTaking) return;
    this.#isTaking = true;
    try {
      const all = await this.#of.connections();
      const { up, down, ...counters } = this.#of.counters;
      const sum = (key: 'up' | 'down') => all.reduce((sum, one) => sum + one[key], 0);
      const sample: Sample = {
        uptime: Math.round(monotonic() - this.#of.started),
        connections: all.length,
        up: up + sum('up'),
        down: down + sum('down'),
        ...counters,
      };
      for (const reader of this.#readers) reader.send(sample, all);
    } catch {
      // A worker that has died is asked no more: the next sample has the others.
    } finally {
      this.#isTaking = false;
    }
  }
}
