import type { Denial } from '../access/policy.js';
import { type Awaitable, andThen } from '../base/awaitable.js';
import type { Disposable } from '../base/disposable.js';
import { messageOf } from '../base/errors.js';
import type { ConnectionCounter, LimitName } from '../limits/limits.js';
import { Startups } from '../limits/startups.js';
import type { CloseReason, EventStream } from '../log/events.js';
import type { Address } from '../protocol/address.js';
import { networkOf, parseIP } from '../protocol/ip.js';
import { linger } from '../transport/linger.js';
import type { Transport } from '../transport/transport.js';
import type { Listener } from './listener.js';
import { ConnectionRecord } from './record.js';
import { type GoingOn, Session, toldListener } from './session.js';
import type { SessionTable } from './table.js';

/** What counts clients, who is told of them, and where they go then. */
export interface AdmissionOptions {
  readonly counter: ConnectionCounter;
  readonly events: EventStream;
  readonly sessions: SessionTable;
  /** Ids of connections: the first one, and how many on the next is. */
  readonly ids: { readonly firstId: number; readonly idStep: number };
}

/** A client that wants to come in. */
interface Newcomer {
  readonly transport: Transport;
  readonly client: Address;
  /** The name of the listener that it comes by. */
  readonly listener: string;
  /** How often it has failed to log in on this connection. */
  readonly failures: number;
}

/** A client that has come, and is not let in yet. */
interface Arrival extends Newcomer {
  readonly id: number;
}

/** A listener, and its clients that have made no request where it has a limit of its own. */
interface Entrance extends Listener {
  readonly startups: Startups | undefined;
}

const none: ReadonlyMap<string, Entrance> = new Map();

/** Lets clients in, or turns them away before a byte of theirs is read. */
export class Admission {
  readonly startups = new Startups();
  #listeners = none;
  readonly #options: AdmissionOptions;
  #nextId: number;

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#nextId = options.ids.firstId;
  }

  /** Takes the listeners by which clients come in from now on: nobody, if there is none. */
  setListeners(listeners: readonly Listener[]): void {
    const before = this.#listeners;
    this.#listeners = new Map(
      listeners.map((listener): [name: string, entrance: Entrance] => {
        const { name, limit } = listener;
        if (limit === undefined) return [name, { ...listener, startups: undefined }];
        const startups = before.get(name)?.startups ?? new Startups();
        startups.limit = limit.startups;
        return [name, { ...listener, startups }];
      }),
    );
  }

  /**
   * Takes a client's connection, of which nothing was read yet.
   *
   * @param name the listener's.
   * @param client where it comes from.
   * @returns the connection's id; undefined if nobody is let in by such a listener.
   */
  admit(transport: Transport, name: string, client = transport.remote): number | undefined {
    const ip = parseIP(client.host);
    const listener = this.#listeners.get(name);
    if (ip === undefined || listener === undefined) {
      transport.abort();
      return undefined;
    }
    return this.#arrive({ transport, client, listener: name, failures: 0 }, ip, listener);
  }

  /** @param ip the client's IP address. */
  #arrive(newcomer: Newcomer, ip: Uint8Array, { settings: { access } }: Listener): number {
    const id = this.#nextId;
    this.#nextId += this.#options.ids.idStep;
    const arrival: Arrival = { id, ...newcomer };
    try {
      const answer = access.ofClient(ip, arrival.listener);
      if (answer instanceof Promise) this.#count(arrival, answer);
      else if (answer === undefined) this.#count(arrival);
      else this.#turnAway(arrival, 'not-allowed', answer.by);
    } catch (error) {
      this.#turnAway(arrival, 'internal-error', messageOf(error));
    }
    return id;
  }

  /** @param answer what is still to be said about the client, which has its place meanwhile. */
  #count(arrival: Arrival, answer?: Promise<Denial | undefined>): void {
    const settle = (place: Disposable | LimitName) => {
      if (typeof place === 'string') {
        this.#turnAway(arrival, 'too-many-connections', fullWords(place));
      } else if (answer === undefined) this.#begin(arrival, place);
      else {
        const begin = (denial: Denial | undefined) => {
          if (denial === undefined) return this.#begin(arrival, place);
          place.dispose();
          this.#turnAway(arrival, 'not-allowed', denial.by);
        };
        answer.then(begin).catch(fail);
      }
    };
    const fail = (error: unknown) => {
      this.#turnAway(arrival, 'internal-error', messageOf(error));
    };
    const place = this.#placeOf(arrival);
    if (place instanceof Promise) place.then(settle, fail);
    else settle(place);
  }

  /** Counts a client; if there are too many, one that has kept silent for a while gives way. */
  #placeOf({ client: { host }, listener }: Arrival): Awaitable<Disposable | LimitName> {
    const { counter } = this.#options;
    const { limit, startups } = this.#listeners.get(listener) ?? {};
    return andThen(counter.addClient(host, limit?.wanted), (counted) => {
      if (typeof counted !== 'string') return counted;
      const among = counted === 'perAddress' ? networkOf(host) : undefined;
      const waiting = counted === 'listener' ? startups : this.startups;
      const hasEnded = waiting?.endStalled(among) ?? false;
      return hasEnded ? counter.addClient(host, limit?.wanted) : counted;
    });
  }

  #begin(arrival: Arrival, place: Disposable): void {
    const { id, transport, client } = arrival;
    const { settings, startups } = this.#listeners.get(arrival.listener) ?? {};
    const network = networkOf(client.host);
    const makeRoom = () => (startups?.makeRoom(network) ?? true) && this.startups.makeRoom(network);
    if (settings === undefined || !makeRoom()) {
      place.dispose();
      if (settings === undefined) transport.abort();
      else this.#turnAway(arrival, 'too-many-connections', 'without a request');
      return;
    }
    const { sessions } = this.#options;
    const session = new Session(id, transport, client, settings, place, arrival.failures);
    sessions.add(session);
    const counted = this.startups.add(network, session);
    session.startup =
      startups === undefined ? counted : both(counted, startups.add(network, session));
    void session.run(sessions).then((more) => {
      if (more !== undefined) this.#comeAgain(arrival, more);
    });
  }

  /** Takes a client that goes on with something else: it is judged and counted as a new one. */
  #comeAgain({ client, listener }: Arrival, { transport, failures }: GoingOn): void {
    const ip = parseIP(client.host);
    const entrance = this.#listeners.get(listener);
    if (ip === undefined || entrance === undefined) void linger(transport);
    else this.#arrive({ transport, client, listener, failures }, ip, entrance);
  }

  #turnAway(
    { id, transport, client, listener }: Arrival,
    reason: CloseReason,
    detail: string,
  ): void {
    transport.abort();
    const settings = this.#listeners.get(listener)?.settings;
    const told = settings && toldListener(settings);
    new ConnectionRecord(id, client, this.#options.events, told).rejected(reason, detail);
  }
}

function fullWords(limit: LimitName): string {
  if (limit === 'listener') return 'at this listener';
  return limit === 'total' ? 'in all' : 'from this address';
}

function both(one: Disposable, other: Disposable): Disposable {
  return {
    dispose() {
      one.dispose();
      other.dispose();
    },
  };
}
