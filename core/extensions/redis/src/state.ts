import { createHash, createHmac, randomBytes } from 'node:crypto';
import type { SharedLink, SharedState, StateAnswer, StateExchange } from 'picosocks5';
import { SCRIPT } from './script.js';
import type { Settings } from './settings.js';
import { makeWire, type Wire } from './wire.js';

const SHA = createHash('sha1').update(SCRIPT).digest('hex');

/** How long a connection may take to be made at least until another one is, ms. */
const LEAST_CONNECT_TIME = 1500;

/** What the script answers: numbers that can be large are texts, empty lists may be objects. */
interface Told {
  readonly lost?: true;
  readonly now: string;
  readonly epoch: string;
  readonly key: string;
  readonly grants: List<[key: string, count: number, limit: number, isLoose: boolean]>;
  readonly answers: List<[id: number, full: string | false, isFinal: boolean]>;
  readonly recalls: List<string>;
  readonly pulse?: {
    readonly usage: List<[name: string, day: string, dayBytes: string, monthBytes: string]>;
    readonly parts: List<[name: string, part: number]>;
    readonly news: List<[age: number, text: string]>;
    readonly more: boolean;
    readonly heardUsage: string;
    readonly heardNews: string;
  };
}

type List<T> = readonly T[] | Record<string, never>;

/** What servers share in Redis. */
export class RedisState implements SharedState {
  readonly id = 'redis';
  readonly whenAway: 'local' | 'refuse';
  readonly lease: number;
  readonly timeout: number;
  readonly #settings: Settings;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.whenAway = settings.down;
    this.lease = settings.lease;
    this.timeout = settings.timeout;
  }

  join(wake: () => void): SharedLink {
    return new RedisLink(this.#settings, wake);
  }
}

/** A way to Redis: one connection for exchanges, and one to be woken by. */
class RedisLink implements SharedLink {
  readonly #settings: Settings;
  readonly #key: string;
  readonly #wake: () => void;
  readonly #epoch = randomBytes(9).toString('base64url');
  readonly #proposed = randomBytes(32).toString('base64');
  #wire: Wire | undefined;
  /** When it was used last, or begun to be made, monotonic ms. */
  #readyAt = 0;
  #trouble = 'it is being connected to';
  #isClosed = false;
  /** Settled with the first connection, or when it has come to nothing. */
  #connecting: Promise<unknown> = Promise.resolve();

  constructor(settings: Settings, wake: () => void) {
    this.#settings = settings;
    this.#key = `{${settings.prefix}}`;
    this.#wake = wake;
    this.#connect();
  }

  async exchange(exchange: StateExchange, signal: AbortSignal): Promise<StateAnswer> {
    let wire: Wire | undefined;
    const giveUp = () => this.#reset(wire, signal.reason);
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      if (exchange.sequence === 1) await this.#connecting;
      signal.throwIfAborted();
      wire = this.#wire;
      if (wire === undefined || !wire.isReady) {
        this.#lookAfter(wire);
        throw new Error(this.#trouble);
      }
      this.#readyAt = performance.now();
      return this.#answerOf(await this.#run(wire, JSON.stringify(this.#asked(exchange))));
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }

  /** Begins anew where a connection hangs that is being made. */
  #lookAfter(wire: Wire | undefined): void {
    const time = performance.now() - this.#readyAt;
    if (time > Math.max(LEAST_CONNECT_TIME, 3 * this.#settings.timeout)) {
      this.#reset(wire, this.#trouble);
    }
  }

  dispose(): void {
    this.#isClosed = true;
    this.#end();
  }

  async #run(wire: Wire, asked: string): Promise<Told> {
    const rest = ['1', this.#key, asked];
    let told: unknown;
    try {
      told = await wire.send(this.#key, ['EVALSHA', SHA, ...rest]);
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
      told = await wire.send(this.#key, ['EVAL', SCRIPT, ...rest]);
    }
    return JSON.parse(String(told)) as Told;
  }

  /** An exchange as the script takes it. */
  #asked({ pulse, ...exchange }: StateExchange): object {
    const isFirst = exchange.sequence === 1;
    return {
      ...exchange,
      ...(isFirst && { epoch: this.#epoch, key: this.#proposed }),
      ...(pulse && {
        pulse: {
          ...pulse,
          used: pulse.used.map(({ name, day, dayBytes, monthBytes, before }) => {
            const own = [name, day, String(dayBytes), String(monthBytes)];
            if (before === undefined) return own;
            return [...own, [String(before.dayBytes), String(before.monthBytes), before.isWeak]];
          }),
        },
      }),
    };
  }

  #answerOf(told: Told): StateAnswer {
    if (told.lost) return { isLost: true };
    const { now, epoch, key, grants, answers, recalls, pulse } = told;
    return {
      isLost: false,
      time: Number(now),
      epoch,
      key: this.#ownKey(key),
      grants: list(grants),
      answers: list(answers).map(([id, full, isFinal]) => [id, full || null, isFinal]),
      recalls: list(recalls),
      ...(pulse && {
        pulse: {
          usage: list(pulse.usage).map(([name, day, dayBytes, monthBytes]) => ({
            ...{ name, day },
            ...{ dayBytes: Number(dayBytes), monthBytes: Number(monthBytes) },
          })),
          parts: list(pulse.parts),
          news: list(pulse.news),
          heard: { usage: Number(pulse.heardUsage), news: Number(pulse.heardNews) },
          hasMore: pulse.more,
        },
      }),
    };
  }

  /** What digests are made with: who can read Redis does not know it where there is a secret. */
  #ownKey(key: string): string {
    const { secret } = this.#settings;
    if (secret === undefined) return key;
    return createHmac('sha256', secret).update(key).digest('base64');
  }

  #connect(): void {
    const wire = makeWire(this.#settings, (error) => {
      if (wire === this.#wire) this.#trouble = wordsOf(error);
    });
    this.#wire = wire;
    this.#readyAt = performance.now();
    const failed = (error: unknown) => {
      if (wire !== this.#wire) return;
      this.#trouble = wordsOf(error);
      // There may be a way a moment later.
      this.#end();
      if (!this.#isClosed) setTimeout(() => this.#isClosed || this.#connect(), 500).unref();
    };
    const connected = wire.connect().catch(failed);
    // Whoever waits does not wait for ever where it is tried again and again.
    const { timeout } = this.#settings;
    const late = new Promise((resolve) => setTimeout(resolve, timeout / 2).unref());
    this.#connecting = Promise.race([connected, late]);
    connected
      .then(() => wire === this.#wire && wire.listen(`${this.#key}:wake`, () => this.#wake()))
      .catch(() => {});
  }

  /** Nothing came back in time: what is on its way is given up, and it is begun anew. */
  #reset(wire: Wire | undefined, reason: unknown): void {
    if (this.#isClosed || wire === undefined || wire !== this.#wire) return;
    this.#trouble = wordsOf(reason);
    this.#end();
    this.#connect();
  }

  #end(): void {
    const wire = this.#wire;
    this.#wire = undefined;
    try {
      void Promise.resolve(wire?.destroy()).catch(() => {});
    } catch {
      // It was not open any more.
    }
  }
}

function list<T>(given: List<T>): readonly T[] {
  return Array.isArray(given) ? given : [];
}

/** What is wrong, in one line. */
function wordsOf(error: unknown): string {
  if (error instanceof AggregateError) {
    const [first] = error.errors as unknown[];
    if (first !== undefined) return wordsOf(first);
  }
  return error instanceof Error ? error.message || error.name : String(error);
}
