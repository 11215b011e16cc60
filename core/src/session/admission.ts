import type { AccessCheck } from '../access/accesscheck.js';
import type { Denial } from '../access/policy.js';
import { type Awaitable, andThen } from '../base/awaitable.js';
import type { Disposable } from '../base/disposable.js';
import { messageOf } from '../base/errors.js';
import type { ConnectionCounter, LimitName } from '../limits/limits.js';
import { Startups } from '../limits/startups.js';
import type { CloseReason, EventStream } from '../log/events.js';
import type { Address } from '../protocol/address.js';
import { networkOf, parseIP } from '../protocol/ip.js';
import type { Transport } from '../transport/transport.js';
import type { Listener } from './listener.js';
import { ConnectionRecord } from './record.js';
import { Session, toldListener } from './session.js';
import type { SessionTable } from './table.js';

/** Who is asked whether a client may come in, and where it goes then. */
export interface AdmissionOptions {
  readonly access: AccessCheck;
  readonly counter: ConnectionCounter;
  readonly events: EventStream;
  readonly sessions: SessionTable;
  /** Ids of connections: the first one, and how many on the next is. */
  readonly ids: { readonly firstId: number; readonly idStep: number };
}

/** A client that has come, and is not let in yet. */
interface Arrival {
  readonly id: number;
  readonly transport: Transport;
  readonly client: Address;
  /** The name of the listener that it comes by. */
  readonly listener: string;
}

const none: ReadonlyMap<string, Listener> = new Map();

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
    this.#listeners = new Map(listeners.map((listener) => [listener.name, listener]));
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
    const id = this.#nextId;
    this.#nextId += this.#options.ids.idStep;
    const arrival: Arrival = { id, transport, client, listener: name };
    try {
      const answer = this.#options.access.ofClient(ip, name);
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
    const place = this.#placeOf(arrival.client.host);
    if (place instanceof Promise) place.then(settle, fail);
    else settle(place);
  }

  /** Counts a client; if there are too many, one that has kept silent for a while gives way. */
  #placeOf(host: string): Awaitable<Disposable | LimitName> {
    const { counter } = this.#options;
    return andThen(counter.addClient(host), (counted) => {
      if (typeof counted !== 'string') return counted;
      const among = counted === 'perAddress' ? networkOf(host) : undefined;
      return this.startups.endStalled(among) ? counter.addClient(host) : counted;
    });
  }

  #begin(arrival: Arrival, place: Disposable): void {
    const { id, transport, client } = arrival;
    const settings = this.#listeners.get(arrival.listener)?.settings;
    const network = networkOf(client.host);
    if (settings === undefined || !this.startups.makeRoom(network)) {
      place.dispose();
      if (settings === undefined) transport.abort();
      else this.#turnAway(arrival, 'too-many-connections', 'without a request');
      return;
    }
    const { sessions } = this.#options;
    const session = new Session(id, transport, client, settings, place);
    sessions.add(session);
    session.startup = this.startups.add(network, session);
    void session.run(sessions);
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
  return limit === 'total' ? 'in all' : 'from this address';
}
