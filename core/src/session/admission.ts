import { isLoopback } from '../access/network.js';
import type { Denial } from '../access/policy.js';
import { type Awaitable, andThen } from '../base/awaitable.js';
import type { Disposable } from '../base/disposable.js';
import { TellLimit } from '../base/telllimit.js';
import type { ConnectionCounter, LimitName } from '../limits/limits.js';
import { Startups } from '../limits/startups.js';
import type { CloseReason, EventStream } from '../log/events.js';
import { type Address, isUnspecified } from '../protocol/address.js';
import { networkOf, parseIP } from '../protocol/ip.js';
import { linger } from '../transport/linger.js';
import { localPeer, type Transport } from '../transport/transport.js';
import { HeaderReader, type Introduction } from './headerreader.js';
import type { GoingOn, Past } from './known.js';
import type { Listener } from './listener.js';
import { ConnectionRecord } from './record.js';
import { toRefusal } from './refusal.js';
import { Session } from './session.js';
import { toldListener } from './settings.js';
import type { SessionTable } from './table.js';

/** What counts clients, who is told of them, and where they go then. */
export interface AdmissionOptions {
  readonly counter: ConnectionCounter;
  readonly events: EventStream;
  readonly sessions: SessionTable;
  /** Ids of connections: the first one, and how many on the next is. */
  readonly ids: { readonly firstId: number; readonly idStep: number };
}

/** How long a balancer may take for its header at most, ms: it sends it at once. */
const HEADER_TIME = 10_000;

/** How many of them may be waited for, where clients that make no request have no limit. */
const MOST_UNINTRODUCED = 8192;

/** How many connections without a header are told at once, and how soon one more, ms. */
const TOLD = 10;
const TELL_INTERVAL = 10_000;

/** A client that has come, and is not let in yet. */
interface Arrival {
  readonly id: number;
  readonly transport: Transport;
  readonly client: Address;
  /** Where the load balancer is that told the client's address, if one did. */
  readonly balancer?: Address;
  /** Whether it is a load balancer itself, as that has told. */
  readonly isBalancer?: boolean;
  /** The name of the listener that it comes by. */
  readonly listener: string;
  /** The layer that it has to speak. */
  readonly scheme?: string | undefined;
  /** What is known of it. */
  readonly past: Past;
}

/** A listener, and its clients that have made no request where it has a limit of its own. */
interface Entrance extends Listener {
  readonly startups: Startups | undefined;
}

const none: ReadonlyMap<string, Entrance> = new Map();

/** Lets clients in, or turns them away before a byte of theirs is read. */
export class Admission {
  readonly startups = new Startups();
  /** Connections of balancers that have not told whose they are: as many as there are startups. */
  readonly #unintroduced = new Startups();
  readonly #introducing = new Set<HeaderReader>();
  /** Who has come, and is neither let in nor turned away yet. */
  #undecided = 0;
  #onDecided: (() => void)[] = [];
  readonly #tellLimit = new TellLimit(TOLD, TELL_INTERVAL);
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
    if (listeners.length === 0) for (const reader of this.#introducing) reader.end();
  }

  /** How many have come and are neither let in nor turned away yet. */
  get undecided(): number {
    return this.#undecided;
  }

  /** Waits until all who have come are let in or turned away. */
  async decided(): Promise<void> {
    if (this.#undecided > 0) await new Promise<void>((resolve) => this.#onDecided.push(resolve));
  }

  #decide(): void {
    this.#undecided = Math.max(0, this.#undecided - 1);
    if (this.#undecided > 0 || this.#onDecided.length === 0) return;
    const waiting = this.#onDecided;
    this.#onDecided = [];
    for (const resolve of waiting) resolve();
  }

  /**
   * Takes a connection of which nothing was read yet: a client's, or a load balancer's that tells
   * first whose it is.
   *
   * @param name the listener's.
   * @param client where it comes from.
   * @param scheme the layer that it has to speak, if there is one.
   * @returns the connection's id; undefined if nobody is let in by such a listener.
   */
  admit(
    transport: Transport,
    name: string,
    client = transport.remote,
    scheme?: string,
  ): number | undefined {
    const ip = parseIP(client.host);
    const listener = this.#listeners.get(name);
    if (ip === undefined || listener === undefined) {
      transport.abort();
      return undefined;
    }
    const arrival: Arrival = {
      ...{ id: this.#takeId(), transport, client, listener: name },
      ...{ scheme, past: {} },
    };
    const from = transport.remote === localPeer ? undefined : ip;
    this.#undecided++;
    if (listener.balancers.have(from)) this.#readHeader(arrival, listener);
    else this.#judge(arrival, ip);
    return arrival.id;
  }

  #takeId(): number {
    const id = this.#nextId;
    this.#nextId += this.#options.ids.idStep;
    return id;
  }

  /** Waits for a balancer to tell whose connection it is: only then it is counted as anybody's. */
  #readHeader(arrival: Arrival, { settings }: Listener): void {
    const { transport, client } = arrival;
    const network = networkOf(client.host);
    this.#unintroduced.limit = Math.min(this.startups.limit, MOST_UNINTRODUCED);
    if (!this.#unintroduced.makeRoom(network)) {
      this.#turnAway(arrival, 'too-many-connections', 'without a PROXY header');
      return;
    }
    const time = Math.min(settings.handshakeTimeout || HEADER_TIME, HEADER_TIME);
    const reader = new HeaderReader(transport, client, time, (introduction) => {
      this.#introducing.delete(reader);
      place.dispose();
      this.#introduce(arrival, introduction);
    });
    const place = this.#unintroduced.add(network, reader);
    this.#introducing.add(reader);
  }

  #introduce(arrival: Arrival, introduction: Introduction): void {
    const { transport, client: balancer } = arrival;
    if (introduction.kind === 'left') {
      transport.close();
      this.#decide();
    } else if (introduction.kind === 'refused') {
      const untold = this.#tellLimit.take();
      const { reason, detail } = introduction;
      if (untold === undefined) {
        transport.abort();
        this.#decide();
      } else
        this.#turnAway(arrival, reason, untold === 0 ? detail : `${detail} (${untold} more so)`);
    } else {
      const ip = parseIP(balancer.host) as Uint8Array;
      const client = clientOf(introduction.client, ip);
      const ofClient = client && parseIP(client.host);
      if (client === undefined || ofClient === undefined) {
        this.#judge({ ...arrival, isBalancer: introduction.client === undefined }, ip);
      } else this.#judge({ ...arrival, client, balancer }, ofClient);
    }
  }

  /** Asks whether a client may come in. @param ip its address. */
  #judge(arrival: Arrival, ip: Uint8Array): void {
    const listener = this.#listeners.get(arrival.listener);
    // A reload may have taken it away while a header was waited for.
    if (listener === undefined) {
      arrival.transport.abort();
      this.#decide();
      return;
    }
    try {
      const answer = listener.settings.access.ofClient(ip, listener.name);
      if (answer instanceof Promise) this.#count(arrival, answer);
      else if (answer === undefined) this.#count(arrival);
      else this.#turnAway(arrival, 'not-allowed', answer.by);
    } catch (error) {
      this.#fail(arrival, error);
    }
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
    const fail = (error: unknown) => this.#fail(arrival, error);
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
    const { id, client, scheme, past, balancer, isBalancer } = arrival;
    const { settings, startups } = this.#listeners.get(arrival.listener) ?? {};
    const network = networkOf(client.host);
    const makeRoom = () => (startups?.makeRoom(network) ?? true) && this.startups.makeRoom(network);
    const layer = scheme === undefined ? undefined : settings?.layers.get(scheme);
    // Where it listens may have changed meanwhile.
    const isGone = settings === undefined || (scheme !== undefined && layer === undefined);
    if (isGone || !makeRoom()) {
      place.dispose();
      if (isGone) {
        arrival.transport.abort();
        this.#decide();
      } else this.#turnAway(arrival, 'too-many-connections', 'without a request');
      return;
    }
    const { sessions } = this.#options;
    const session = new Session(id, arrival.transport, client, settings, place, {
      ...past,
      ...{ balancer, isBalancer, layer },
    });
    sessions.add(session);
    this.#decide();
    const counted = this.startups.add(network, session);
    session.startup =
      startups === undefined ? counted : both(counted, startups.add(network, session));
    void session.run(sessions).then((more) => {
      if (more !== undefined) this.#comeAgain(arrival, more);
    });
  }

  /** Takes a client that goes on with something else: it is judged and counted as a new one. */
  #comeAgain(arrival: Arrival, { transport, ...past }: GoingOn): void {
    const ip = parseIP(arrival.client.host);
    const isKnown = this.#listeners.has(arrival.listener);
    if (ip === undefined || !isKnown) void linger(transport);
    else {
      this.#undecided++;
      this.#judge({ ...arrival, id: this.#takeId(), transport, scheme: undefined, past }, ip);
    }
  }

  #fail(arrival: Arrival, error: unknown): void {
    const { reason, message } = toRefusal(error, false);
    this.#turnAway(arrival, reason, message);
  }

  #turnAway(
    { id, transport, client, balancer, listener }: Arrival,
    reason: CloseReason,
    detail: string,
  ): void {
    transport.abort();
    this.#decide();
    const settings = this.#listeners.get(listener)?.settings;
    const told = settings && toldListener(settings);
    const record = new ConnectionRecord(id, client, this.#options.events, told, balancer);
    record.rejected(reason, detail);
  }
}

/**
 * The client that a balancer means. One on the balancer's own machine is told by an address that
 * means another machine here: it counts as the balancer, as does one of no address.
 *
 * @returns undefined: the balancer itself.
 */
function clientOf(told: Address | undefined, balancer: Uint8Array): Address | undefined {
  const ip = told && parseIP(told.host);
  if (told === undefined || ip === undefined || isUnspecified(told)) return undefined;
  return isLoopback(ip) && !isLoopback(balancer) ? undefined : told;
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
