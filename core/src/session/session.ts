import type { Socket } from 'node:net';
import type { ConnectionCounter } from '../access/limits.js';
import { type AccessPolicy, type CommandName, firstDenial } from '../access/policy.js';
import type { Authentication, AuthenticationMethod, Identity } from '../auth/method.js';
import type { Disposable } from '../disposable.js';
import { messageOf } from '../errors.js';
import type { CloseReason, ConnectionInfo, EventStream, ServerEvent } from '../events.js';
import type { Registry } from '../extensions/registry.js';
import type { Connector } from '../net/connector.js';
import type { Traffic } from '../net/relay.js';
import type { Resolver } from '../net/resolve.js';
import { type Address, AddressTypeError } from '../protocol/address.js';
import { parseIP } from '../protocol/ip.js';
import { ProtocolError } from '../protocol/parser.js';
import {
  Command,
  encodeMethod,
  encodeReply,
  Method,
  parseGreeting,
  parseRequest,
  Reply,
  type Request,
} from '../protocol/socks5.js';
import { ClientLeft, ClientStream } from './clientstream.js';
import type { CommandHandler } from './command.js';
import { connectCommand } from './connect.js';
import { Refusal, unreachable } from './refusal.js';

/** How long each step of a session may take, ms; 0: as long as it likes. */
export interface Timeouts {
  /** From accept to the complete request. */
  readonly handshake: number;
  readonly connect: number;
  /** Without a byte moving either way. */
  readonly idle: number;
}

/** What a session needs of the server: fixed when the client connects. */
export interface SessionHost {
  readonly methods: Iterable<AuthenticationMethod>;
  readonly policies: Iterable<AccessPolicy>;
  readonly connectors: Registry<Connector>;
  readonly authentication: Authentication;
  readonly resolver: Resolver;
  readonly timeouts: Timeouts;
  readonly counter: ConnectionCounter;
  readonly events: EventStream;
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

const handlers: Readonly<Partial<Record<CommandName, CommandHandler>>> = {
  connect: connectCommand,
};

/** One client, from its greeting to the last byte. */
export class Session {
  readonly id: number;
  readonly client: Address;
  readonly since = Date.now();
  readonly #socket: Socket;
  readonly #stream: ClientStream;
  readonly #host: SessionHost;
  readonly #clientIP: Uint8Array;
  readonly #traffic: Traffic = { up: 0, down: 0 };
  readonly #abort = new AbortController();
  #method: string | undefined;
  #identity: Identity | undefined;
  #command: CommandName | undefined;
  #destination: Address | undefined;
  /** Set while bytes are relayed. */
  #idle: { bytes: number; since: number } | undefined;
  #endedBy: CloseReason | undefined;
  #counted: Disposable | undefined;

  constructor(
    id: number,
    socket: Socket,
    client: Address,
    clientIP: Uint8Array,
    host: SessionHost,
  ) {
    this.id = id;
    this.client = client;
    this.#socket = socket;
    this.#clientIP = clientIP;
    this.#host = host;
    this.#stream = new ClientStream(socket);
    socket.on('error', () => {});
    socket.once('close', () => this.#abort.abort());
  }

  /** Serves the client. It never rejects, and when it is done all that it held is released. */
  async run(): Promise<void> {
    const { handshake } = this.#host.timeouts;
    const deadline =
      handshake > 0 ? setTimeout(() => this.end('handshake-timeout'), handshake) : undefined;
    this.#emit('connection', {});
    let reason: CloseReason;
    try {
      await this.#authenticate(await this.#chooseMethod());
      const handle = this.#accept(await this.#readRequest());
      clearTimeout(deadline);
      reason = await handle();
    } catch (error) {
      reason = this.#refuse(error);
    } finally {
      clearTimeout(deadline);
    }
    await this.#close();
    this.#counted?.dispose();
    reason = this.#endedBy ?? reason;
    const duration = Date.now() - this.since;
    this.#emit('closed', { ...this.info(), reason, duration });
  }

  async #chooseMethod(): Promise<AuthenticationMethod> {
    const { methods: offered } = await this.#stream.read(parseGreeting);
    const { methods, authentication } = this.#host;
    let chosen: AuthenticationMethod | undefined;
    for (const method of methods) {
      if (method.strength <= (chosen?.strength ?? -1)) continue;
      if (offered.includes(method.code) && method.available(authentication)) chosen = method;
    }
    this.#stream.write(encodeMethod(chosen?.code ?? Method.noAcceptable));
    if (chosen === undefined) {
      const list = [...offered].map((code) => `0x${code.toString(16).padStart(2, '0')}`).join(' ');
      throw new Rejection('no-acceptable-method', `the client offers ${list || 'none'}`);
    }
    this.#method = chosen.id;
    return chosen;
  }

  async #authenticate(method: AuthenticationMethod): Promise<void> {
    const result = await method.authenticate({
      ...this.#host.authentication,
      client: this.client.host,
      read: (parse) => this.#stream.read(parse),
      write: (bytes) => this.#stream.write(bytes),
    });
    const { user } = result;
    if ('failure' in result) {
      const detail = result.failure;
      this.#emit('authentication-failed', { method: method.id, user, detail });
      throw new Rejection('authentication-failed', detail);
    }
    this.#identity = result;
    this.#emit('authenticated', { method: method.id, user, group: result.group });
  }

  async #readRequest(): Promise<Request> {
    try {
      return await this.#stream.read(parseRequest);
    } catch (error) {
      if (!(error instanceof AddressTypeError)) throw error;
      throw new Refusal(Reply.addressTypeNotSupported, 'unsupported', error.message);
    }
  }

  /** Finds who serves a request, if the client may make requests at all. */
  #accept({ command, destination }: Request): () => Promise<CloseReason> {
    this.#destination = destination;
    const name = commandNames[command];
    this.#command = name;
    const handler = name === undefined ? undefined : handlers[name];
    if (name === undefined || handler === undefined) {
      throw new Refusal(Reply.commandNotSupported, 'unsupported', `command ${name ?? command}`);
    }
    this.#emit('request', { command: name, destination });
    const client = { client: this.#clientIP, ...this.#identified };
    const denial = firstDenial(this.#host.policies, (policy) => policy.admit?.(client));
    if (denial !== undefined) throw new Refusal(Reply.notAllowed, 'not-allowed', denial.by);
    this.#countUser();
    const { connectors, timeouts } = this.#host;
    return () =>
      handler({
        identity: this.#identified,
        command: name,
        destination,
        traffic: this.#traffic,
        connectors,
        connectTimeout: timeouts.connect,
        signal: this.#abort.signal,
        allowedAddresses: () => this.#allowedAddresses(name, destination),
        reply: (reply, bound) => this.#stream.write(encodeReply(reply, bound)),
        established: (bound, remote) => this.#emit('established', { bound, remote }),
        release: () => this.#release(),
      });
  }

  #countUser(): void {
    const { user } = this.#identified;
    if (user === undefined) return;
    const counted = this.#host.counter.addUser(user);
    if (typeof counted === 'string') {
      throw new Refusal(Reply.notAllowed, 'too-many-connections', 'of this user');
    }
    this.#counted = counted;
  }

  async #allowedAddresses(command: CommandName, destination: Address): Promise<readonly string[]> {
    const { resolver, timeouts, policies } = this.#host;
    const found = await resolver.resolve(destination.host, timeouts.connect).catch((error) => {
      throw unreachable(error);
    });
    let denied = 'the name has no address';
    const allowed = found.filter((text) => {
      const address = parseIP(text);
      if (address === undefined) return false;
      const client = { client: this.#clientIP, ...this.#identified };
      const request = { ...client, command, destination, address };
      const denial = firstDenial(policies, (policy) => policy.judge?.(request));
      if (denial !== undefined) denied = denial.by;
      return denial === undefined;
    });
    if (allowed.length === 0) throw new Refusal(Reply.notAllowed, 'not-allowed', denied);
    return allowed;
  }

  #release(): { client: Socket; early: Uint8Array } {
    this.#idle = { bytes: 0, since: Date.now() };
    return { client: this.#socket, early: this.#stream.release() };
  }

  /** Answers what went wrong before bytes were relayed. */
  #refuse(error: unknown): CloseReason {
    if (this.#endedBy !== undefined) return this.#endedBy;
    if (error instanceof ClientLeft || this.#abort.signal.aborted) return 'client-left';
    let reason: CloseReason = 'internal-error';
    if (error instanceof Refusal) {
      reason = error.reason;
      this.#stream.write(encodeReply(error.reply));
    } else if (error instanceof Rejection) {
      reason = error.reason;
    } else if (error instanceof ProtocolError) {
      reason = 'protocol-error';
    }
    if (reason !== 'authentication-failed') {
      const { user } = this.#identified;
      const request = { command: this.#command, destination: this.#destination };
      this.#emit('rejected', { reason, detail: messageOf(error), user, ...request });
    }
    return reason;
  }

  /** Ends the client's connection in peace: what was answered arrives, what still comes is lost. */
  #close(): Promise<void> {
    const socket = this.#socket;
    if (socket.destroyed) return Promise.resolve();
    this.#stream.release();
    return new Promise((resolve) => {
      const timer = setTimeout(() => socket.destroy(), LINGER);
      socket.once('close', () => {
        clearTimeout(timer);
        resolve();
      });
      socket.resume();
      socket.end();
    });
  }

  /** Ends the session now, whatever it is doing. */
  end(reason: CloseReason): void {
    this.#endedBy ??= reason;
    this.#abort.abort();
    this.#socket.destroy();
  }

  /** Ends the session if no byte has moved for too long. @param now ms since 1970. */
  checkIdle(now: number): void {
    const idle = this.#idle;
    const limit = this.#host.timeouts.idle;
    if (idle === undefined || limit === 0) return;
    const bytes = this.#traffic.up + this.#traffic.down;
    if (bytes !== idle.bytes) {
      idle.bytes = bytes;
      idle.since = now;
    } else if (now - idle.since >= limit) {
      this.end('idle-timeout');
    }
  }

  info(): ConnectionInfo {
    return {
      id: this.id,
      client: this.client,
      ...this.#identified,
      method: this.#method,
      command: this.#command,
      destination: this.#destination,
      ...this.#traffic,
      since: this.since,
    };
  }

  get #identified(): Identity {
    return this.#identity ?? { user: undefined, group: undefined };
  }

  #emit<T extends SessionEvent['type']>(type: T, rest: EventRest<T>): void {
    const { events } = this.#host;
    if (!events.active) return;
    const common = { type, id: this.id, time: Date.now(), client: this.client };
    events.emit({ ...rest, ...common } as unknown as ServerEvent);
  }
}

/** A client that is turned away without a reply of RFC 1928. */
class Rejection extends Error {
  readonly reason: CloseReason;

  constructor(reason: CloseReason, detail: string) {
    super(detail);
    this.reason = reason;
  }
}
