import type { AccessCheck } from '../access/accesscheck.js';
import type { Disposable } from '../base/disposable.js';
import { messageOf } from '../base/errors.js';
import { andThen, type Coming } from '../limits/counts.js';
import type { ConnectionCounter, LimitName } from '../limits/limits.js';
import { Startups } from '../limits/startups.js';
import type { CloseReason, EventStream } from '../log/events.js';
import { networkOf, parseIP } from '../protocol/ip.js';
import type { Transport } from '../transport/transport.js';
import { ConnectionRecord } from './record.js';
import { Session, type SessionSettings } from './session.js';
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

/** Lets clients in, or turns them away before a byte of theirs is read. */
export class Admission {
  /** What new sessions are served by; undefined: nobody is let in. */
  settings: SessionSettings | undefined;
  readonly startups = new Startups();
  readonly #options: AdmissionOptions;
  #nextId: number;

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#nextId = options.ids.firstId;
  }

  /** Takes a client's connection, of which nothing was read yet. */
  admit(transport: Transport): void {
    const { host } = transport.remote;
    const ip = parseIP(host);
    if (ip === undefined || this.settings === undefined) {
      transport.abort();
      return;
    }
    const id = this.#nextId;
    this.#nextId += this.#options.ids.idStep;
    try {
      const denial = this.#options.access.ofClient(ip);
      if (denial !== undefined) this.#turnAway(id, transport, 'not-allowed', denial.by);
      else this.#count(id, transport);
    } catch (error) {
      this.#turnAway(id, transport, 'internal-error', messageOf(error));
    }
  }

  #count(id: number, transport: Transport): void {
    const settle = (place: Disposable | LimitName) => {
      if (typeof place !== 'string') this.#begin(id, transport, place);
      else this.#turnAway(id, transport, 'too-many-connections', fullWords(place));
    };
    const fail = (error: unknown) => {
      this.#turnAway(id, transport, 'internal-error', messageOf(error));
    };
    const place = this.#placeOf(transport.remote.host);
    if (place instanceof Promise) place.then(settle, fail);
    else settle(place);
  }

  /** Counts a client; if there are too many, one that has kept silent for a while gives way. */
  #placeOf(host: string): Coming<Disposable | LimitName> {
    const { counter } = this.#options;
    return andThen(counter.addClient(host), (counted) => {
      if (typeof counted !== 'string') return counted;
      const among = counted === 'perAddress' ? networkOf(host) : undefined;
      return this.startups.endStalled(among) ? counter.addClient(host) : counted;
    });
  }

  #begin(id: number, transport: Transport, place: Disposable): void {
    const { settings } = this;
    const network = networkOf(transport.remote.host);
    if (settings === undefined || !this.startups.makeRoom(network)) {
      place.dispose();
      if (settings === undefined) transport.abort();
      else this.#turnAway(id, transport, 'too-many-connections', 'without a request');
      return;
    }
    const { sessions } = this.#options;
    const session = new Session(id, transport, settings, place);
    sessions.add(session);
    session.startup = this.startups.add(network, session);
    void session.run(sessions);
  }

  #turnAway(id: number, transport: Transport, reason: CloseReason, detail: string): void {
    transport.abort();
    new ConnectionRecord(id, transport.remote, this.#options.events).rejected(reason, detail);
  }
}

function fullWords(limit: LimitName): string {
  return limit === 'total' ? 'in all' : 'from this address';
}
