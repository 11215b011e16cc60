import { EventEmitter } from 'node:events';
import { type ConnectionInfo, levelOf, type ServerEvent } from 'picosocks5';
import * as v from 'valibot';
import {
  type ConnectionChanges,
  type ConnectionRow,
  LOG_LEVELS,
  type LogLevelName,
  type LogLine,
  type Refusal,
  type TotalKind,
  type Totals,
  type TrafficSample,
} from '../ipc/contract.js';
import { ConnectionLog } from '../proxy/connectionlog.js';
import { LogBook } from '../proxy/logbook.js';
import { Traffic } from '../proxy/traffic.js';
import { text } from '../words/words.js';
import { LinkError, type RemoteClient } from './client.js';
import { eventOf, lostIn } from './remoteevents.js';
import { connectionOf, RemoteTraffic } from './remoteview.js';
import { connectionsShape, type StatusAnswer, sampleShape } from './shapes.js';

/** Connections on one page, and how many of them are kept at all. */
const PAGE = 2000;
const CAPACITY = 10_000;
/** How many of the last events are asked for at first. */
const HISTORY = 1000;

type Bytes = Pick<ConnectionInfo, 'id' | 'up' | 'down'>;

/**
 * What goes on in a server elsewhere while the window shows it: its connections and events as they
 * come, and its traffic. It outlives the links: what has happened in between is not known.
 *
 * Emits `sample` once a second, and `changed` when the server may have to be asked how it is.
 */
export class RemoteWatch extends EventEmitter<{ sample: [TrafficSample]; changed: [] }> {
  readonly #log = new ConnectionLog(CAPACITY);
  readonly #traffic = new RemoteTraffic();
  readonly #refused = new Traffic();
  readonly #book: LogBook;
  /** What the server logs; the window shows no more. */
  level: LogLevelName = 'info';
  /** When users were seen last, ms since 1970. */
  readonly seen = new Map<string, number>();
  /** What those connections that there are have moved. */
  readonly #live = new Map<number, Bytes>();
  /** Which process of the server its ids are of. */
  #run: string | undefined;

  constructor() {
    super();
    this.#book = new LogBook((type) => this.#isLogged(type));
  }

  get history(): readonly TrafficSample[] {
    return this.#traffic.history;
  }

  get refusals(): Refusal[] {
    return this.#refused.refusals;
  }

  watch(): ConnectionRow[] {
    return this.#log.watch();
  }

  unwatch(): void {
    this.#log.unwatch();
  }

  changes(): ConnectionChanges | undefined {
    return this.#log.changes();
  }

  clear(): void {
    this.#log.clear();
  }

  totals(kind: TotalKind): Totals {
    return this.#log.totals.of(kind);
  }

  /** The lines of its log that there are; from now on `newLines()` has more. */
  watchLog(): LogLine[] {
    return this.#book.watch();
  }

  unwatchLog(): void {
    this.#book.unwatch();
  }

  newLines(): LogLine[] | undefined {
    return this.#book.news();
  }

  /** The id that the server has for a row; undefined if the row is of a process of before. */
  serverId(id: number): number | undefined {
    return this.#log.serverId(id);
  }

  /**
   * Follows a server until the signal ends that.
   *
   * @throws {LinkError} when it cannot be followed any more.
   */
  async follow(
    client: RemoteClient,
    { pid, started }: Pick<StatusAnswer, 'pid' | 'started'>,
    signal: AbortSignal,
  ): Promise<void> {
    const run = `${pid} ${started}`;
    const isKnown = run === this.#run;
    const query = { level: 'debug', history: isKnown ? 0 : HISTORY };
    const events = await client.open('/v1/events', query, signal);
    const samples = await client.open('/v1/samples', { connections: true }, signal);
    if (!isKnown) this.#log.beginRun();
    this.#run = run;
    // What happens meanwhile waits in the stream.
    await this.#adopt(client);
    await Promise.all([this.#takeEvents(events, client), this.#takeSamples(samples)]);
  }

  /** Takes the connections that there are, page by page. */
  async #adopt(client: RemoteClient): Promise<void> {
    const all: ConnectionInfo[] = [];
    let after = 0;
    while (all.length < CAPACITY) {
      const query = { limit: PAGE, after };
      const page = await client.get('/v1/connections', connectionsShape, query);
      all.push(...page.connections.map(connectionOf));
      if (page.next === undefined || page.next <= after) break;
      after = page.next;
    }
    this.#log.adopt(all, Date.now() + client.ahead);
    this.#live.clear();
    for (const { id, up, down } of all) this.#live.set(id, { id, up, down });
  }

  async #takeEvents(lines: AsyncGenerator<unknown>, client: RemoteClient): Promise<void> {
    for await (const line of lines) {
      const event = eventOf(line);
      if (event !== undefined) this.#take(event);
      else if (lostIn(line) > 0) await this.#adopt(client);
    }
  }

  #take(event: ServerEvent): void {
    this.#log.handle(event);
    this.#refused.handle(event);
    if (this.#isLogged(event.type)) this.#book.handle(event);
    switch (event.type) {
      case 'connection':
        this.#live.set(event.id, { id: event.id, up: 0, down: 0 });
        break;
      case 'authenticated':
        if (event.user !== undefined) this.seen.set(event.user, event.time);
        break;
      case 'closed':
        this.#live.delete(event.id);
        break;
      case 'reloaded':
      case 'listening':
      case 'stopped':
        this.emit('changed');
        break;
    }
  }

  #isLogged(type: ServerEvent['type']): boolean {
    return LOG_LEVELS.indexOf(levelOf(type)) <= LOG_LEVELS.indexOf(this.level);
  }

  async #takeSamples(lines: AsyncGenerator<unknown>): Promise<void> {
    for await (const line of lines) {
      const { success, output } = v.safeParse(sampleShape, line);
      if (!success) throw new LinkError(text('servers.strange', { path: '/v1/samples' }));
      for (const moved of output.moved ?? []) {
        if (this.#live.has(moved.id)) this.#live.set(moved.id, moved);
      }
      this.#log.count([...this.#live.values()]);
      this.emit('sample', this.#traffic.take(output));
    }
  }
}
