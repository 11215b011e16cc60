import type { LoginFailure } from '../auth/identity.js';
import { monotonic } from '../base/clock.js';
import type { Disposable } from '../base/disposable.js';
import { messageOf } from '../base/errors.js';
import { Registry } from '../base/registry.js';
import type { Address } from '../protocol/address.js';
import type { CommandName } from '../protocol/socks5.js';

/** Why a connection ended, or was never served. */
export type CloseReason =
  /** Both sides finished. */
  | 'finished'
  | 'client-reset'
  | 'remote-reset'
  /** The client left before it was served. */
  | 'client-left'
  /** No bytes moved for as long as `timeout` allows. */
  | 'idle-timeout'
  /** The client took too long to say what it wants. */
  | 'handshake-timeout'
  | 'protocol-error'
  | 'no-acceptable-method'
  | 'authentication-failed'
  /** There is no TLS with the client, where there has to be. */
  | 'tls-failed'
  | 'not-allowed'
  | 'too-many-connections'
  /** The user, or its group, has moved as many bytes as it may. */
  | 'quota-exceeded'
  | 'unsupported'
  /** The destination could not be reached. */
  | 'unreachable'
  /** What has to be asked about it is away, and nobody is served meanwhile. */
  | 'unavailable'
  /** Its user was removed or disabled, or has expired, and `--cut-off` is on. */
  | 'cut-off'
  /** Somebody disconnected it. */
  | 'disconnected'
  /** The server stopped. */
  | 'shutdown'
  | 'internal-error';

/** What a client got wrong before it was served, for programs that have words of their own for it. */
export type Diagnosis =
  /** It speaks something else: the first octet that it sent. */
  | { readonly code: 'not-socks'; readonly octet: number }
  /** It does not speak TLS, as this address demands: the first octet that it sent. */
  | { readonly code: 'not-tls'; readonly octet: number }
  /** The methods of authentication that it offers (RFC 1928 section 3), none of which will do. */
  | { readonly code: 'no-common-method'; readonly offered: readonly number[] }
  /** It speaks SOCKS 4, which is switched off. */
  | { readonly code: 'socks4-off' }
  /** It speaks SOCKS 4, which knows no password, where clients have to log in. */
  | { readonly code: 'socks4-login' }
  /** It speaks HTTP, which is switched off. */
  | { readonly code: 'http-off' }
  /** It asks the proxy as if it were a web site, as a browser does that is sent to its address. */
  | { readonly code: 'http-origin' };

/** One client's connection as it is now. Times are ms since 1970; bytes those of its data. */
export interface ConnectionInfo {
  /** Counts up from 1 while the server runs. */
  readonly id: number;
  readonly client: Address;
  /** undefined for an anonymous client, and until it has authenticated. */
  readonly user: string | undefined;
  readonly group: string | undefined;
  /** The protocol that the client speaks: `socks5`, `socks4`, `http`, ... */
  readonly dialect?: string | undefined;
  /** The authentication method that was chosen, such as `userpass`. */
  readonly method: string | undefined;
  readonly command: CommandName | undefined;
  /** DST.ADDR and DST.PORT, as the client named them. */
  readonly destination: Address | undefined;
  /** Bytes from the client to the destination. */
  readonly up: number;
  /** Bytes from the destination to the client. */
  readonly down: number;
  /** UDP datagrams that were not relayed. */
  readonly dropped: number;
  readonly since: number;
  /** Where the load balancer is that told the client's address; left out if none did. */
  readonly balancer?: Address;
  /** The name of the listener that it came by; left out where there is only one. */
  readonly listener?: string;
  /** The way out, such as the name of an upstream; left out for the direct one. */
  readonly via?: string;
}

/** What all events of a connection tell. */
export interface ConnectionEvent {
  readonly id: number;
  /** ms since 1970. */
  readonly time: number;
  /** Where the client is: as a load balancer tells it, if it comes by one. */
  readonly client: Address;
  /** Where the load balancer is that told the client's address; left out if none did. */
  readonly balancer?: Address;
  /** The name of the listener that it came by; left out where there is only one. */
  readonly listener?: string;
}

/** What the events of a listening socket tell. */
export interface ListenerEvent {
  readonly time: number;
  readonly address: Address;
  /** The layer that clients have to speak there, such as `tls`; left out where there is none. */
  readonly scheme?: string;
  /** The listener's name; left out where there is only one, and was before a reload. */
  readonly listener?: string;
}

/**
 * All that happens in a server: what logs, metrics, the tray and the window read.
 *
 * Those of one connection, which have its id, come in this order, with --workers too:
 *
 * - `rejected` alone, if it was turned away before a byte of its client was read; or else
 * - `connection`,
 * - `authenticated`, or `authentication-failed` and nothing more but the last,
 * - `request`,
 * - `established`, and of an association any number of `rejected` with `datagram`; or `rejected`,
 *   which may come at any place before it in their stead,
 * - `closed`, the last one, when all that the connection took of limits is given back.
 *
 * Of a load balancer's own connection that leaves before it asks for anything, nothing is told.
 *
 * An HTTP client that asks for another host, as another user, or once more after a wrong password
 * is another connection from there on, with another id.
 */
export type ServerEvent =
  | ({
      readonly type: 'listening';
      /** The listener that has had this address until now: it was open all the time. */
      readonly before?: string;
    } & ListenerEvent)
  | ({ readonly type: 'stopped' } & ListenerEvent)
  | { readonly type: 'reloaded'; readonly time: number }
  /** Something that somebody should look at; the server goes on. */
  | {
      readonly type: 'warning' | 'error';
      readonly time: number;
      readonly message: string;
      /** The extension that says so. */
      readonly extension?: string;
    }
  /** What an extension has to say. */
  | {
      readonly type: 'info' | 'debug';
      readonly time: number;
      readonly message: string;
      readonly extension: string;
    }
  /** A client connected. */
  | ({ readonly type: 'connection' } & ConnectionEvent)
  /** A client authenticated; without a user if it is anonymous. */
  | ({
      readonly type: 'authenticated';
      readonly method: string;
      readonly user: string | undefined;
      readonly group: string | undefined;
    } & ConnectionEvent)
  | ({
      readonly type: 'authentication-failed';
      readonly method: string;
      readonly user: string | undefined;
      readonly detail: string;
      /** What was wrong with the login, where a machine can tell. */
      readonly code?: LoginFailure;
      /** The user at this address, or all users there, are locked out from now on. */
      readonly lockout?: true;
    } & ConnectionEvent)
  | ({
      readonly type: 'request';
      readonly command: CommandName;
      readonly destination: Address;
    } & ConnectionEvent)
  /** The destination answers; from now on bytes are relayed. */
  | ({
      readonly type: 'established';
      /** The local end of the connection to the remote host, or where an association listens. */
      readonly bound: Address;
      /** undefined for an association, which has no one remote host. */
      readonly remote: Address | undefined;
      /** The way out, such as the name of an upstream; left out for the direct one. */
      readonly via?: string;
    } & ConnectionEvent)
  /** Something was refused: a connection before it was served, or a request. */
  | ({
      readonly type: 'rejected';
      readonly reason: CloseReason;
      readonly detail: string;
      readonly user: string | undefined;
      /** The protocol that the client speaks, if it got so far. */
      readonly dialect?: string | undefined;
      readonly command: CommandName | undefined;
      readonly destination: Address | undefined;
      /** What the client got wrong, where a machine can tell. */
      readonly diagnosis?: Diagnosis;
      /** Only datagrams to this destination were refused: the association goes on. */
      readonly datagram?: true;
    } & ConnectionEvent)
  /** A connection is over. */
  | ({
      readonly type: 'closed';
      readonly reason: CloseReason;
      /** ms from accept to the last byte. */
      readonly duration: number;
    } & ConnectionInfo & { readonly time: number });

/** Reads the events of a server: a log, metrics, a window. */
export interface EventSink {
  readonly id: string;
  /** Whether it wants events of a type: all, if it is left out. */
  wants?(type: ServerEvent['type']): boolean;
  /**
   * Takes an event at once. A sink that throws misses that event, and the others are told; one
   * that throws ten times in a row is removed.
   */
  handle(event: ServerEvent): void;
}

/** A sink that throws so often in a row is removed. */
const MAX_FAILURES = 10;
/** How often it is told that a sink fails, ms. */
const TELL_INTERVAL = 60_000;

interface Failures {
  inARow: number;
  /** When it was told last, in monotonic ms. */
  told: number;
}

/**
 * Hands events to the registered sinks, and to those that listen to this stream alone. Nothing is
 * made of an event while there is none.
 */
export class EventStream {
  readonly #registered: Registry<EventSink>;
  readonly #listeners = new Registry<EventSink>('listener');
  #lastListener = 0;
  /** Of sinks that have ever thrown. */
  readonly #failures = new Map<EventSink, Failures>();

  constructor(sinks: Registry<EventSink>) {
    this.#registered = sinks;
  }

  /** Reads the events of this stream until the result is disposed. */
  listen(handle: (event: ServerEvent) => void): Disposable {
    this.#lastListener++;
    return this.#listeners.register({ id: `listener ${this.#lastListener}`, handle });
  }

  /** Whether anybody wants events of a type: what it costs to make one can be saved otherwise. */
  wanted(type: ServerEvent['type']): boolean {
    return wants(this.#registered, type) || wants(this.#listeners, type);
  }

  emit(event: ServerEvent): void {
    this.#emitTo(event);
  }

  warn(message: string): void {
    this.#emitTo({ type: 'warning', time: Date.now(), message });
  }

  #emitTo(event: ServerEvent, except?: EventSink): void {
    this.#hand(event, this.#registered, except);
    this.#hand(event, this.#listeners, except);
  }

  #hand(event: ServerEvent, sinks: Iterable<EventSink>, except?: EventSink): void {
    for (const sink of sinks) {
      if (sink === except) continue;
      try {
        if (!(sink.wants?.(event.type) ?? true)) continue;
        sink.handle(event);
        if (this.#failures.size > 0) this.#recovered(sink);
      } catch (error) {
        this.#failed(sink, messageOf(error));
      }
    }
  }

  #recovered(sink: EventSink): void {
    const failures = this.#failures.get(sink);
    if (failures !== undefined) failures.inARow = 0;
  }

  #failed(sink: EventSink, trouble: string): void {
    const now = monotonic();
    const failures = this.#failures.get(sink) ?? { inARow: 0, told: Number.NEGATIVE_INFINITY };
    this.#failures.set(sink, failures);
    failures.inARow++;
    let what = 'failed';
    if (failures.inARow === MAX_FAILURES) {
      this.#registered.unregister(sink);
      this.#listeners.unregister(sink);
      this.#failures.delete(sink);
      what = `failed ${MAX_FAILURES} times in a row and was removed`;
    } else if (now - failures.told < TELL_INTERVAL) return;
    failures.told = now;
    const message = `the event sink "${sink.id}" ${what}: ${trouble}`;
    this.#emitTo({ type: 'warning', time: Date.now(), message }, sink);
  }
}

function wants(sinks: Iterable<EventSink>, type: ServerEvent['type']): boolean {
  for (const sink of sinks) {
    try {
      if (sink.wants?.(type) ?? true) return true;
    } catch {
      // emit() asks it again, and tells.
      return true;
    }
  }
  return false;
}
