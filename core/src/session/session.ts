import type { Socket } from 'node:net';
import type { AccessCheck } from '../access/accesscheck.js';
import type { Allowances, Share } from '../access/allowance.js';
import { andThen, type Coming } from '../access/counts.js';
import type { ConnectionCounter } from '../access/limits.js';
import type { ClientContext, CommandName, Denial } from '../access/policy.js';
import type { Startup } from '../access/startups.js';
import type { Identity } from '../auth/method.js';
import { Cancellation } from '../cancellation.js';
import { monotonic } from '../clock.js';
import type { Disposable } from '../disposable.js';
import { codeOf, messageOf } from '../errors.js';
import type { CloseReason, ConnectionInfo, EventStream, ServerEvent } from '../events.js';
import { inletOf } from '../net/inlet.js';
import type { Throttles } from '../net/pacer.js';
import type { Traffic } from '../net/relay.js';
import { reset } from '../net/reset.js';
import type { Resolver } from '../net/resolve.js';
import { localAddress, remoteAddress } from '../net/socketaddress.js';
import type { Address } from '../protocol/address.js';
import { networkOf } from '../protocol/ip.js';
import { ProtocolError } from '../protocol/parser.js';
import { Command, encodeReply, Reply, type Request } from '../protocol/socks5.js';
import { associateCommand } from './associate.js';
import { bindCommand } from './bind.js';
import { ClientLeft, ClientStream } from './clientstream.js';
import type { CommandHandler, CommandSettings } from './command.js';
import { connectCommand } from './connect.js';
import { type NegotiationHost, negotiate, Rejection } from './negotiate.js';
import { Refusal, unreachable, unresolved } from './refusal.js';

/** What a session needs of the server: fixed when the client connects. Times are ms. */
export interface SessionHost extends NegotiationHost {
  readonly access: AccessCheck;
  readonly resolver: Resolver;
  /** From accept to the complete request; 0: no limit. */
  readonly handshakeTimeout: number;
  /** Without a byte moving either way; 0: no limit. */
  readonly idleTimeout: number;
  readonly commands: CommandSettings;
  readonly counter: ConnectionCounter;
  readonly allowances: Allowances;
  readonly events: EventStream;
  /** Told of the system's errors behind refusals. */
  trouble(error: unknown): void;
}

type SessionEvent = Extract<ServerEvent, { readonly id: number }>;
type EventRest<T extends SessionEvent['type']> = Omit<
  Extract<SessionEvent, { readonly type: T }>,
  'type' | 'id' | 'time' | 'client'
>;

/** How long a client has to read the last answer before its connection is closed, ms. */
const LINGER = 2000;

const commandNames: Readonly<Record<number, CommandName | undefined>> = {
  [Command.connect]: 'connect',
  [Command.bind]: 'bind',
  [Command.associate]: 'associate',
};

const handlers: Readonly<Record<CommandName, CommandHandler>> = {
  connect: connectCommand,
  bind: bindCommand,
  associate: associateCommand,
};

const unthrottled: Throttles = { up: undefined, down: undefined };
const anonymous: Identity = { user: undefined, group: undefined };

/** One client, from its greeting to the last byte. */
export class Session implements Startup {
  readonly id: number;
  readonly client: Address;
  readonly since = Date.now();
  /** When it began, by the clock that durations are measured with, ms. */
  readonly #began = monotonic();
  /** Where it is in the table of sessions. */
  place = 0;
  /** Its place among those whose clients have not made their request. */
  startup: Disposable | undefined;
  /** Its place among all, where that is known. */
  lease: Disposable | undefined;
  readonly #socket: Socket;
  readonly #stream: ClientStream;
  readonly #host: SessionHost;
  readonly #clientIP: Uint8Array;
  readonly #traffic: Traffic = { up: 0, down: 0, dropped: 0, waiting: 0 };
  readonly #cancellation = new Cancellation();
  /** Settled once this session counts as one more, where that takes a while. */
  readonly #admitted: Promise<unknown> | undefined;
  #encodeReply: (reply: Reply, bound?: Address) => Uint8Array = encodeReply;
  #method: string | undefined;
  #identity = anonymous;
  #command: CommandName | undefined;
  #destination: Address | undefined;
  /** Whether only its last answer is waited for. */
  #closing = false;
  /** Set while bytes are relayed. */
  #idle: { readonly limit: number; bytes: number; since: number } | undefined;
  #endedBy: CloseReason | undefined;
  /** Whether its end was told: nothing is told after that. */
  #over = false;
  #countedUser: Disposable | undefined;
  #share: Share | undefined;
  /** Bytes that the share has accounted for. */
  #accounted = 0;

  constructor(
    id: number,
    socket: Socket,
    client: Address,
    clientIP: Uint8Array,
    host: SessionHost,
    admitted?: Promise<unknown>,
  ) {
    this.id = id;
    this.client = client;
    this.#socket = socket;
    this.#clientIP = clientIP;
    this.#host = host;
    this.#admitted = admitted;
    this.#stream = new ClientStream(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.#cancellation.cancel());
  }

  /**
   * Serves the client. It never rejects.
   *
   * @param release called when all is released, before the last event.
   */
  async run(release: () => void): Promise<void> {
    const { handshakeTimeout: limit } = this.#host;
    const deadline = limit > 0 ? setTimeout(() => this.end('handshake-timeout'), limit) : undefined;
    this.#emit('connection', {});
    let reason: CloseReason;
    try {
      const request = await this.#negotiate();
      this.startup?.dispose();
      const command = this.#accept(request);
      const counted = this.#count();
      if (counted instanceof Promise) await counted;
      clearTimeout(deadline);
      reason = await this.#serve(command, request);
    } catch (error) {
      reason = this.#refuse(error);
    } finally {
      clearTimeout(deadline);
    }
    await this.#close();
    this.#account();
    this.#share?.dispose();
    this.#countedUser?.dispose();
    release();
    this.#over = true;
    this.#tellEnd(this.#endedBy ?? reason);
  }

  #negotiate(): Promise<Request> {
    return negotiate(this.#stream, this.client.host, this.#host, {
      speaks: (encode) => {
        this.#encodeReply = encode;
      },
      chose: (method) => {
        this.#method = method;
      },
      authenticated: (method, identity) => {
        this.#identity = identity;
        this.#emit('authenticated', { method, ...identity });
      },
      failed: (method, user, detail) => {
        this.#emit('authentication-failed', { method, user, detail });
      },
    });
  }

  /** Finds the command of a request, if the client may make it at all. */
  #accept({ command, destination }: Request): CommandName {
    this.#destination = destination;
    const name = commandNames[command];
    if (name === undefined) {
      throw new Refusal(Reply.commandNotSupported, 'unsupported', `command ${command}`);
    }
    this.#command = name;
    this.#emit('request', { command: name, destination });
    const denial = this.#host.access.ofRequest(this.#context, name, destination);
    if (denial !== undefined) throw new Refusal(Reply.notAllowed, 'not-allowed', denial.by);
    return name;
  }

  /** Counts the session as one of all, of its user and of its group, if none has too many. */
  #count(): Coming<void> {
    const { user } = this.#identity;
    const { counter, allowances } = this.#host;
    return andThen(this.#admitted, () => {
      if (this.#endedBy !== undefined) throw new ClientLeft();
      const ofUser = user === undefined ? undefined : counter.addUser(user);
      return andThen(ofUser, (counted) => {
        if (typeof counted === 'string') throw tooMany('connections of this user');
        this.#countedUser = counted;
        return andThen(allowances.share(this.#identity), (share) => {
          if ('by' in share) throw new Refusal(Reply.notAllowed, 'quota-exceeded', share.by);
          this.#share = share;
        });
      });
    });
  }

  #serve(command: CommandName, { destination }: Request): Promise<CloseReason> {
    return handlers[command]({
      settings: this.#host.commands,
      identity: this.#identity,
      clientHost: this.client.host,
      control: () => localAddress(this.#socket),
      command,
      destination,
      traffic: this.#traffic,
      throttles: this.#share?.throttles ?? unthrottled,
      cancellation: this.#cancellation,
      allowedAddresses: (other = destination) => this.#allowedAddresses(command, other),
      judge: (address) => this.#judge(command, destination, address),
      refuseDatagram: (to, error) => this.#refuseDatagram(to, error),
      countAssociation: () => this.#countAssociation(),
      whenClientEnded: (callback) => this.#stream.whenEnded(callback),
      reply: (reply, bound) => this.#stream.write(this.#encodeReply(reply, bound)),
      established: (bound, remote) => this.#established(bound, remote),
      release: (idle = this.#host.idleTimeout) => this.#release(idle),
    });
  }

  #established(bound: Address, socket: Socket | undefined): void {
    if (!this.#host.events.wanted('established')) return;
    this.#emit('established', { bound, remote: socket && remoteAddress(socket) });
  }

  /** Accounts for what was moved since the last time. @returns whether no more may move. */
  #account(): boolean {
    const bytes = this.#traffic.up + this.#traffic.down;
    const fresh = bytes - this.#accounted;
    this.#accounted = bytes;
    return this.#share?.use(fresh) !== undefined;
  }

  async #countAssociation(): Promise<Disposable> {
    const counted = await this.#host.counter.addAssociation(this.client.host);
    if (typeof counted === 'string') throw tooMany('associations of this address');
    return counted;
  }

  async #allowedAddresses(command: CommandName, destination: Address): Promise<readonly string[]> {
    const { access, resolver, commands } = this.#host;
    const request = { ...this.#context, command, destination };
    let found: readonly string[];
    try {
      found = await resolver.resolve(destination.host, {
        timeout: commands.connectTimeout,
        client: networkOf(this.client.host),
        cancellation: this.#cancellation,
      });
    } catch (error) {
      const denial = access.ofName(request);
      if (denial === undefined) throw unresolved(error);
      throw new Refusal(Reply.notAllowed, 'not-allowed', denial.by);
    }
    let denied: Denial = { by: 'the name has no address' };
    const allowed = found.filter((address) => {
      const denial = access.ofAddress(request, address);
      denied = denial ?? denied;
      return denial === undefined;
    });
    if (allowed.length === 0) throw new Refusal(Reply.notAllowed, 'not-allowed', denied.by);
    return allowed;
  }

  #judge(command: CommandName, destination: Address, address: string): Denial | undefined {
    return this.#host.access.ofAddress({ ...this.#context, command, destination }, address);
  }

  /** Tells of a datagram that is not relayed: the association goes on. */
  #refuseDatagram(destination: Address, error: unknown): void {
    if (!(error instanceof Refusal) && codeOf(error) === undefined) {
      this.#host.events.warn(`a datagram was not relayed: ${messageOf(error)}`);
      return;
    }
    const { user } = this.#identity;
    const { reason, message: detail } = error instanceof Refusal ? error : unreachable(error);
    const rest = { reason, detail, user, command: this.#command, destination };
    this.#emit('rejected', { ...rest, datagram: true });
  }

  #release(limit: number): { client: Socket; early: Uint8Array } {
    this.#idle = { limit, bytes: 0, since: monotonic() };
    return { client: this.#socket, early: this.#stream.release() };
  }

  /** Answers what went wrong before bytes were relayed. */
  #refuse(error: unknown): CloseReason {
    if (this.#endedBy !== undefined) return this.#endedBy;
    if (error instanceof ClientLeft || this.#cancellation.cancelled) return 'client-left';
    let reason: CloseReason = 'internal-error';
    if (error instanceof Rejection) reason = error.reason;
    else if (error instanceof ProtocolError) reason = 'protocol-error';
    else if (error instanceof Refusal) {
      reason = error.reason;
      this.#host.trouble(error.cause);
      this.#stream.write(this.#encodeReply(error.reply));
    } else if (this.#destination !== undefined) {
      this.#stream.write(this.#encodeReply(Reply.generalFailure));
    }
    if (reason !== 'authentication-failed') {
      const { user } = this.#identity;
      const request = { command: this.#command, destination: this.#destination };
      this.#emit('rejected', { reason, detail: messageOf(error), user, ...request });
    }
    return reason;
  }

  /** Ends the client's connection in peace: what was answered arrives, what still comes is lost. */
  #close(): Promise<void> {
    const socket = this.#socket;
    if (socket.destroyed) return Promise.resolve();
    this.#closing = true;
    this.#stream.release();
    return new Promise((resolve) => {
      const timer = setTimeout(() => socket.destroy(), LINGER);
      socket.on('close', () => {
        clearTimeout(timer);
        resolve();
      });
      const inlet = inletOf(socket);
      inlet.readTo(() => true);
      inlet.resume();
      socket.end();
    });
  }

  /** Ends a session that should not have begun, unless it is over. */
  turnAway(reason: CloseReason, detail: string): void {
    if (this.#over) return;
    const { user } = this.#identity;
    const request = { command: this.#command, destination: this.#destination };
    this.#emit('rejected', { reason, detail, user, ...request });
    this.end(reason);
  }

  /** Whether it is the client that keeps the session waiting. */
  get stalled(): boolean {
    return this.#stream.waiting || this.#closing;
  }

  /** Ends a session whose client has not made its request, for others to have its place at once. */
  giveWay(): void {
    this.startup?.dispose();
    this.lease?.dispose();
    if (this.#closing) this.#socket.destroy();
    else this.turnAway('too-many-connections', 'gave way to others before it made a request');
  }

  /**
   * Ends the session now, whatever it is doing. A stream that is relayed is reset: it must not
   * look as if it were complete.
   */
  end(reason: CloseReason): void {
    this.#endedBy ??= reason;
    this.#cancellation.cancel();
    if (this.#idle === undefined || this.#command === 'associate') this.#socket.destroy();
    else reset(this.#socket);
  }

  /**
   * Ends the session if nothing has moved for too long, unless it is the server that holds it to
   * its rate, or if its user has moved too much.
   *
   * @param now monotonic ms.
   */
  tick(now: number): void {
    const idle = this.#idle;
    if (idle === undefined) return;
    const bytes = this.#traffic.up + this.#traffic.down;
    if (bytes !== idle.bytes) {
      idle.bytes = bytes;
      idle.since = now;
      if (this.#account()) this.end('quota-exceeded');
    } else if (this.#traffic.waiting > 0) {
      idle.since = now;
    } else if (idle.limit > 0 && now - idle.since >= idle.limit) {
      this.end('idle-timeout');
    }
  }

  // Every connection comes through here, and spreading objects costs more than naming what they have.
  info(): ConnectionInfo {
    const { up, down, dropped } = this.#traffic;
    return {
      id: this.id,
      client: this.client,
      user: this.#identity.user,
      group: this.#identity.group,
      method: this.#method,
      command: this.#command,
      destination: this.#destination,
      up,
      down,
      dropped,
      since: this.since,
    };
  }

  #tellEnd(reason: CloseReason): void {
    const { events } = this.#host;
    if (!events.wanted('closed')) return;
    const { up, down, dropped } = this.#traffic;
    const time = Date.now();
    events.emit({
      type: 'closed',
      id: this.id,
      time,
      client: this.client,
      user: this.#identity.user,
      group: this.#identity.group,
      method: this.#method,
      command: this.#command,
      destination: this.#destination,
      up,
      down,
      dropped,
      since: this.since,
      reason,
      duration: monotonic() - this.#began,
    });
  }

  get #context(): ClientContext {
    return { client: this.#clientIP, user: this.#identity.user, group: this.#identity.group };
  }

  #emit<T extends SessionEvent['type']>(type: T, rest: EventRest<T>): void {
    const { events } = this.#host;
    if (!events.wanted(type)) return;
    const common = { type, id: this.id, time: Date.now(), client: this.client };
    events.emit({ ...common, ...rest } as unknown as ServerEvent);
  }
}

function tooMany(what: string): Refusal {
  return new Refusal(Reply.notAllowed, 'too-many-connections', `too many ${what}`);
}
