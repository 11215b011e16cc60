import type { ConnectionSum, EventSink, ServerEvent } from 'picosocks5';
import {
  ASKED,
  active,
  bytes,
  closed,
  dials,
  droppedDatagrams,
  type Family,
  failedLogins,
  handshakes,
  lockouts,
  messages,
  opened,
  refused,
  refusedDatagrams,
} from './families.js';
import { type Labels, Names, type Store } from './store.js';

/** Connections that have not been served yet, whose spans are measured, at most. */
const MAX_MEASURED = 100_000;

const WANTED: ReadonlySet<ServerEvent['type']> = new Set([
  ...(['connection', 'request', 'established', 'rejected', 'closed'] as const),
  ...(['authentication-failed', 'warning', 'error'] as const),
]);

/** What more than their group and listener connections are told apart by. */
export type Asked = (typeof ASKED)[number];

/** What tells connections of this moment apart. */
const KEYS = ['listener', 'dialect', 'command', 'group'] as const;

/** Counts the events of connections. */
export class Connections implements EventSink {
  readonly id = 'metrics';
  readonly #store: Store;
  /** When each connection began, or made its request, monotonic ms. */
  readonly #began = new Map<number, { at: number; isDial: boolean }>();
  readonly #names: Readonly<Record<'group' | Asked, Names>>;
  asked: readonly Asked[];

  /** @param limit how many names of each kind have series of their own. */
  constructor(store: Store, asked: readonly Asked[], limit: number) {
    this.#store = store;
    this.asked = asked;
    this.#names = {
      group: new Names(limit),
      user: new Names(limit),
      destination: new Names(limit),
    };
    // What may never happen is known to be counted.
    store.add(lockouts, [], 0);
    for (const level of ['warning', 'error']) store.add(messages, [level], 0);
  }

  set limit(limit: number) {
    for (const names of Object.values(this.#names)) names.limit = limit;
  }

  wants(type: ServerEvent['type']): boolean {
    return WANTED.has(type);
  }

  handle(event: ServerEvent): void {
    const store = this.#store;
    switch (event.type) {
      case 'warning':
      case 'error':
        store.add(messages, [event.type]);
        break;
      case 'connection':
        store.add(opened, [listenerOf(event)]);
        this.#begin(event.id, false);
        break;
      case 'request':
        this.#handshaken(event);
        break;
      case 'established':
        this.#answered(event.id, event.via ?? 'direct', 'established');
        break;
      case 'rejected':
        this.#rejected(event);
        break;
      case 'authentication-failed':
        store.add(failedLogins, [listenerOf(event), event.method, event.code ?? 'other']);
        if (event.lockout === true) store.add(lockouts);
        break;
      case 'closed':
        this.#closed(event);
        break;
    }
  }

  /** Forgets the spans that are being measured. */
  pause(): void {
    this.#began.clear();
  }

  /** What connections of this moment are told apart by. */
  get keys(): readonly ((typeof KEYS)[number] | Asked)[] {
    return [...KEYS, ...this.asked];
  }

  /** Adds what is to be told of the connections of this moment. */
  addActive(sums: readonly ConnectionSum[], store: Store): void {
    store.add(active, ['default'], 0);
    for (const { of, connections, up, down, dropped } of sums) {
      const listener = listenerOf(of);
      const group = this.#names.group.of(of.group);
      const asked = this.#asked(of.user, of.destination);
      store.add(active, [listener, of.dialect, of.command, group, ...asked], connections);
      this.#moved(store, listener, [group, ...asked], { up, down, dropped });
    }
  }

  /** The labels of a series of several processes as they are told: only what is asked for, and not too many. */
  readonly bound = ({ labels: names }: Family, labels: Labels): Labels =>
    names.map((name, i) => {
      if (name === 'group') return this.#names.group.of(labels[i]);
      const asked = ASKED.find((one) => one === name);
      if (asked === undefined) return labels[i];
      return this.asked.includes(asked) ? this.#names[asked].of(labels[i]) : undefined;
    });

  #begin(id: number, isDial: boolean): void {
    if (this.#began.size < MAX_MEASURED) this.#began.set(id, { at: performance.now(), isDial });
  }

  /** How long something has taken, s; it is over. */
  #end(id: number, isDial: boolean): number | undefined {
    const began = this.#began.get(id);
    this.#began.delete(id);
    return began?.isDial === isDial ? (performance.now() - began.at) / 1000 : undefined;
  }

  #handshaken(event: ServerEvent & { readonly type: 'request' }): void {
    const span = this.#end(event.id, false);
    if (span !== undefined) this.#store.observe(handshakes, [listenerOf(event)], span);
    if (event.command === 'connect') this.#begin(event.id, true);
  }

  #answered(id: number, via: string | undefined, outcome: string): void {
    const span = this.#end(id, true);
    if (span !== undefined) this.#store.observe(dials, [via, outcome], span);
  }

  #rejected(event: ServerEvent & { readonly type: 'rejected' }): void {
    const { reason, dialect, command } = event;
    const listener = listenerOf(event);
    if (event.datagram === true) {
      this.#store.add(refusedDatagrams, [listener, reason]);
      return;
    }
    this.#store.add(refused, [listener, dialect, command, reason]);
    if (reason === 'unreachable') this.#answered(event.id, undefined, 'failed');
    else this.#began.delete(event.id);
  }

  #closed(event: ServerEvent & { readonly type: 'closed' }): void {
    this.#began.delete(event.id);
    const { dialect, command, reason, up, down, dropped } = event;
    const listener = listenerOf(event);
    const group = this.#names.group.of(event.group);
    const asked = this.#asked(event.user, event.destination?.host);
    this.#store.add(closed, [listener, dialect, command, group, reason, ...asked]);
    this.#moved(this.#store, listener, [group, ...asked], { up, down, dropped });
  }

  #moved(
    store: Store,
    listener: string,
    labels: Labels,
    { up, down, dropped }: Readonly<Record<'up' | 'down' | 'dropped', number>>,
  ): void {
    store.add(bytes, ['up', listener, ...labels], up);
    store.add(bytes, ['down', listener, ...labels], down);
    store.add(droppedDatagrams, [listener], dropped);
  }

  #asked(user: string | undefined, destination: string | undefined): Labels {
    const given = { user, destination };
    return ASKED.map((label) =>
      this.asked.includes(label) ? this.#names[label].of(given[label]) : undefined,
    );
  }
}

/** The only listener is not named in events. */
function listenerOf({ listener }: { readonly listener?: string }): string {
  return listener ?? 'default';
}
