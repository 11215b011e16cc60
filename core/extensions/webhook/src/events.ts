import { randomUUID } from 'node:crypto';
import type { EventSink, ExtensionLog, ServerEvent } from 'picosocks5';
import { type Answer, unexpected, type WebClient } from './client.js';
import { Lines } from './lines.js';
import type { Settings } from './settings.js';
import type { Target } from './target.js';

/** How long a batch has to be taken, ms. */
const POST_TIME = 10_000;
/** How long it is waited after one that was not taken, ms: twice as long each time, and jitter. */
const FIRST_DELAY = 500;
const LAST_DELAY = 30_000;
/** How often it is told what was dropped, and that events are not taken, ms. */
const TELL_INTERVAL = 60_000;
/** How long that is gathered before it is told for the first time, ms. */
const TELL_DELAY = 1000;
/** How long what is left has at the end, ms: less than workers have to end. */
const FLUSH_TIME = 2000;
/** How long it is waited then before a batch is posted again, ms. */
const FLUSH_DELAY = 100;

/** What all processes tell alike: one of them is enough. */
const COMMON: ReadonlySet<string> = new Set(['listening', 'stopped', 'reloaded']);

function eventsWere(count: number): string {
  return count === 1 ? '1 event was' : `${count} events were`;
}

/** What has come of a batch; how long is to be waited before it is posted again, ms. */
type Outcome = 'taken' | 'refused' | { readonly again: number | undefined };

/**
 * Tells a web service what happens, in batches and in order, each event at least once: a batch that is
 * not taken is posted again, with the same Idempotency-Key. What cannot wait any more is counted, and
 * told.
 */
export class EventPoster implements EventSink {
  readonly id = 'webhook';
  readonly #client: WebClient;
  readonly #target: Target;
  readonly #settings: Settings;
  readonly #log: ExtensionLog;
  readonly #isFirst: boolean;
  readonly #lines: Lines;
  #dropped = 0;
  /** Why the last batch was not taken; empty if it was. */
  #trouble = '';
  /** Why events were dropped. */
  #why = '';
  /** When it was told last, monotonic ms. */
  #toldAt = Number.NEGATIVE_INFINITY;
  #telling: NodeJS.Timeout | undefined;
  #posting: Promise<void> | undefined;
  /** Ends a wait: that for more events, or any. */
  #wake: ((reason: 'full' | 'end') => void) | undefined;
  #isEnding = false;
  readonly #end = new AbortController();

  /** @param isFirst whether it is the process that tells what all tell. */
  constructor(
    client: WebClient,
    target: Target,
    settings: Settings,
    log: ExtensionLog,
    isFirst: boolean,
  ) {
    this.#client = client;
    this.#target = target;
    this.#settings = settings;
    this.#log = log;
    this.#isFirst = isFirst;
    this.#lines = new Lines(settings.eventsQueue, settings.eventsBatch);
  }

  wants(type: ServerEvent['type']): boolean {
    return this.#settings.eventTypes.has(type) && (this.#isFirst || !COMMON.has(type));
  }

  handle(event: ServerEvent): void {
    if (this.#isEnding || !this.#lines.add(`${JSON.stringify(event)}\n`)) {
      this.#drop(1, this.#trouble);
      return;
    }
    if (this.#lines.isBatch) this.#wake?.('full');
    this.#start();
  }

  /** Posts what waits, for a short time, and tells what could not be. */
  async end(): Promise<void> {
    this.#isEnding = true;
    this.#wake?.('end');
    const timer = setTimeout(() => {
      this.#end.abort();
      this.#wake?.('end');
    }, FLUSH_TIME);
    await this.#posting;
    clearTimeout(timer);
    clearTimeout(this.#telling);
    this.#drop(this.#lines.size, this.#trouble);
    this.#tell();
  }

  #start(): void {
    this.#posting ??= this.#post().finally(() => {
      this.#posting = undefined;
      if (this.#lines.size > 0 && !this.#isEnding) this.#start();
    });
  }

  /** Posts all that waits, and what comes meanwhile. */
  async #post(): Promise<void> {
    while (this.#lines.size > 0 && !this.#end.signal.aborted) {
      if (!this.#lines.isBatch && !this.#isEnding) {
        await this.#pause(this.#settings.eventsInterval, 'full');
      }
      await this.#postBatch(this.#lines.nextBatch());
    }
  }

  /** Posts a batch until it is taken, or never will be. */
  async #postBatch(batch: readonly string[]): Promise<void> {
    const key = randomUUID();
    for (let delay = FIRST_DELAY; !this.#end.signal.aborted; ) {
      const outcome = await this.#try(batch, key);
      if (typeof outcome === 'string') {
        this.#lines.remove(batch);
        if (outcome === 'refused') this.#drop(batch.length, this.#trouble);
        this.#trouble = '';
        return;
      }
      this.#note();
      const { again = delay * (0.5 + Math.random()) } = outcome;
      await this.#pause(Math.min(again, LAST_DELAY));
      delay = Math.min(delay * 2, LAST_DELAY);
    }
  }

  async #try(batch: readonly string[], key: string): Promise<Outcome> {
    let answer: Answer;
    try {
      answer = await this.#client.post(this.#target, {
        type: 'application/x-ndjson',
        body: batch.join(''),
        time: POST_TIME,
        retries: 0,
        headers: { 'idempotency-key': key },
        signal: this.#end.signal,
      });
    } catch (error) {
      this.#trouble = (error as Error).message;
      return { again: undefined };
    }
    const { status, retryAfter } = answer;
    if (status >= 200 && status < 300) return 'taken';
    this.#trouble = unexpected(this.#target, status).message;
    const isLater = status >= 500 || status === 408 || status === 425 || status === 429;
    return isLater ? { again: retryAfter } : 'refused';
  }

  /** @param until what ends it before its time. */
  #pause(time: number, until?: 'full'): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
      const timer = setTimeout(done, this.#isEnding ? Math.min(time, FLUSH_DELAY) : time);
      this.#wake = (reason) => {
        if (reason === 'end' || reason === until) done();
      };
    });
  }

  #drop(count: number, why: string): void {
    this.#dropped += count;
    this.#why = why || this.#why || 'more than eventsQueue wait';
    this.#note();
  }

  /** Has it told what went wrong, not too often. */
  #note(): void {
    if (this.#isEnding) return;
    const wait = this.#toldAt + TELL_INTERVAL - performance.now();
    this.#telling ??= setTimeout(() => this.#tell(), Math.max(wait, TELL_DELAY)).unref();
  }

  #tell(): void {
    this.#telling = undefined;
    const { size } = this.#lines;
    if (this.#dropped > 0) this.#log.warn(`${eventsWere(this.#dropped)} dropped: ${this.#why}`);
    else if (this.#trouble !== '' && size > 0) {
      this.#log.warn(`${eventsWere(size)} not taken yet, and tried again: ${this.#trouble}`);
    } else return;
    this.#toldAt = performance.now();
    this.#dropped = 0;
    this.#why = '';
  }
}
