import type { AuthenticationFailure, Identity } from '../auth/method.js';
import { monotonic } from '../base/clock.js';
import type {
  CloseReason,
  ConnectionEvent,
  ConnectionInfo,
  Diagnosis,
  EventStream,
  ServerEvent,
} from '../log/events.js';
import type { Address } from '../protocol/address.js';
import type { CommandName } from '../protocol/socks5.js';
import type { Traffic } from '../relay/tunnel.js';

/** An event of a connection. */
type Told = Extract<ServerEvent, { readonly id: number }>;

export const anonymous: Identity = { user: undefined, group: undefined };

/**
 * What is known of one connection, and the only place that tells its events: in the order that
 * {@link ServerEvent} promises, and none behind the last.
 */
export class ConnectionRecord {
  readonly id: number;
  readonly client: Address;
  /** Where the load balancer is that told the client's address, if one did. */
  readonly balancer: Address | undefined;
  /** What its bytes are counted in. */
  readonly traffic: Traffic = { up: 0, down: 0, dropped: 0, waiting: 0 };
  identity = anonymous;
  /** The dialect that it speaks. */
  dialect: string | undefined;
  method: string | undefined;
  command: CommandName | undefined;
  destination: Address | undefined;
  /** What the way out is called; undefined for the direct one, and while there is none. */
  via: string | undefined;
  readonly #events: EventStream;
  /** What all its events tell beside the client. */
  readonly #about: Pick<ConnectionEvent, 'listener' | 'balancer'> | undefined;
  /** ms since 1970. */
  readonly #since = Date.now();
  /** By the clock that durations are measured with, ms. */
  readonly #began = monotonic();
  #closed = false;
  /** What is told only if more comes of it. */
  #heldBack: Told[] | undefined;

  /**
   * @param listener the name of the listener that it came by, where events tell it.
   * @param balancer where the load balancer is that told the client's address, if one did.
   */
  constructor(
    id: number,
    client: Address,
    events: EventStream,
    listener?: string,
    balancer?: Address,
  ) {
    this.id = id;
    this.client = client;
    this.balancer = balancer;
    this.#events = events;
    if (listener === undefined && balancer === undefined) return;
    this.#about = {
      ...(balancer === undefined ? {} : { balancer }),
      ...(listener === undefined ? {} : { listener }),
    };
  }

  /**
   * Of a balancer's own connection nothing is told that leaves before it asks for anything: it only
   * looked whether somebody is here.
   */
  holdBack(): void {
    this.#heldBack = [];
  }

  arrived(): void {
    const { id, client } = this;
    if (this.#events.wanted('connection')) {
      this.#emit({ type: 'connection', id, time: Date.now(), client });
    }
  }

  /** By the method that was set before. */
  authenticated(identity: Identity): void {
    this.identity = identity;
    if (!this.#events.wanted('authenticated')) return;
    const { id, client, method = '' } = this;
    const { user, group } = identity;
    const time = Date.now();
    this.#emit({ type: 'authenticated', id, time, client, method, user, group });
  }

  /**
   * @param detail in a few words; never a secret.
   * @param login what was wrong, where a machine can tell.
   */
  authenticationFailed(
    method: string,
    user: string | undefined,
    detail: string,
    login: Pick<AuthenticationFailure, 'code' | 'lockout'> = {},
  ): void {
    if (this.#closed || !this.#events.wanted('authentication-failed')) return;
    const { id, client } = this;
    const time = Date.now();
    const what = { method, user, detail, ...login };
    this.#emit({ type: 'authentication-failed', id, time, client, ...what });
  }

  requested(command: CommandName, destination: Address): void {
    this.command = command;
    this.destination = destination;
    if (!this.#events.wanted('request')) return;
    const { id, client } = this;
    this.#emit({ type: 'request', id, time: Date.now(), client, command, destination });
  }

  /** @param remote undefined for an association, which has no one remote host. */
  established(bound: Address, remote: Address | undefined): void {
    if (!this.#events.wanted('established')) return;
    const { id, client } = this;
    const what = { bound, remote, ...this.#way };
    this.#emit({ type: 'established', id, time: Date.now(), client, ...what });
  }

  /**
   * The connection, or its request, was refused.
   *
   * @param diagnosis what the client got wrong, where a machine can tell.
   */
  rejected(reason: CloseReason, detail: string, diagnosis?: Diagnosis): void {
    if (this.#closed || !this.#events.wanted('rejected')) return;
    const { id, client, dialect, command, destination, identity } = this;
    const { user } = identity;
    const more = diagnosis === undefined ? {} : { diagnosis };
    const what = { user, dialect, command, destination, reason, detail, ...more };
    this.#emit({ type: 'rejected', id, time: Date.now(), client, ...what });
  }

  /** Datagrams of an association to a destination were refused: it goes on. */
  datagramRejected(reason: CloseReason, detail: string, destination: Address): void {
    if (this.#closed || !this.#events.wanted('rejected')) return;
    const { id, client, dialect, command, identity } = this;
    const { user } = identity;
    const what = { user, dialect, command, destination, reason, detail, datagram: true } as const;
    this.#emit({ type: 'rejected', id, time: Date.now(), client, ...what });
  }

  /** The connection is over: nothing is told after that. */
  closed(reason: CloseReason): void {
    if (this.#closed) return;
    this.#closed = true;
    if (!this.#events.wanted('closed')) return;
    const { id, client, dialect, method, command, destination, identity, traffic } = this;
    // Every connection comes through here, and spreading objects costs more than naming what is in them.
    this.#emit({
      type: 'closed',
      id,
      time: Date.now(),
      client,
      user: identity.user,
      group: identity.group,
      dialect,
      method,
      command,
      destination,
      up: traffic.up,
      down: traffic.down,
      dropped: traffic.dropped,
      since: this.#since,
      reason,
      duration: monotonic() - this.#began,
      ...this.#way,
    });
  }

  /** The connection as it is now. */
  info(): ConnectionInfo {
    const { id, client, dialect, method, command, destination, identity, traffic } = this;
    const { user, group } = identity;
    const { up, down, dropped } = traffic;
    const since = this.#since;
    const info = {
      id,
      client,
      user,
      group,
      dialect,
      method,
      command,
      destination,
      up,
      down,
      dropped,
      since,
      ...this.#way,
    };
    return this.#about === undefined ? info : { ...info, ...this.#about };
  }

  get #way(): { readonly via?: string } | undefined {
    return this.via === undefined ? undefined : { via: this.via };
  }

  #emit(event: Told): void {
    const held = this.#heldBack;
    if (held !== undefined) {
      if (event.type === 'connection' || event.type === 'authenticated') {
        held.push(event);
        return;
      }
      this.#heldBack = undefined;
      if (event.type === 'closed' && event.reason === 'client-left') return;
      for (const one of held) this.#emit(one);
    }
    this.#events.emit(this.#about === undefined ? event : { ...event, ...this.#about });
  }
}
