import type { AccessCheck } from '../access/accesscheck.js';
import type { Verdict } from '../access/policy.js';
import type { Authentication, AuthenticationMethod } from '../auth/method.js';
import { Cancellation } from '../base/cancellation.js';
import { monotonic } from '../base/clock.js';
import type { Disposable } from '../base/disposable.js';
import { codeOf, messageOf } from '../base/errors.js';
import type { Startup } from '../limits/startups.js';
import type { CloseReason, ConnectionInfo, EventStream } from '../log/events.js';
import type { Resolver } from '../outbound/resolve.js';
import type { Address } from '../protocol/address.js';
import { ProtocolError } from '../protocol/parser.js';
import { type CommandName, Reply, type Request } from '../protocol/socks5.js';
import type { Throttles } from '../relay/pacer.js';
import { type Traffic, tunnel } from '../relay/tunnel.js';
import { linger, untilEnd } from '../transport/linger.js';
import type { Transport } from '../transport/transport.js';
import { type Asker, allowedAddresses, demandName, demandRequest, judge } from './access.js';
import type { CommandContext, CommandSettings } from './commands/command.js';
import { commandName, commands } from './commands/commands.js';
import { ClientLeft, Conversation, unlessLeft } from './conversation.js';
import { type Dialect, recognize } from './dialect.js';
import { keepAliveDelay } from './keepalive.js';
import { ConnectionRecord } from './record.js';
import { AuthenticationRefusal, Refusal, unreachable } from './refusal.js';
import { type Limits, Usage } from './usage.js';

/** What a session needs of its listener: fixed when the client connects. Times are ms. */
export interface SessionSettings extends Limits {
  /** The listener's name. */
  readonly listener: string;
  /** Whether events tell it: where there is more than one. */
  readonly tellsListener: boolean;
  readonly dialects: Iterable<Dialect>;
  readonly methods: Iterable<AuthenticationMethod>;
  readonly authentication: Authentication;
  /** Whether clients may speak SOCKS 4 where anonymous access is allowed. */
  readonly socks4: boolean;
  readonly access: AccessCheck;
  readonly resolver: Resolver;
  /** From accept to the complete request; 0: no limit. */
  readonly handshakeTimeout: number;
  /** Without a byte moving either way; 0: no limit. */
  readonly idleTimeout: number;
  readonly commands: CommandSettings;
  readonly events: EventStream;
  /** Told of the system's errors behind refusals. */
  trouble(error: unknown): void;
}

/**
 * One client, from its greeting to the last byte: the stages of its way, top to bottom. What a
 * stage asks lives in files of its own; what goes wrong in any of them is thrown, and told and
 * answered in one place.
 */
export class Session implements Startup, CommandContext {
  /** Where it is in the table of sessions. */
  place = 0;
  /** Its place among those whose clients have not made their request. */
  startup: Disposable | undefined;
  readonly #transport: Transport;
  readonly #session: SessionSettings;
  /** Its place among all connections. */
  readonly #lease: Disposable;
  readonly #record: ConnectionRecord;
  /** Until the transport is handed over. */
  #conversation: Conversation | undefined;
  readonly #usage: Usage;
  readonly cancellation = new Cancellation();
  #dialect: Dialect | undefined;
  /** The other side of the tunnel, while there is one. */
  #remote: Transport | undefined;
  /** Whether only its last answer is waited for. */
  #closing = false;
  /** Set while bytes are relayed. */
  #idle: { readonly limit: number; bytes: number; since: number } | undefined;
  #endedBy: CloseReason | undefined;
  #deadline: NodeJS.Timeout | undefined;

  /**
   * @param client where it comes from.
   * @param lease its place among all connections, which it gives back.
   */
  constructor(
    id: number,
    transport: Transport,
    client: Address,
    settings: SessionSettings,
    lease: Disposable,
  ) {
    this.#transport = transport;
    this.#session = settings;
    this.#lease = lease;
    this.#record = new ConnectionRecord(id, client, settings.events, toldListener(settings));
    this.#usage = new Usage(settings, this.#record.traffic);
    this.#conversation = new Conversation(transport, () => this.cancellation.cancel());
  }

  /**
   * Serves the client to the end. It never rejects.
   *
   * @param table which it leaves when all is given back, before the last event.
   */
  async run(table: { remove(session: Session): void }): Promise<void> {
    const { handshakeTimeout: limit } = this.#session;
    if (limit > 0) this.#deadline = setTimeout(() => this.end('handshake-timeout'), limit);
    this.#record.arrived();
    let reason: CloseReason;
    try {
      const command = await this.#negotiate();
      this.#inTime();
      reason = await commands[command](this);
    } catch (error) {
      this.#inTime();
      reason = this.#refuse(error);
    }
    this.#closing = true;
    await linger(this.#handOver());
    this.#usage.dispose();
    this.#giveStartup();
    this.#lease.dispose();
    table.remove(this);
    this.#record.closed(this.#endedBy ?? reason);
  }

  /** All that comes before a command is served. @returns the command. */
  async #negotiate(): Promise<CommandName> {
    const conversation = this.#conversation as Conversation;
    const { dialects, methods, authentication, socks4 } = this.#session;
    // Which protocol does it speak?
    const dialect = await recognize(conversation, dialects);
    this.#dialect = dialect;
    // Who is it?
    const identifying = dialect.identify(conversation, {
      client: this.clientHost,
      methods,
      authentication,
      socks4,
      chose: (method) => {
        this.#record.method = method;
      },
    });
    const identity = await unlessLeft(identifying, this.cancellation);
    this.#record.authenticated(identity);
    // What does it ask for?
    const request = await dialect.readRequest(conversation);
    this.#giveStartup();
    // May it?
    const command = this.#take(request);
    const asked = demandRequest(this.#asker, command);
    if (asked !== undefined) await asked;
    const counted = this.#usage.count(identity);
    if (counted instanceof Promise) await counted;
    if (this.#endedBy !== undefined) throw new ClientLeft();
    return command;
  }

  /** Finds the command of a request. */
  #take({ command, destination }: Request): CommandName {
    this.#record.destination = destination;
    const name = commandName(command);
    if (name === undefined) {
      const reply = Reply.commandNotSupported;
      throw new Refusal('unsupported', `command ${command}`, { reply });
    }
    this.#record.requested(name, destination);
    return name;
  }

  /** Tells and answers what went wrong before bytes were relayed. */
  #refuse(error: unknown): CloseReason {
    if (this.#endedBy !== undefined) return this.#endedBy;
    if (error instanceof ClientLeft || this.cancellation.cancelled) return 'client-left';
    const refusal = toRefusal(error, this.#record.destination !== undefined);
    this.#session.trouble(refusal.cause);
    if (refusal.reply !== undefined) this.#answer(refusal.reply);
    const { reason, message } = refusal;
    if (refusal instanceof AuthenticationRefusal) {
      this.#record.authenticationFailed(refusal.method, refusal.user, message);
    } else this.#record.rejected(reason, message, refusal.diagnosis);
    return reason;
  }

  #answer(reply: Reply, bound?: Address): void {
    if (this.#dialect !== undefined) this.#transport.write(this.#dialect.encode(reply, bound));
  }

  /** Ends the conversation: who gets the transport reads what the client sent ahead first. */
  #handOver(): Transport {
    this.#conversation?.release();
    this.#conversation = undefined;
    return this.#transport;
  }

  #inTime(): void {
    clearTimeout(this.#deadline);
    this.#deadline = undefined;
  }

  #giveStartup(): void {
    this.startup?.dispose();
    this.startup = undefined;
  }

  // What commands have of it.

  get settings(): CommandSettings {
    return this.#session.commands;
  }

  get user(): string | undefined {
    return this.#record.identity.user;
  }

  get group(): string | undefined {
    return this.#record.identity.group;
  }

  get client(): Address {
    return this.#record.client;
  }

  get listener(): string {
    return this.#session.listener;
  }

  get clientHost(): string {
    return this.#record.client.host;
  }

  get control(): Address {
    return this.#transport.local;
  }

  get command(): CommandName {
    return this.#record.command as CommandName;
  }

  get destination(): Address {
    return this.#record.destination as Address;
  }

  get traffic(): Traffic {
    return this.#record.traffic;
  }

  get throttles(): Throttles {
    return this.#usage.throttles;
  }

  allowedAddresses(destination = this.destination): Promise<readonly string[]> {
    return allowedAddresses(this.#asker, destination);
  }

  demandName(): Promise<void> {
    return demandName(this.#asker, this.destination);
  }

  judge(address: string): Verdict {
    return judge(this.#asker, this.destination, address);
  }

  refuseDatagram(destination: Address, error: unknown): void {
    if (!(error instanceof Refusal) && codeOf(error) === undefined) {
      this.#session.events.warn(`a datagram was not relayed: ${messageOf(error)}`);
      return;
    }
    const { reason, message } = error instanceof Refusal ? error : unreachable(error);
    this.#record.datagramRejected(reason, message, destination);
  }

  countAssociation(): Promise<Disposable> {
    return this.#usage.countAssociation(this.clientHost);
  }

  whenClientEnded(callback: () => void): void {
    this.#conversation?.whenEnded(callback);
  }

  reply(reply: Reply, bound: Address): void {
    this.#answer(reply, bound);
  }

  relay(remote: Transport, told: Address, bound = told): Promise<CloseReason> {
    this.#remote = remote;
    this.#record.established(bound, remote.remote);
    this.#answer(Reply.succeeded, told);
    this.#watchIdle(this.#session.idleTimeout);
    return tunnel(this.#handOver(), remote, this.traffic, this.throttles);
  }

  async associate(told: Address, bound: Address): Promise<CloseReason> {
    const { udpTimeout } = this.settings;
    this.#record.established(bound, undefined);
    this.#answer(Reply.succeeded, told);
    this.#watchIdle(udpTimeout);
    this.#transport.keepAlive(keepAliveDelay(udpTimeout / 1000));
    await untilEnd(this.#handOver());
    return 'finished';
  }

  // What the server does with it.

  get id(): number {
    return this.#record.id;
  }

  /** The connection as it is now. */
  info(): ConnectionInfo {
    return this.#record.info();
  }

  /** Whether it is the client that keeps the session waiting. */
  get stalled(): boolean {
    return this.#closing || (this.#conversation?.waiting ?? false);
  }

  /** Ends a session whose client has not made its request, for others to have its place at once. */
  giveWay(): void {
    this.#giveStartup();
    this.#lease.dispose();
    if (this.#closing) {
      this.#transport.close();
      return;
    }
    this.#record.rejected('too-many-connections', 'gave way to others before it made a request');
    this.end('too-many-connections');
  }

  /**
   * Ends the session now, whatever it is doing. A stream that is relayed is reset: it must not
   * look as if it were complete.
   */
  end(reason: CloseReason): void {
    this.#endedBy ??= reason;
    this.cancellation.cancel();
    if (this.#remote === undefined) this.#transport.close();
    else this.#transport.abort();
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
    const { up, down, waiting } = this.traffic;
    if (up + down !== idle.bytes) {
      idle.bytes = up + down;
      idle.since = now;
      if (this.#usage.account()) this.end('quota-exceeded');
      return;
    }
    if (waiting > 0) idle.since = now;
    else if (idle.limit > 0 && now - idle.since >= idle.limit) this.end('idle-timeout');
    this.#transport.rest();
    this.#remote?.rest();
  }

  #watchIdle(limit: number): void {
    this.#idle = { limit, bytes: 0, since: monotonic() };
  }

  /** As whom it asks what is allowed. */
  get #asker(): Asker {
    const { access, resolver, listener, commands: settings } = this.#session;
    const { cancellation } = this;
    const timeout = settings.connectTimeout;
    return { access, resolver, timeout, listener, record: this.#record, cancellation };
  }
}

/** The listener's name where events tell it. */
export function toldListener(settings: SessionSettings): string | undefined {
  return settings.tellsListener ? settings.listener : undefined;
}

/** Any error as a refusal. @param asked whether the client waits for the answer to a request. */
function toRefusal(error: unknown, asked: boolean): Refusal {
  if (error instanceof Refusal) return error;
  const detail = messageOf(error);
  if (error instanceof ProtocolError)
    return new Refusal('protocol-error', detail, { cause: error });
  const answer = asked ? { reply: Reply.generalFailure } : {};
  return new Refusal('internal-error', detail, { ...answer, cause: error });
}
