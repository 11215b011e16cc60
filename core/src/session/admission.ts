import type { AccessCheck } from '../access/accesscheck.js';
import type { Denial } from '../access/policy.js';
import { type Awaitable, andThen } from '../base/awaitable.js';
import type { Disposable } from '../base/disposable.js';
import { messageOf } from '../base/errors.js';
import type { ConnectionCounter, LimitName } from '../limits/limits.js';
import { Startups } from '../limits/startups.js';
import type { CloseReason, EventStream } from '../log/events.js';
import { networkOf, parseIP } from '../protocol/ip.js';
import type { Transport } from '../transport/transport.js';
import { ConnectionRecord } from './record.js';
import { Session, type SessionSettings } from './session.js';
import type { SessionTable } from './table.js';

/** How long counting a connection may take where that is done elsewhere, ms. */
const COUNT_TIME = 5000;

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
    const { settings } = this;
    if (ip === undefined || settings === undefined) {
      transport.abort();
      return;
    }
    const id = this.#nextId;
    this.#nextId += this.#options.ids.idStep;
    try {
      const answer = this.#options.access.ofClient(ip, settings.listener);
      if (answer instanceof Promise) this.#count(id, transport, answer);
      else if (answer === undefined) this.#count(id, transport);
      else this.#turnAway(id, transport, 'not-allowed', answer.by);
    } catch (error) {
      this.#turnAway(id, transport, 'internal-error', messageOf(error));
    }
  }

  /** @param answer what is still to be said about the client, which has its place meanwhile. */
  #count(id: number, transport: Transport, answer?: Promise<Denial | undefined>): void {
    const settle = (place: Disposable | LimitName) => {
      if (typeof place === 'string') {
        this.#turnAway(id, transport, 'too-many-connections', fullWords(place));
      } else if (answer === undefined) this.#begin(id, transport, place);
      else {
        const begin = (denial: Denial | undefined) => {
          if (denial === undefined) return this.#begin(id, transport, place);
          place.dispose();
          this.#turnAway(id, transport, 'not-allowed', denial.by);
        };
        answer.then(begin).catch(fail);
      }
    };
    const fail = (error: unknown) => {
      this.#turnAway(id, transport, 'internal-error', messageOf(error));
    };
    const place = this.#placeOf(transport.remote.host);
    if (place instanceof Promise) inTime(place, settle, fail);
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

/** Waits for a place that is counted elsewhere; one that comes too late is given back. */
function inTime(
  place: Promise<Disposable | LimitName>,
  settle: (place: Disposable | LimitName) => void,
  fail: (error: unknown) => void,
): void {
  let waiting = true;
  const deadline = setTimeout(() => {
    waiting = false;
    fail(new Error('connections were not counted in time'));
  }, COUNT_TIME);
  const stop = () => {
    clearTimeout(deadline);
    return waiting;
  };
  place.then(
    (result) => {
      if (stop()) settle(result);
      else if (typeof result !== 'string') result.dispose();
    },
    (error: unknown) => {
      if (stop()) fail(error);
    },
  );
}

function fullWords(limit: LimitName): string {
  return limit === 'total' ? 'in all' : 'from this address';
}
