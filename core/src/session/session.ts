import type { Verdict } from '../access/policy.js';
import { type Account, whyClosed } from '../auth/account.js';
import type { Authenticated, DatagramEncapsulation, Identity } from '../auth/method.js';
import type { Awaitable } from '../base/awaitable.js';
import { Cancellation } from '../base/cancellation.js';
import { monotonic } from '../base/clock.js';
import type { Disposable } from '../base/disposable.js';
import { codeOf, messageOf } from '../base/errors.js';
import type { Startup } from '../limits/startups.js';
import type { CloseReason, ConnectionInfo } from '../log/events.js';
import type { LocalAddressOf } from '../outbound/from.js';
import type { Address } from '../protocol/address.js';
import { type CommandName, Reply } from '../protocol/socks5.js';
import type { Throttles } from '../relay/pacer.js';
import { type Traffic, tunnel } from '../relay/tunnel.js';
import { untilEnd, untilMore } from '../transport/linger.js';
import { nowhere, type Transport } from '../transport/transport.js';
import { type Asker, allowedAddresses, demandName, demandRequest, judge } from './access.js';
import { ClientSide } from './clientside.js';
import type { CommandContext, CommandSettings } from './commands/command.js';
import { commandName, commands } from './commands/commands.js';
import { ClientLeft, type Conversation, unlessLeft } from './conversation.js';
import { type Dialect, type DialectRequest, type Relaying, recognize } from './dialect.js';
import { forget } from './encapsulation.js';
import { keepAliveDelay } from './keepalive.js';
import type { GoingOn, Known, More } from './known.js';
import type { Layer } from './layer.js';
import { ConnectionRecord } from './record.js';
import { AuthenticationRefusal, notAllowed, Refusal, toRefusal, unreachable } from './refusal.js';
import { type SessionSettings, toldListener } from './settings.js';
import { Usage } from './usage.js';

/** The methods whose users sources have found, or have verified their passwords. */
const BY_SOURCES: ReadonlySet<string> = new Set(['userpass', 'chap', 'basic']);
/** How often a client may fail to log in before its connection is closed. */
const MAX_FAILURES = 4;

/**
 * One client, from its greeting to the last byte: the stages of its way, top to bottom. What a
 * stage asks lives in files of its own; what goes wrong in any of them is thrown, and told and
 * answered in one place.
 */
export class Session implements Startup, CommandContext {
  /** Where it is in the table of sessions. */
  place = 0;
  /** Whether a source of users knows its user. */
  isListed = false;
  /** Whether that source can say who its users are. */
  isTold = false;
  /** Its place among those whose clients have not made their request. */
  startup: Disposable | undefined;
  readonly #client: ClientSide;
  readonly #session: SessionSettings;
  /** What the client has to speak before all else. */
  readonly #layer: Layer | undefined;
  #known: Known | undefined;
  /** Its place among all connections. */
  readonly #lease: Disposable;
  /** How often the client has failed to log in. */
  #failures: number;
  readonly #record: ConnectionRecord;
  readonly #usage: Usage;
  readonly cancellation = new Cancellation();
  #dialect: Dialect | undefined;
  #request: DialectRequest | undefined;
  /** The other side of the tunnel, while there is one. */
  #remote: Transport | undefined;
  /** What moves bytes, where it is no tunnel. */
  #relaying: Relaying | undefined;
  /** Whether the client goes on with something else, of another connection's. */
  #goesOn = false;
  /** Whether only its last answer is waited for. */
  #closing = false;
  /** Set while bytes are relayed. */
  #idle: { readonly limit: number; bytes: number; since: number } | undefined;
  #endedBy: CloseReason | undefined;
  #deadline: NodeJS.Timeout | undefined;

  /**
   * @param client where it comes from.
   * @param lease its place among all connections, which it gives back.
   * @param more what else is known of it.
   */
  constructor(
    id: number,
    transport: Transport,
    client: Address,
    settings: SessionSettings,
    lease: Disposable,
    { failures = 0, known, balancer, isBalancer = false, layer }: More = {},
  ) {
    this.#client = new ClientSide(transport, this.cancellation, layer !== undefined);
    this.#session = settings;
    this.#lease = lease;
    this.#failures = failures;
    this.#known = known;
    this.#layer = layer;
    this.#record = new ConnectionRecord(
      id,
      client,
      settings.events,
      toldListener(settings),
      balancer,
    );
    if (isBalancer) this.#record.holdBack();
    this.#usage = new Usage(settings, this.#record.traffic);
  }

  /**
   * Serves the client to the end. It never rejects.
   *
   * @param table which it leaves when all is given back, before the last event.
   * @returns the client's transport, if it goes on with something else: to be served anew.
   */
  async run(table: { remove(session: Session): void }): Promise<GoingOn | undefined> {
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
    const transport = this.#client.handOver();
    const goesOn = this.#goesOn && (await untilMore(transport, limit));
    if (!goesOn) await this.#client.finish();
    this.#client.dispose();
    this.#usage.dispose();
    this.#giveStartup();
    this.#lease.dispose();
    table.remove(this);
    this.#record.closed(this.#endedBy ?? reason);
    return goesOn ? { transport, failures: this.#failures, known: this.#known } : undefined;
  }

  /** All that comes before a command is served. @returns the command. */
  async #negotiate(): Promise<CommandName> {
    if (this.#layer !== undefined) await this.#unwrap(this.#layer);
    let conversation = this.#client.conversation as Conversation;
    const { dialects, methods, authentication, socks4, http } = this.#session;
    // Which protocol does it speak?
    const dialect = await recognize(conversation, dialects);
    this.#dialect = dialect;
    this.#record.dialect = dialect.id;
    // Who is it?
    if (this.#known !== undefined) this.#record.method = this.#known.method;
    const known = this.#known && (await this.#lookUp(this.#known.identity));
    const identifying = dialect.identify(conversation, {
      client: this.clientHost,
      methods,
      authentication,
      identity: known,
      socks4,
      http,
      chose: (method) => {
        this.#record.method ??= method;
      },
    });
    let answered: Authenticated;
    try {
      answered = await unlessLeft(identifying, this.cancellation);
    } catch (error) {
      forget(identifying);
      throw error;
    }
    const { encapsulation } = answered;
    if (encapsulation !== undefined) {
      conversation = await this.#client.encapsulate(encapsulation);
    }
    const listed = known ?? (this.#checkedBySources() ? answered : this.#lookUp(answered));
    const identity = listed instanceof Promise ? await listed : listed;
    this.#failures = 0;
    this.isTold = this.isListed && identity.unlisted !== true;
    this.#record.authenticated(identity);
    // What does it ask for?
    const request = await dialect.readRequest(conversation);
    this.#request = request;
    this.#giveStartup();
    // May it?
    const command = this.#take(request);
    const closed = whyClosed(identity.account);
    if (closed !== undefined) throw notAllowed(closed);
    const allowed = demandRequest(this.#asker, command);
    if (allowed !== undefined) await allowed;
    const counted = this.#usage.count(identity, this.clientHost);
    if (counted instanceof Promise) await counted;
    if (this.#endedBy !== undefined) throw new ClientLeft();
    return command;
  }

  /** Takes a layer off, which may know who the client is. */
  async #unwrap(layer: Layer): Promise<void> {
    const { identity } = await this.#client.unwrap(layer, this.client);
    if (identity !== undefined) this.#known = { identity, method: layer.id };
  }

  /** Whether the method that was chosen goes by sources of users alone. */
  #checkedBySources(): boolean {
    this.isListed = BY_SOURCES.has(this.#record.method ?? '');
    return this.isListed;
  }

  /** Who a client is that was identified by something else than sources of users: they may know it. */
  #lookUp(identity: Identity): Awaitable<Identity> {
    const { user, group } = identity;
    const { users } = this.#session.authentication;
    if (user === undefined || !users.configured) return identity;
    const merged = (found: Identity | undefined): Identity => {
      if (found === undefined) return identity;
      this.isListed = true;
      return { ...found, group: group ?? found.group };
    };
    const found = users.identify(user);
    if (!(found instanceof Promise)) return merged(found);
    return unlessLeft(found, this.cancellation).then(merged);
  }

  /** Finds the command of a request. */
  #take({ command, destination }: DialectRequest): CommandName {
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
    this.#tell(refusal);
    const { reason, message } = refusal;
    if (refusal instanceof AuthenticationRefusal) {
      this.#failures++;
      this.#goesOn = refusal.goesOn && this.#failures < MAX_FAILURES;
      const { method, user, login } = refusal;
      this.#record.authenticationFailed(method, user, message, login);
    } else this.#record.rejected(reason, message, refusal.diagnosis);
    return reason;
  }

  /** Tells the client why it is not served, as far as its dialect can. */
  #tell(refusal: Refusal): void {
    const dialect = this.#dialect;
    if (dialect?.encodeRefusal === undefined) {
      if (refusal.reply !== undefined) this.#answer(refusal.reply);
      return;
    }
    const answer = dialect.encodeRefusal(refusal, this.#request);
    if (answer !== undefined) this.#client.transport.write(answer);
  }

  #answer(reply: Reply, bound?: Address): void {
    if (this.#dialect !== undefined)
      this.#client.transport.write(this.#dialect.encode(reply, bound));
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

  /** What a source of users says of its user besides the group. */
  get account(): Account | undefined {
    return this.#record.identity.account;
  }

  /** Takes what a source says of its user now. */
  set account(account: Account | undefined) {
    this.#record.identity = { ...this.#record.identity, account };
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

  get from(): LocalAddressOf | undefined {
    return this.settings.from?.of(this.user, this.group, this.#client.transport.local.host);
  }

  get control(): Address {
    return this.#record.balancer === undefined ? this.#client.transport.local : nowhere;
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

  demandName(destination = this.destination): Promise<void> {
    return demandName(this.#asker, destination);
  }

  leavesBy(via: string | undefined): void {
    this.#record.via = via;
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

  get datagrams(): DatagramEncapsulation | undefined {
    return this.#client.datagrams;
  }

  whenClientEnded(callback: () => void): void {
    this.#client.conversation?.whenEnded(callback);
  }

  reply(reply: Reply, bound: Address): void {
    this.#answer(reply, bound);
  }

  relay(remote: Transport, told: Address, bound = told): Promise<CloseReason> {
    const { idleTimeout, handshakeTimeout } = this.#session;
    const { traffic, throttles } = this;
    const request = this.#request;
    this.#request = undefined;
    this.#remote = remote;
    this.#record.established(bound, remote.remote);
    this.#watchIdle(idleTimeout);
    if (request?.relay !== undefined) {
      const options = { traffic, throttles, handshakeTimeout };
      this.#relaying = request.relay(this.#client.handOver(), remote, options);
      return this.#relayed(this.#relaying);
    }
    this.#answer(Reply.succeeded, told);
    return tunnel(this.#client.handOver(), remote, traffic, throttles);
  }

  async #relayed({ end }: Relaying): Promise<CloseReason> {
    const { reason, goesOn } = await end;
    this.#goesOn = goesOn;
    return reason;
  }

  async associate(told: Address, bound: Address): Promise<CloseReason> {
    const { udpTimeout } = this.settings;
    this.#record.established(bound, undefined);
    this.#answer(Reply.succeeded, told);
    this.#watchIdle(udpTimeout);
    this.#client.transport.keepAlive(keepAliveDelay(udpTimeout / 1000));
    await untilEnd(this.#client.handOver());
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
    return this.#closing || this.#client.stalled;
  }

  /** Ends a session whose client has not made its request, for others to have its place at once. */
  giveWay(): void {
    this.#giveStartup();
    this.#lease.dispose();
    if (this.#closing) {
      this.#client.transport.close();
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
    const isWhole = this.#remote === undefined || this.#relaying?.resting === true;
    if (isWhole) this.#client.transport.close();
    else this.#client.transport.abort();
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
    this.#client.transport.rest();
    this.#remote?.rest();
  }

  #watchIdle(limit: number): void {
    this.#idle = { limit, bytes: 0, since: monotonic() };
  }

  /** As whom it asks what is allowed. */
  get #asker(): Asker {
    const { access, resolver, listener, commands: settings } = this.#session;
    const { cancellation } = this;
    const { connectTimeout: timeout, prefer } = settings;
    return { access, resolver, timeout, prefer, listener, record: this.#record, cancellation };
  }
}
