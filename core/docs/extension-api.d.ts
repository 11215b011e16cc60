// The API of PicoSOCKS5's extensions on one page, made of its sources by "npm run api": for
// reading, not for importing. What an extension imports, types and values, is in the package
// "picosocks5". docs/extensions.md says how an extension is written.

import type { Server } from 'node:net';
import type { Duplex } from 'node:stream';

/** What the file has that `main` of an extension's package.json names. */
export interface ExtensionModule {
  /**
   * Called once, when something of the extension is wanted: it registers what it contributes. If it
   * throws, or takes longer than `--activation-timeout`, all that it has registered is taken back.
   */
  activate(context: ExtensionContext): Awaitable<void>;
  /** Called when it is wanted no more, after all of its `subscriptions` are disposed. */
  deactivate?(): Awaitable<void>;
}

/** What an extension has of the server. It cannot be changed, and what it gives are copies. */
export interface ExtensionContext {
  /** Disposed, the last first, when the extension is deactivated. */
  readonly subscriptions: Disposable[];
  readonly registries: ExtensionRegistries;
  readonly configuration: ExtensionConfiguration;
  readonly secrets: ExtensionSecrets;
  readonly log: ExtensionLog;
  readonly server: ExtensionServer;
  readonly commands: ExtensionCommands;
  readonly views: ExtensionViews;
  /** A folder for what it keeps, its own; it is there if the server may make it. */
  readonly storagePath: string;
  /** The folder of the extension. */
  readonly extensionPath: string;
  /** The processes that serve (`--workers`): every one has the extension. */
  readonly workers: ExtensionWorkers;
  /**
   * Starts a thread, or a process, for what is too heavy for the event loop that all connections
   * have in common, or too little trusted for this process.
   *
   * @param file a module of the extension, from its folder, that exports `answer(question)`.
   */
  startHelper(file: string, options?: HelperOptions): Helper;
}

/** Where an extension registers what it contributes: an item of each `id` once. */
export interface ExtensionRegistries {
  /** Formats of `--auth FORMAT:ARGUMENT`. */
  readonly authenticationSources: ExtensionRegistry<AuthenticationSourceFormat>;
  readonly authenticationMethods: ExtensionRegistry<AuthenticationMethod>;
  readonly accessPolicies: ExtensionRegistry<AccessPolicy<IpAddress>>;
  readonly outbounds: ExtensionRegistry<ExtensionOutbound>;
  /** What opens the URLs of `--resolver`. */
  readonly resolvers: ExtensionRegistry<ResolverProvider>;
  /** What clients speak before all else, by the scheme of an address to listen at. */
  readonly layers: ExtensionRegistry<ExtensionLayerFormat>;
  readonly dialects: ExtensionRegistry<Dialect>;
  readonly eventSinks: ExtensionRegistry<EventSink>;
  /** What servers on several machines have in common. */
  readonly sharedStates: ExtensionRegistry<SharedState>;
}

/** Why a client is not served: thrown by any stage, told and answered in one place. */
export declare class Refusal extends Error {
  readonly name: string;
  readonly reason: CloseReason;
  readonly reply: Reply | undefined;
  readonly diagnosis: Diagnosis | undefined;
  /** @param detail in a few words for the log. */
  constructor(reason: CloseReason, detail: string, options?: RefusalOptions);
}

/**
 * An error that a person can mend: its message is one sentence that says what is wrong, where, and
 * what would be right. It is shown without a stack trace.
 */
export declare class UserError extends Error {
  readonly name = "UserError";
  readonly code: UserErrorCode | undefined;
  readonly option: string | undefined;
  readonly subject: string | undefined;
  /** The message without the places that were put before it. */
  readonly problem: string;
  constructor(message: string, facts?: UserErrorFacts, problem?: string);
  /**
   * Puts a place, such as a line of a file, before the message of an error that a person can mend,
   * which keeps what is known of it; any other error is left as it is.
   *
   * @param facts what is known at that place and not of the error.
   */
  static at(place: string, error: unknown, facts?: UserErrorFacts): unknown;
}

/** The peer broke the protocol. */
export declare class ProtocolError extends Error {
  readonly name: string;
}

/** CMD of a request (RFC 1928 section 4). */
export declare const Command: {
  readonly connect: 1;
  readonly bind: 2;
  readonly associate: 3;
};

/** REP of a reply (RFC 1928 section 6). */
export declare const Reply: {
  readonly succeeded: 0;
  readonly generalFailure: 1;
  readonly notAllowed: 2;
  readonly networkUnreachable: 3;
  readonly hostUnreachable: 4;
  readonly connectionRefused: 5;
  readonly ttlExpired: 6;
  readonly commandNotSupported: 7;
  readonly addressTypeNotSupported: 8;
};

export type Reply = (typeof Reply)[keyof typeof Reply];

/**
 * Writes an address as people read it: `host:port`, an IPv6 address in brackets; what has no port, as
 * it is.
 */
export declare function formatAddress({ host, port }: Address): string;

/** A value that is there, or comes: whoever has it at once makes no promise of it. */
export type Awaitable<T> = T | Promise<T>;

/** Something that must be undone: a registration, a listener, a timer. */
export interface Disposable {
  /** Undoes it. Calling it again does nothing. */
  dispose(): void;
}

/** The settings that package.json contributes. */
export interface ExtensionConfiguration {
  /**
   * The value of a setting, or its default; undefined without either.
   *
   * @param key as contributed, such as `ldap.bindDn`.
   * @throws {Error} if there is no such setting, or if it is a secret.
   */
  get<T extends SettingValue = SettingValue>(key: string): T | undefined;
  /**
   * Calls back when settings are changed by a reload. If the listener throws, nothing is reloaded
   * and the settings are as they were. An extension without a listener is activated anew instead.
   */
  onDidChange(listener: (keys: readonly string[]) => Awaitable<void>): Disposable;
}

/** The secrets among the settings: never in a log, an event or an error. */
export interface ExtensionSecrets {
  /**
   * On servers from the environment variable `PICOSOCKS5_SECRET_LDAP_PASSWORD` (for `ldap.password`),
   * the file that the setting `ldap.password-file` names, or systemd's credential `ldap.password`; on
   * the desktop from the keychain.
   *
   * @returns undefined if there is none.
   * @throws {Error} if there is no such secret in package.json.
   */
  get(key: string): Promise<string | undefined>;
}

/**
 * Writes to the server's log: lines carry the extension's name. Too many in a second are left out.
 * What is written is put together as by console.log(); of an error it is the message, and its place.
 */
export interface ExtensionLog {
  debug(message: unknown, ...values: unknown[]): void;
  info(message: unknown, ...values: unknown[]): void;
  warn(message: unknown, ...values: unknown[]): void;
  error(message: unknown, ...values: unknown[]): void;
}

/** The server: with `--workers`, this process's part of it. */
export interface ExtensionServer {
  /** The connections of this moment. */
  connections(): readonly ConnectionInfo[];
  /**
   * How many connections there are at this moment, and what they have moved, together: much cheaper
   * than {@link connections} where there are many.
   *
   * @param by what tells them apart, such as `['group', 'listener']`; all are one if left out.
   */
  sums(by?: readonly SumKey[]): readonly ConnectionSum[];
  /** Whether it is being stopped: it takes no new clients, and those that it has may finish. */
  readonly isStopping: boolean;
  /** Ends a connection. @returns false if there is none of that id. */
  disconnect(id: number): boolean;
  /** Has the configuration read again, as SIGHUP does. */
  reload(): Promise<void>;
  /** Calls back with each event until the result is disposed, or the extension is deactivated. */
  onEvent(listener: (event: ServerEvent) => void): Disposable;
  /**
   * Has a server of `node:net` or `node:http` listen. Its socket is handed on when another process
   * takes this one's place (SIGUSR2, `picosocks5 reload --binary`): there the extension gets it by
   * asking for the same place, so that nobody is refused, and here the server accepts nobody any more.
   * With `server.listen()` the place would still be taken.
   *
   * @param server that does not listen yet. Whoever has made it closes it.
   * @throws the system's error, such as `EADDRINUSE`; {Error} if the place is none.
   */
  listen(server: Server, place: ListenPlace): Promise<void>;
}

/** The commands that package.json contributes: of the palette, the tray, and `picosocks5 run ID`. */
export interface ExtensionCommands {
  /**
   * Says what a command does, until the result is disposed or the extension is deactivated.
   *
   * @param run gets the words behind the command's id; what it returns is shown.
   * @throws {UserError} if package.json does not contribute it, or if it is registered already.
   */
  register(id: string, run: (...args: string[]) => unknown): Disposable;
}

/** The views that package.json contributes: the desktop app draws them of data. */
export interface ExtensionViews {
  /**
   * Says what a view shows, until the result is disposed or the extension is deactivated.
   *
   * @throws {UserError} if package.json does not contribute it, or if it is registered already.
   */
  register(id: string, provider: ViewProvider): ViewHandle;
}

/** The processes that serve, and a way from the extension in one of them to itself in the others. */
export interface ExtensionWorkers {
  /** Which one this is, from 1 on. */
  readonly number: number;
  readonly count: number;
  /**
   * Sends a message, in the order of those before it. It comes at most once, and not at all where
   * the extension does not listen, such as in a process that is just being started in the place of
   * another: who needs an answer asks again.
   *
   * @param message what JSON can say, of at most 256 Ki characters in JSON.
   * @param to the number of the process that it is for; all others if it is left out.
   * @returns false if it was left out, since this extension here has sent too much: 1 Mi characters
   *   a second, of which a second's worth can be saved up.
   * @throws {TypeError} if JSON cannot say it.
   * @throws {RangeError} if it is too long, or there is no such process.
   */
  send(message: unknown, to?: number): boolean;
  /**
   * Calls back with what the extension sends from other processes, until the result is disposed or
   * the extension is deactivated. One that throws is told of, and hears the next.
   *
   * @param listener gets a copy that it cannot change, and the number of the process it is from.
   */
  onMessage(listener: (message: unknown, from: number) => void): Disposable;
}

/** How a helper is started. */
export interface HelperOptions {
  /** A process of its own costs more than a thread, and its end is not the server's. */
  readonly kind?: 'thread' | 'process';
  /** How long it has for an answer, ms: then it is ended, and started anew when it is needed. */
  readonly timeout?: number;
}

/** A thread or process that answers questions, one after the other. */
export interface Helper extends Disposable {
  /**
   * @param question what structuredClone() can copy, as is the answer.
   * @throws what `answer()` throws; an error if it is too late, or the helper has ended.
   */
  ask(question: unknown): Promise<unknown>;
}

/** Takes items of one kind. */
export interface ExtensionRegistry<T> {
  /**
   * Adds an item until the result is disposed, or the extension is deactivated. Its `id` has to be
   * one of those that package.json contributes to this registry.
   *
   * @throws {UserError} if it is not, or if there is an item of that id.
   */
  register(item: T): Disposable;
}

/** Opens sources of one format: what stands before the colon of `--auth FORMAT:FILE`. */
export interface AuthenticationSourceFormat {
  readonly id: string;
  /**
   * @param warn told what deserves a warning, in one sentence.
   * @throws {UserError} naming file and line, if it cannot be used.
   */
  open(file: string, warn: (message: string) => void): Awaitable<AuthenticationSource>;
}

/** A way to authenticate (RFC 1928 section 3). */
export interface AuthenticationMethod {
  readonly id: string;
  /** METHOD, 0 to 254. */
  readonly code: number;
  /** Of the methods that a client offers, the strongest available one is chosen. */
  readonly strength: number;
  /** Whether a client could authenticate this way. */
  available(authentication: Authentication): boolean;
  /** The answer to a message that is none of the method's; left out where it has no answer. */
  readonly refusal?: Uint8Array;
  /**
   * Holds the method's subnegotiation, its last answer included.
   *
   * @throws {ProtocolError} if the client sends what is no message: {@link refusal} answers it.
   */
  authenticate(exchange: Exchange): Promise<Authenticated | AuthenticationFailure>;
}

/**
 * Decides who may do what; its questions have the names of the stages of a connection. Every policy
 * is asked, and one denial is enough. What can be answered at once costs no promise; an answer
 * that comes too late is a denial, and so is an error.
 */
export interface AccessPolicy<IP extends Uint8Array = Uint8Array> {
  readonly id: string;
  /** How long it has for an answer, ms; 5 s if left out. */
  readonly answerTime?: number;
  /**
   * Asked when a client connects.
   *
   * @param client its IP address, 4 or 16 octets.
   * @param listener the name of the listener that it comes by.
   */
  onConnect?(client: IP, listener: string): Verdict;
  /** Asked about a client that has authenticated, when it makes its request. */
  onAuthenticated?(client: ClientContext<IP>): Verdict;
  /** Asked about a request before it is known which addresses it leads to. */
  onRequest?(client: ClientContext<IP>, command: CommandName): Verdict;
  /**
   * Asked about every address of a request, every peer of BIND and destination of a datagram; about
   * the name alone where that is all that is known.
   */
  onAddress?(request: AccessRequest<IP>): Verdict;
  /** Says in a few words why it allows a request, for `picosocks5 check`. */
  explain?(request: AccessRequest<IP>): Awaitable<string | undefined>;
}

/** An IP address as an extension is given it: 4 or 16 octets, and as text. */
export interface IpAddress extends Uint8Array {
  /** As text, such as `192.0.2.1` or `2001:db8::1`; never IPv4-mapped. */
  readonly host: string;
}

/** A way out of an extension: how connections to destinations are made. */
export interface ExtensionOutbound {
  readonly id: string;
  /** Schemes of URLs of `--via` that it connects through, as package.json contributes them. */
  readonly schemes?: readonly string[];
  /**
   * Whether names are resolved by it or behind it. Then nothing is resolved here, and rules judge
   * a name as it is; else each address that may be dialled is judged.
   */
  readonly resolves: boolean;
  /**
   * Whether it stands before all other ways, whatever rules say: it makes each connection that it
   * serves by `request.onward()`, and can do something to it, or refuse it. Datagrams and BIND go
   * without it.
   */
  readonly before?: boolean;
  /** Whether it makes a connection; every one if it is left out and there are no schemes. */
  serves?(request: OutboundRequest): boolean;
  /**
   * @param signal aborted when nobody waits any more: the client has left, or the time is up.
   * @returns a connection: a stream that allows half-open, or a transport, paused.
   * @throws an error whose `code` is the system's (`ECONNREFUSED`, ...): the reply depends on it. Of
   *   an upstream its `fault` may say more: `unusable` if nobody can be served through it, which is
   *   told once, and others are tried before it for a while; `failed` if it has no proper answer, so
   *   that another way may do; `refused` if it has answered that it will not: nothing else is tried.
   */
  connect(request: ExtensionConnectRequest, signal: AbortSignal): Awaitable<Transport | Duplex>;
  /**
   * Opens a way for the datagrams of a client (UDP ASSOCIATE), to whatever destinations its rules and
   * the server's let them go this way. Without it, one that does not resolve leaves them to this
   * server; one that does cannot carry them.
   *
   * @throws as {@link connect}.
   */
  datagrams?(request: ExtensionDatagramsRequest, signal: AbortSignal): Awaitable<Datagrams>;
}

/** A kind of resolvers: what opens the URLs of `--resolver`. */
export interface ResolverProvider {
  readonly id: string;
  /** Schemes of URLs that it opens, such as `tls`; a word of its own, such as `system`, is one. */
  readonly schemes: readonly string[];
  /**
   * Nothing is asked yet.
   *
   * @throws {UserError} if the URL is none that it can open.
   */
  open(url: string, tools: ResolverTools): NameResolver;
}

/**
 * Opens layers of an extension, for listen addresses whose scheme is its `id`. One that has nothing
 * to open may be the layer itself: what has no `open` and has `wrap` is.
 */
export interface ExtensionLayerFormat extends Partial<ExtensionLayer> {
  readonly id: string;
  /**
   * @param options of the listener, those that are simple: texts, numbers, yes or no.
   * @param warn told what deserves a warning, in one sentence.
   */
  open?(options: LayerOptions, warn: (message: string) => void): Awaitable<ExtensionLayer>;
}

/**
 * A protocol that clients speak: how they log in and ask, and how they are answered. The first one
 * registered that recognizes a client serves it.
 */
export interface Dialect {
  readonly id: string;
  /**
   * Whether a client that begins like this speaks it.
   *
   * @returns undefined if that takes more octets.
   */
  recognizes(octets: Uint8Array): boolean | undefined;
  /**
   * Finds out who the client is.
   *
   * @returns also what its method puts all that follows into: the request is read from inside.
   * @throws {Refusal} if that fails.
   */
  identify(dialogue: Dialogue, by: Identification): Promise<Authenticated>;
  /**
   * Reads what the client asks for: CMD as in RFC 1928, and where it wants to go.
   *
   * @throws {Refusal} if it cannot be served.
   */
  readRequest(dialogue: Dialogue): Promise<DialectRequest>;
  /** Writes an answer. @param bound BND.ADDR and BND.PORT, where there are such. */
  encode(reply: Reply, bound?: Address): Uint8Array;
  /**
   * Writes what a client that is not served is told, if it is told anything. If it is left out, the
   * reply of the refusal, where it has one, is written by {@link encode}.
   *
   * @param request what {@link readRequest} has read, if it got so far.
   */
  encodeRefusal?(refusal: Refusal, request?: DialectRequest): Uint8Array | undefined;
}

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

/**
 * What servers have in common that serve the same clients on several machines, such as behind a
 * load balancer, kept elsewhere: how many connections there are, who has failed to log in, what was
 * used. Each process that serves is a replica of its own.
 */
export interface SharedState {
  readonly id: string;
  /**
   * What becomes of new connections while it is away: with `local`, as if left out, limits are each
   * server's own meanwhile; with `refuse` none is served.
   */
  readonly whenAway?: 'local' | 'refuse';
  /** After so long without an exchange what a replica had is given back, from 1000 on, ms. */
  readonly lease: number;
  /** How long an exchange may take until the state counts as away, 50 to 4000, ms. */
  readonly timeout: number;
  /**
   * Opens a way there, without waiting for it: an exchange fails while there is none.
   *
   * @param wake to be called when another replica has changed something that cannot wait; it need
   *   not ever be: each replica looks by itself at least once a second.
   */
  join(wake: () => void): Awaitable<SharedLink>;
}

/** Why a connection ended, or was never served. */
export type CloseReason = 
/** Both sides finished. */
'finished' | 'client-reset' | 'remote-reset'
/** The client left before it was served. */
 | 'client-left'
/** No bytes moved for as long as `timeout` allows. */
 | 'idle-timeout'
/** The client took too long to say what it wants. */
 | 'handshake-timeout' | 'protocol-error' | 'no-acceptable-method' | 'authentication-failed'
/** There is no TLS with the client, where there has to be. */
 | 'tls-failed' | 'not-allowed' | 'too-many-connections'
/** The user, or its group, has moved as many bytes as it may. */
 | 'quota-exceeded' | 'unsupported'
/** The destination could not be reached. */
 | 'unreachable'
/** What has to be asked about it is away, and nobody is served meanwhile. */
 | 'unavailable'
/** Its user was removed or disabled, or has expired, and `--cut-off` is on. */
 | 'cut-off'
/** Somebody disconnected it. */
 | 'disconnected'
/** The server stopped. */
 | 'shutdown' | 'internal-error';

/** What a client got wrong before it was served, for programs that have words of their own for it. */
export type Diagnosis = 
/** It speaks something else: the first octet that it sent. */
{
  readonly code: 'not-socks';
  readonly octet: number;
}
/** It does not speak TLS, as this address demands: the first octet that it sent. */
 | {
  readonly code: 'not-tls';
  readonly octet: number;
}
/** The methods of authentication that it offers (RFC 1928 section 3), none of which will do. */
 | {
  readonly code: 'no-common-method';
  readonly offered: readonly number[];
}
/** It speaks SOCKS 4, which is switched off. */
 | {
  readonly code: 'socks4-off';
}
/** It speaks SOCKS 4, which knows no password, where clients have to log in. */
 | {
  readonly code: 'socks4-login';
}
/** It speaks HTTP, which is switched off. */
 | {
  readonly code: 'http-off';
}
/** It asks the proxy as if it were a web site, as a browser does that is sent to its address. */
 | {
  readonly code: 'http-origin';
};

export interface RefusalOptions {
  /** How the client is answered; nothing is said if it is left out. */
  readonly reply?: Reply;
  /** The error behind it. */
  readonly cause?: unknown;
  /** What the client got wrong, where a machine can tell. */
  readonly diagnosis?: Diagnosis;
}

/** What kind of mistake it is that a person can mend, for programs that have their own sentences. */
export type UserErrorCode = 
/** Everybody who can reach the subject, an address, could use the proxy. */
'open-proxy'
/** Another program listens at the subject, an address. */
 | 'address-in-use'
/** This machine does not have the subject, an address, at present. */
 | 'address-missing'
/** The system keeps the port of the subject, an address, for root or for itself. */
 | 'port-denied'
/** The subject, a name, cannot be resolved at present. */
 | 'unresolved'
/** The subject, the name of an extension, is wanted, and disabled. */
 | 'extension-disabled'
/** The value of an option cannot be used. */
 | 'invalid-option';

/** What a program can know of a {@link UserError}. */
export interface UserErrorFacts {
  readonly code?: UserErrorCode | undefined;
  /** The key of the option that is wrong. */
  readonly option?: string | undefined;
  /** The address, as `ADDRESS:PORT`, or the name that it is about. */
  readonly subject?: string | undefined;
  readonly cause?: unknown;
}

/** An IP address or domain name, and a port: DST.ADDR and DST.PORT, or BND.ADDR and BND.PORT. */
export interface Address {
  /** An IP address as text (never IPv4-mapped), or a domain name in ASCII. */
  readonly host: string;
  /** 0 to 65535. */
  readonly port: number;
}

/** The value of a setting of an extension. */
export type SettingValue = boolean | number | string | readonly string[];

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

/** What connections can be told apart by; of destinations, their hosts. */
export type SumKey = 'listener' | 'dialect' | 'method' | 'command' | 'user' | 'group' | 'via' | 'destination';

/** Connections that have something in common, as they are now. */
export interface ConnectionSum {
  /** What they have in common, as {@link ConnectionInfo} has it: what is left out there is not here. */
  readonly of: Readonly<Partial<Record<SumKey, string>>>;
  readonly connections: number;
  /** Bytes from clients to destinations, and back. */
  readonly up: number;
  readonly down: number;
  /** UDP datagrams that were not relayed. */
  readonly dropped: number;
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
export type ServerEvent = ({
  readonly type: 'listening';
  /** The listener that has had this address until now: it was open all the time. */
  readonly before?: string;
} & ListenerEvent) | ({
  readonly type: 'stopped';
} & ListenerEvent) | {
  readonly type: 'reloaded';
  readonly time: number;
}
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
 | ({
  readonly type: 'connection';
} & ConnectionEvent)
/** A client authenticated; without a user if it is anonymous. */
 | ({
  readonly type: 'authenticated';
  readonly method: string;
  readonly user: string | undefined;
  readonly group: string | undefined;
} & ConnectionEvent) | ({
  readonly type: 'authentication-failed';
  readonly method: string;
  readonly user: string | undefined;
  readonly detail: string;
  /** What was wrong with the login, where a machine can tell. */
  readonly code?: LoginFailure;
  /** The user at this address, or all users there, are locked out from now on. */
  readonly lockout?: true;
} & ConnectionEvent) | ({
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
} & ConnectionInfo & {
  readonly time: number;
});

/** Where an extension's own server listens. */
export type ListenPlace = 
/** An IP address or a name of this host, and a port; 0 is the system's choice. */
{
  readonly host: string;
  readonly port: number;
}
/** A UNIX socket: a whole path, and who may open it, as of chmod(2); its owner alone if left out. */
 | {
  readonly path: string;
  readonly mode?: number;
};

/** What says what a view shows. */
export interface ViewProvider {
  /** Asked when somebody looks at the view, and then after each `changed()`. */
  content(): Awaitable<ViewContent>;
  /**
   * Of a form: takes what was filled in, which is what `content()` says it may be.
   *
   * @returns what is shown to who has filled it in, if it is a text.
   * @throws what is shown instead.
   */
  submit?(values: FormValues): unknown;
}

/** A view that is registered. */
export interface ViewHandle extends Disposable {
  /** Has `content()` asked again, if somebody looks: ten times a second at most. */
  changed(): void;
}

/**
 * Knows users and how their logins are checked: a password file, a keychain, a directory, ...
 *
 * Answers come at once or as promises. A source that throws, or has not answered in time,
 * denies the login that it was asked for: no other source is asked in its place.
 */
export interface AuthenticationSource extends Partial<Disposable> {
  /** For messages, such as the file's name; never a secret. */
  readonly name: string;
  /**
   * What it has, asked anew at each login: `plain` and `crypt` if {@link find} gives such secrets;
   * `password` if {@link verify} takes passwords itself, which are then compared nowhere else.
   * Methods that need the password, such as CHAP, are offered where a source has `plain`.
   */
  readonly kinds: ReadonlySet<SourceKind>;
  /** How long it has for an answer, ms; 10 s if left out. */
  readonly answerTime?: number;
  /** A user's secrets in order of preference; none if the user is not known here. */
  find?(user: string): Awaitable<readonly Secret[]>;
  /**
   * Whether a password is the user's.
   *
   * @param password octets, at least one: an empty password is never asked for, since directories
   *   take it for an anonymous login (RFC 4513 section 5.1.2). They are wiped after the answer.
   * @returns who it is, perhaps by another spelling of the name; undefined if there is no such user
   *   or the password is wrong.
   */
  verify?(user: string, password: Uint8Array, verification: Verification): Awaitable<Identity | undefined>;
  /**
   * Who a user is, without a password; undefined if the user is not known here. What finds secrets
   * need not have it. A source that verifies and has it decides about the users that it knows;
   * without it, whoever it does not take is looked for in the sources after it.
   */
  identify?(user: string): Awaitable<Identity | undefined>;
  /** The server's own secret as octets, for clients that ask the server to authenticate itself. */
  serverSecret?(): Uint8Array | undefined;
  /**
   * Whether a user of it may have a quota, for which a quota file is demanded; left out: it cannot
   * say, and a quota without a file counts from the server's start.
   */
  readonly quotas?: boolean;
  /**
   * Calls back when users may be others, or other than before, without the source being opened anew,
   * until the result is disposed: wrong passwords are forgotten then, and where `--cut-off` says so,
   * the users who are connected are looked at again.
   */
  onDidChange?(listener: () => void): Disposable;
  /** The groups of its users; left out where it cannot say: then none is taken for a mistake. */
  readonly groups?: ReadonlySet<string> | undefined;
  /**
   * Secrets that cost as much to check as those that it finds, in the same proportions: against one
   * of them the logins of unknown users are checked, to take as long. Left out, it is the first
   * hash that it was seen to find.
   */
  readonly decoys?: readonly Secret[];
}

/** What a server authenticates by. */
export interface Authentication {
  /** Whether clients may come without authenticating. */
  readonly anonymous: boolean;
  readonly users: KnownUsers;
  readonly passwords: CredentialChecker;
}

/** The conversation with a client while it authenticates. */
export interface Exchange extends Authentication {
  /** The client's IP address. */
  readonly client: string;
  /** Waits for a message. */
  read<T>(parse: Parser<T>): Promise<T>;
  write(bytes: Uint8Array): void;
}

/** Whom a method has let in. */
export interface Authenticated extends Identity {
  /** What all that follows is put into; left out where it goes as it is. */
  readonly encapsulation?: Encapsulation | undefined;
}

/** Why a client did not authenticate. */
export interface AuthenticationFailure {
  /** The name it gave, if it gave one. */
  readonly user: string | undefined;
  /** In a few words for the log; never a secret. */
  readonly failure: string;
  /** What it was, where a machine can tell. */
  readonly code?: LoginFailure;
  /** It was one wrong password too many: the user, or all at the address, are locked out by it. */
  readonly lockout?: true;
}

/** A policy's answer: undefined does not mind. */
export type Verdict = Awaitable<Denial | undefined>;

/** A client that has authenticated, as access policies see it. */
export interface ClientContext<IP extends Uint8Array = Uint8Array> {
  /** The client's IP address, 4 or 16 octets. */
  readonly client: IP;
  /** The name of the listener that it came by. */
  readonly listener: string;
  /** undefined for an anonymous client. */
  readonly user: string | undefined;
  readonly group: string | undefined;
}

/** The commands by their names. */
export type CommandName = keyof typeof Command;

/** Where a client wants to go: one question for each address that could be dialled. */
export interface AccessRequest<IP extends Uint8Array = Uint8Array> extends ClientContext<IP> {
  readonly command: CommandName;
  /** The destination as the client named it. */
  readonly destination: Address;
  /**
   * The IP address that would be dialled or listened to, 4 or 16 octets. undefined: only the name
   * is known, since it has no address, or since another proxy is to resolve it.
   */
  readonly address: IP | undefined;
}

/** A connection that a client asks for: what the way out is chosen by. */
export interface OutboundRequest {
  /** DST.ADDR and DST.PORT as the client named them. */
  readonly destination: Address;
  readonly command: CommandName;
  /** Where the client comes from. */
  readonly client: Address;
  /** The name of the listener that it came by. */
  readonly listener: string;
  /** undefined for an anonymous client. */
  readonly user: string | undefined;
  readonly group: string | undefined;
  /** Chooses the local address that its connections leave by; the routes do, if it is left out. */
  readonly from?: LocalAddressOf | undefined;
}

/** What an extension's way out is asked. */
export interface ExtensionConnectRequest extends ConnectRequest {
  /** The server to go through, where it was chosen by the scheme of its URL. */
  readonly upstream?: ExtensionUpstream;
}

/**
 * A two-way stream of bytes that each side can finish by itself: a TCP connection, or a layer over
 * one. It is the only stream that sessions and relays know. It is paused at first.
 */
export interface Transport {
  /** The local end; 0.0.0.0:0 once it is gone. */
  readonly local: Address;
  /** The far end, as it was when the transport was made. */
  readonly remote: Address;
  /** Whether the peer has sent its last byte. */
  readonly ended: boolean;
  readonly closed: boolean;
  /** Bytes that were written and are not on their way yet. */
  readonly unwritten: number;
  /**
   * Hands the transport over, in one call: who had it before is told nothing more. What has been
   * put back, that the peer has ended and that the transport is closed reach the new reader, too.
   * Reading goes on with `resume()`, or by itself if it was not paused.
   */
  readTo(reader: TransportReader): void;
  /** Reads no more until `resume()`. */
  pause(): void;
  resume(): void;
  /** Puts bytes back that were read too far: the next thing that is read, before all others. */
  putBack(bytes: Uint8Array): void;
  /**
   * Writes bytes, which must not change while they are unwritten. After `end()` they are lost.
   *
   * @returns whether all that was written so far is on its way; else `onDrain()` tells when.
   */
  write(bytes: Uint8Array): boolean;
  /** Finishes writing, once all that was written is on its way. Reading goes on. */
  end(): void;
  /** Closes at once, in peace: what is unwritten is lost, and the peer sees an end. */
  close(): void;
  /** Closes at once with a reset, where there is such a thing: the peer sees a failure. */
  abort(): void;
  /** Has the system ask whether the peer is still there, when nothing came for a while, s. */
  keepAlive(delay: number): void;
  /**
   * To be called now and then while nothing moves: gives back what a connection at rest does not
   * need, and has the system ask from then on whether the peer is still there.
   */
  rest(): void;
}

/** What an extension's way out is asked for a client's datagrams. */
export interface ExtensionDatagramsRequest extends AllowedRequest {
  /** As {@link ExtensionConnectRequest} has it. */
  readonly upstream?: ExtensionUpstream;
}

/** A way for datagrams to any destination, as an association of SOCKS 5 is one. */
export interface Datagrams {
  /** Whether it is over: nothing can be sent by it any more. */
  readonly closed: boolean;
  /** Takes the answers, from now on. */
  start(receive: (sender: Address, data: Uint8Array) => void): void;
  /** @returns false if it cannot be sent now. */
  send(destination: Address, data: Uint8Array): boolean;
  close(): void;
}

/** What a resolver is opened with. */
export interface ResolverTools {
  /** The addresses of a host as the system knows them: of the resolver's own server. */
  resolve(host: string): Promise<readonly string[]>;
  /** The system's way of looking names up. */
  lookup(question: NameQuestion): Promise<readonly string[]>;
}

/** Looks names up in one place. */
export interface NameResolver {
  /**
   * @returns what is known of a name; without addresses if it is known that there are none.
   * @throws if that is not known now: then the next resolver is asked. Its message says why.
   */
  lookup(question: NameQuestion): Promise<NameAnswer>;
  /** Lets go of connections. What is asked then is asked in vain. */
  dispose?(): void;
}

/** A layer of an extension. */
export interface ExtensionLayer {
  /** Whether it lets nobody in whom it cannot identify, as package.json has to say as well. */
  readonly identifies?: boolean;
  /**
   * Takes the layer off what a client sends, and puts it on what the client is sent.
   *
   * @param signal aborted when the client has left, or has had its `--handshake-timeout`.
   * @throws {ProtocolError} for what the client does wrong, {@link Refusal} for a reason of its own.
   */
  wrap(arriving: ExtensionArriving, signal: AbortSignal): Awaitable<ExtensionLayered>;
  /** What deserves a warning at the moment, a sentence each: asked when it is opened, and daily. */
  warnings?(): readonly string[];
}

/** What a layer may know of the options of its listener, by their keys. */
export type LayerOptions = Readonly<Record<string, unknown>>;

/** A client's messages, one after the other, and the answers to them. */
export interface Dialogue {
  /**
   * Waits for a message.
   *
   * @throws {ProtocolError} if what comes is none; an error if the client leaves.
   */
  read<T>(parse: Parser<T>): Promise<T>;
  /** Waits for a message as {@link read} does, and leaves it to be read again. */
  peek<T>(parse: Parser<T>): Promise<T>;
  write(bytes: Uint8Array): void;
}

/** By what a dialect finds out who a client is. */
export interface Identification {
  /** The client's IP address. */
  readonly client: string;
  readonly methods: Iterable<AuthenticationMethod>;
  readonly authentication: Authentication;
  /** Who it is, where that is known: then nobody is asked to log in, and what is said counts not. */
  readonly identity?: Identity | undefined;
  /** Whether SOCKS 4, which has no passwords, is served at all. */
  readonly socks4: boolean;
  /** Whether HTTP is. */
  readonly http: boolean;
  /** Told the method once it is chosen: `userpass`, ...; what a dialect has instead by its own id. */
  chose(method: string): void;
}

/** What a client asks for. */
export interface DialectRequest extends Request {
  /**
   * Moves bytes between client and remote host, in place of an answer of success and a tunnel; both
   * transports are its own from then on.
   */
  relay?(client: Transport, remote: Transport, options: RelayOptions): Relaying;
}

/** A replica's way to the shared state. */
export interface SharedLink {
  /**
   * Does all of an exchange at once, or nothing of it. There may be several at a time, which have to
   * be done in their order.
   *
   * @param signal aborted when it takes too long: it must not be sent any more then.
   * @throws why it could not be done; whether it was done may not be known.
   */
  exchange(exchange: StateExchange, signal: AbortSignal): Promise<StateAnswer>;
  dispose(): Awaitable<void>;
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

/**
 * What is wrong with a login: its password is not the user's; the same one again; too many were
 * wrong before it; the user is disabled or expired; too many are checked at the moment; who knows
 * the user has failed.
 */
export type LoginFailure = 'wrong' | 'repeated' | 'locked' | 'closed' | 'busy' | 'source-failed';

/** What a view shows: of the kind that package.json says. */
export type ViewContent = TableContent | FormContent | TextContent | StatusContent;

/** What was filled in, by the ids of the fields. */
export type FormValues = Readonly<Record<string, CellValue>>;

/** By what a source has logins checked: secrets that it finds, or passwords that it verifies. */
export type SourceKind = Secret['kind'] | 'password';

/** What proves who a user is. */
export type Secret = ({
  /** The password itself, as octets: for methods that need it, such as CHAP. */
  readonly kind: 'plain';
  readonly password: Uint8Array;
} | {
  /** A crypt(3) hash of the password. */
  readonly kind: 'crypt';
  readonly hash: string;
}) & {
  readonly group: string | undefined;
  /** What else is said of the user, in each of the user's secrets alike. */
  readonly account?: Account | undefined;
};

/** What a source that verifies passwords is told besides user and password. */
export interface Verification {
  /** The client's IP address. */
  readonly client: string;
  /** Aborted when the answer is late: nobody waits for it any more. */
  readonly signal: AbortSignal;
}

/** Who a client is. */
export interface Identity {
  /** undefined for an anonymous client. */
  readonly user: string | undefined;
  readonly group: string | undefined;
  /** What a source of users says of the user; left out where none has said anything. */
  readonly account?: Account | undefined;
  /** Set by the server where the source that let the user in cannot say who its users are. */
  readonly unlisted?: true;
}

/** What a method may know of the users of all sources. */
export interface KnownUsers {
  /** Whether any source was given at all: then nobody is anonymous by default. */
  readonly configured: boolean;
  /** Whether a source has logins checked by something. */
  has(kind: SourceKind): boolean;
  /**
   * Who a user is, as the first source says that knows the user; undefined if none does.
   *
   * @throws {UserError} naming the source, if it fails.
   */
  identify(user: string): Awaitable<Identity | undefined>;
  /** The server's own secret as octets, for clients that ask the server to authenticate itself. */
  serverSecret(): Uint8Array | undefined;
}

/**
 * Checks the names and passwords of clients by all sources. It tells nobody by the time it takes
 * whether a user exists; it slows down and locks out who guesses.
 */
export interface CredentialChecker {
  /**
   * Checks a password.
   *
   * @param client the client's IP address.
   * @param password octets; not kept.
   */
  check(client: string, user: string, password: Uint8Array): Awaitable<Identity | AuthenticationFailure>;
  /** Lets a client prove that it knows a user's secret, in a way of the method's. */
  attempt(attempt: Attempt): Promise<Identity | AuthenticationFailure>;
  /** Whether the password that a source has for a user is empty, or cannot be told. */
  mayBeEmpty(user: string): Promise<boolean>;
}

/**
 * Reads one message from the start of `bytes`.
 *
 * @returns undefined while bytes are missing: call again with more of them.
 * @throws {ProtocolError} if no further byte could make it a valid message.
 */
export type Parser<T> = (bytes: Uint8Array) => Parsed<T> | undefined;

/**
 * What all is put into that follows a method's subnegotiation (RFC 1928 sections 4 and 7): request,
 * replies, data of both ways, and datagrams. Traffic, limits and rates are of what is inside.
 */
export interface Encapsulation {
  /**
   * Puts it over the client's connection; asked once.
   *
   * @param transport the client's, paused: what comes next is the first octet behind the
   *   subnegotiation. It is the encapsulation's own from then on, and finishes or closes with what is
   *   inside.
   * @returns what is inside: a transport, paused, or a stream that allows half-open. Which addresses
   *   its ends have, and whether the peer is still there, the connection below is asked.
   */
  wrap(transport: Transport): Awaitable<Transport | Duplex>;
  /** The form of datagrams; left out where there is none: then the client gets no association. */
  readonly datagrams?: DatagramEncapsulation | undefined;
  /** Called once, when the connection is over, also where {@link wrap} was not called. */
  dispose?(): void;
}

/** Why something is not allowed. */
export interface Denial {
  /** In a few words for the log, such as the rule that says so. */
  readonly by: string;
  /** Set if nothing refuses it, and nothing allows it either. */
  readonly byDefault?: boolean;
}

/**
 * Chooses the local address for a connection, or for datagrams, to an IP address.
 *
 * @returns undefined: the system's routes choose.
 * @throws an error with code `EADDRNOTAVAIL` if there is none at present.
 */
export type LocalAddressOf = (to: string) => string | undefined;

/** A connection that a client asks for, and that is allowed. */
export interface ConnectRequest extends AllowedRequest {
  /**
   * The IP addresses that may be dialled, in order of preference; never empty. undefined if the
   * destination is a name and the outbound resolves names itself.
   */
  readonly addresses: readonly string[] | undefined;
  /**
   * Of what stands before other ways: makes the connection as it would be without it.
   *
   * @returns the connection, paused.
   * @throws what the way says.
   */
  onward?(): Promise<Transport>;
}

/** The server that a URL of `--via` names, as an extension that knows its scheme is given it. */
export interface ExtensionUpstream extends Pick<UpstreamServer, 'name' | 'scheme' | 'host' | 'port' | 'user' | 'password'> {
  /** ms that it may take until it is connected, and has let us in. */
  readonly timeout: number;
  /**
   * Connects to it: through other upstreams where it says so, over TLS where its scheme does. Given
   * up when nobody waits for the request any more.
   */
  open(): Promise<Transport>;
  /** The same as a stream of Node's, which allows half-open, for libraries that want one. */
  openStream(): Promise<Duplex>;
}

/**
 * Who has a transport at the moment: told of all that happens to it. All calls come from the event
 * loop, never from within a call to the transport, but for those of `resume()`.
 */
export interface TransportReader {
  /** How many bytes it wants at once, where the transport can read so few; it may change. */
  readonly most?: number | undefined;
  /**
   * Takes bytes.
   *
   * @param chunk valid until the call returns.
   * @param lasting whether it is valid longer: until reading is resumed, if this returns false.
   * @returns false to pause reading.
   */
  onData(chunk: Uint8Array, lasting: boolean): boolean;
  /** The peer has sent its last byte; it may go on reading. */
  onEnd(): void;
  /** All that was written is on its way: told after a `write()` that returned false. */
  onDrain(): void;
  /**
   * The transport is closed, by either side; nothing is told after that. One that both sides have
   * finished closes by itself.
   *
   * @param code the system's, such as `ECONNRESET`, if it failed; undefined if it was closed here.
   */
  onClose(code: string | undefined): void;
}

/** A request that is allowed, and for how long somebody waits for it. */
export interface AllowedRequest extends OutboundRequest {
  /** ms; what comes later is not waited for. */
  readonly timeout: number;
  /** Aborted when nobody waits any more: the client has left, or the time is up. */
  readonly signal: AbortSignal;
  /** The same, for who wants no signal: one is made when it is asked for, and costs something. */
  readonly cancellation: CancellationToken;
}

/** A name that is to be looked up. */
export interface NameQuestion {
  /** In ASCII and lower case; a dot at its end says that it is whole. */
  readonly name: string;
  /** Only this family's addresses are of use; undefined: both families' are. */
  readonly family: Family | undefined;
  /** Whose look-up it is: clients take turns. The server itself: ''. */
  readonly client: string;
  /** Gives up. */
  readonly cancellation: CancellationToken;
  /** The same, for who wants a signal: it is made when it is asked for. */
  readonly signal: AbortSignal;
}

/** What is known of a name. */
export interface NameAnswer {
  /** Its IP addresses; none if there is no such name, or if it has no address. */
  readonly addresses: readonly string[];
  /** How long that holds, ms; 0: for those who ask now. */
  readonly ttl: number;
  /** Who says so, as messages call it. */
  readonly by?: string;
}

/** A client that comes, as a layer of an extension is given it. */
export interface ExtensionArriving extends Arriving {
  /** Paused, and not read so far. */
  readonly transport: Transport;
  /** The same connection as a stream of Node's, which allows half-open: for who likes that better. */
  stream(): Duplex;
}

/** What a layer makes of a client. */
export interface ExtensionLayered {
  /** What is behind the layer: the client's own connection, or a transport or stream over it. */
  readonly transport: Transport | Duplex;
  /** Who the client is, if the layer knows: then nobody asks it to log in. */
  readonly identity?: Identity | undefined;
}

export interface Request {
  /** CMD as it was sent, known or not. */
  readonly command: number;
  readonly destination: Address;
}

/** What moves bytes for a request has of its session. */
export interface RelayOptions {
  readonly traffic: Traffic;
  readonly throttles: Throttles;
  /** From the start of a client's message to its end, ms; 0: no limit. */
  readonly handshakeTimeout: number;
}

/** Bytes that are moved by another way than a tunnel. */
export interface Relaying {
  /** Whether the client has got all that it asked for: then nothing is cut off if it ends here. */
  readonly resting: boolean;
  readonly end: Promise<RelayEnd>;
}

/** What a replica tells, and asks, at once. */
export interface StateExchange {
  /** Of this membership: another one after each time that the replica joined. */
  readonly member: string;
  /** Of the process, for as long as it lives. */
  readonly replica: string;
  /** 1: it joins; later one more each time. Any other is not done, and answered by `isLost`. */
  readonly sequence: number;
  /** How long the membership lasts without another exchange, ms. */
  readonly lease: number;
  /** Of the first: the membership that this one takes the place of, which does nothing any more. */
  readonly formerly?: string;
  /** The same once its claims are made: what that membership had is given back, after these. */
  readonly replaces?: string;
  /** Whether it leaves: what it has is given back. */
  readonly isLast?: boolean;
  /** It counts so many of a key already, whatever the limit. They come before all else. */
  readonly claims: readonly (readonly [key: string, count: number, of?: string])[];
  /** It gives so many permits of a key back. They come before what it asks for. */
  readonly gives: readonly (readonly [key: string, count: number])[];
  /** Each wants one permit of each key, or none at all. */
  readonly asks: readonly (readonly [id: number, wanted: readonly WantedKey[]])[];
  /** What else there is to tell and to hear, which not every exchange has. */
  readonly pulse?: Pulse;
}

/** What comes back of an exchange. */
export type StateAnswer = {
  readonly isLost: true;
} | DoneExchange;

/** What a view of the kind `table` shows. */
export interface TableContent {
  readonly columns: readonly {
    readonly id: string;
    readonly title: string;
  }[];
  /** At most 1000, the rest is left out; cells in the order of the columns. */
  readonly rows: readonly {
    readonly id: string;
    readonly cells: readonly CellValue[];
  }[];
  /** Buttons above the table. */
  readonly actions?: readonly ViewAction[];
  /** Buttons in each row. */
  readonly rowActions?: readonly ViewAction[];
  /** What stands there while there are no rows. */
  readonly empty?: string;
}

/** What a view of the kind `form` shows. */
export interface FormContent {
  /** What stands above the fields. */
  readonly text?: string;
  /** At most 100. */
  readonly fields: readonly FormField[];
  /** The text of the button; `Apply` if it is left out. */
  readonly submit?: string;
}

/** What a view of the kind `text` shows. */
export interface TextContent {
  /** Paragraphs, headings, lists and code as Markdown has them; anything else is shown as it is. */
  readonly text: string;
  /** Buttons above the text. */
  readonly actions?: readonly ViewAction[];
}

/** What a view of the kind `status` shows: an item of the status bar. */
export interface StatusContent {
  readonly text: string;
  readonly tooltip?: string;
  readonly severity?: 'info' | 'warning' | 'error';
  /** A command of the extension, that a click runs. */
  readonly command?: string;
}

/** The value of a cell of a table. */
export type CellValue = string | number | boolean;

/** What a source says of a user besides how logins are checked. */
export interface Account extends UserLimits {
  /** Whether the user may not log in, whatever the password. */
  readonly disabled?: boolean;
  /** From when on the user may not log in any more: ms since 1970. */
  readonly expires?: number;
}

/** How a client proves that it knows a user's secret without sending it. */
export interface Attempt {
  /** The client's IP address. */
  readonly client: string;
  readonly user: string;
  /** The kind of secret that it is proved with. */
  readonly kind: Secret['kind'];
  /** Whether the proof fits a secret: asked for unknown users as well, with a secret that is none. */
  matches(secret: Secret): Awaitable<boolean>;
}

/** A message read from the start of the bytes, and the number of bytes it took. */
export interface Parsed<T> {
  readonly value: T;
  readonly length: number;
}

/** The form of UDP datagrams between a client and the relay, both ways. */
export interface DatagramEncapsulation {
  /**
   * Takes a datagram out of what the client has sent.
   *
   * @returns it with its header of RFC 1928 section 7; undefined if it is none of the client's: it is
   *   dropped and counted.
   */
  unwrap(octets: Uint8Array): Uint8Array | undefined;
  /**
   * Puts a datagram, with its header, into what the client is sent.
   *
   * @returns undefined if it cannot be sent.
   */
  wrap(datagram: Uint8Array): Uint8Array | undefined;
}

/** A server that a URL of `--via` names: what an outbound that knows its scheme goes through. */
export interface UpstreamServer {
  /** What logs and errors call it: the name of its section, or its URL without the login. */
  readonly name: string;
  /** As in the URL, in lower case. */
  readonly scheme: string;
  /** An IP address or a name. */
  readonly host: string;
  /** 0 where its URL says none, which only schemes of extensions allow: then they connect by themselves. */
  readonly port: number;
  /** The login, as octets; the password never in a log, an event or an error. */
  readonly user: Uint8Array | undefined;
  readonly password: Uint8Array | undefined;
  /** How long it may take until it is connected, and has let us in, ms. */
  readonly timeout: number;
  /**
   * Connects to it: through other upstreams where it says so, over TLS where its scheme does.
   *
   * @returns the connection, paused.
   * @throws the system's error, or what another upstream says.
   */
  open(request: AllowedRequest): Promise<Transport>;
  /**
   * An address that it has told of itself, as it is reached from here.
   *
   * @param told undefined, or 0.0.0.0 or ::, for the host that it is.
   * @param control the connection on which it was told.
   */
  resolveTold(told: Address | undefined, control: Transport): Address;
  /**
   * A way for datagrams to an address that it has told, through other upstreams where it says so.
   *
   * @throws the system's error, or what another upstream says.
   */
  link(request: AllowedRequest, relay: Address, control: Transport): Promise<DatagramLink>;
}

/** Tells that something is to be given up. */
export interface CancellationToken {
  readonly cancelled: boolean;
  /** Calls back when it is cancelled, until `off()`; never if it was before. */
  on(listener: () => void): void;
  off(listener: () => void): void;
}

/** A family of IP addresses. */
export type Family = 'ipv4' | 'ipv6';

/** A client that comes: its bytes, where it comes from, and who it is, where a layer says so. */
export interface Arriving {
  readonly transport: Transport;
  readonly client: Address;
  /** Then nobody asks it to log in. */
  readonly identity?: Identity | undefined;
}

/** What was moved: up from the client to the remote host, down to the client. */
export interface Traffic {
  /** Bytes of data. */
  up: number;
  down: number;
  /** UDP datagrams that were not relayed. */
  dropped: number;
  /** Ways that stand still at this moment because of their rate. */
  waiting: number;
}

/** The rates of both ways; undefined: as fast as it goes. */
export interface Throttles {
  readonly up: Throttle | undefined;
  readonly down: Throttle | undefined;
}

/** How a relay has ended. */
export interface RelayEnd {
  readonly reason: CloseReason;
  /**
   * Whether the client goes on with something else: its transport, paused, and with what was read
   * too far put back, is then served as that of a new client.
   */
  readonly goesOn: boolean;
}

/** A key, its limit, and what it is one of if the limit is of that, as in `Wanted`. */
export type WantedKey = readonly [key: string, limit: number, of?: string];

/** What a replica tells and hears beside its counts, once a second and when there is news. */
export interface Pulse {
  readonly used: readonly ReplicaUsage[];
  /** How much of a shared rate it could use, by `user NAME` and `group NAME`; 0: nothing any more. */
  readonly loads: readonly (readonly [name: string, load: number])[];
  /** What others are to hear of logins: texts of at most 4096 characters. */
  readonly news: readonly string[];
  /** What it has heard up to: as the last answer said, or 0. */
  readonly heard: Heard;
}

export interface DoneExchange {
  readonly isLost: false;
  /** The state's clock, ms since 1970. */
  readonly time: number;
  /** Another one after the state has lost all that it knew. */
  readonly epoch: string;
  /** What replicas make digests with, 32 octets in Base64: the same for all of them. */
  readonly key: string;
  /** Permits of a limit that are the replica's; loose ones may be kept for later. */
  readonly grants: readonly (readonly [
    key: string,
    count: number,
    limit: number,
    isLoose: boolean
  ])[];
  /**
   * To what was asked: null, or the key whose limit was reached; `isFinal` is false where others may
   * have permits that they do not use, and are being asked for them: ask again.
   */
  readonly answers: readonly (readonly [id: number, full: string | null, isFinal: boolean])[];
  /** Keys of which the replica is to give back what it does not use. */
  readonly recalls: readonly string[];
  /** Of an exchange with a pulse. */
  readonly pulse?: PulseAnswer;
}

/** What a button does. */
export interface ViewAction {
  /** The id of a command that the extension contributes; of a row, it gets the row's id. */
  readonly command: string;
  readonly title: string;
}

/** A field of a form. */
export interface FormField {
  readonly id: string;
  readonly title: string;
  readonly description?: string;
  readonly type: 'text' | 'number' | 'boolean' | 'choice';
  /** Of its type; of a choice, one of its values. */
  readonly value: CellValue;
  readonly choices?: readonly {
    readonly value: string;
    readonly title: string;
  }[];
  /** Of a number. */
  readonly minimum?: number;
  readonly maximum?: number;
}

/** What a user, or all users of a group together, may use. What is left out has no limit. */
export interface UserLimits {
  /** Connections at once. */
  readonly connections?: number;
  /** Client addresses at once: an IPv6 address stands for its /64. */
  readonly devices?: number;
  /** Bytes per second from clients. */
  readonly rateUp?: number;
  /** Bytes per second to clients. */
  readonly rateDown?: number;
  /** Bytes both ways in a day, and in a month, of local time. */
  readonly perDay?: number;
  readonly perMonth?: number;
}

/** A way for datagrams to and from one address. */
export interface DatagramLink {
  /** Takes those that come from there, from now on. */
  start(receive: (datagram: Uint8Array) => void): void;
  /** @returns false if it cannot be sent now. */
  send(parts: readonly Uint8Array[]): boolean;
  close(): void;
}

/** Keeps one way of a flow to its rate. */
export interface Throttle {
  /** What may move at once, bytes: as much as the rate gives in a tenth of a second, at least 1. */
  readonly step: number;
  /** Accounts for bytes that are to move. @returns how long they have to wait, ms; 0: not at all. */
  take(bytes: number): number;
  /** Gives back what was taken and did not move after all, bytes. */
  give(bytes: number): void;
}

/** What a user or a group has used of a replica so far. */
export interface ReplicaUsage {
  /** `user NAME` or `group NAME`. */
  readonly name: string;
  /** `YYYY-MM-DD`, by the state's clock. */
  readonly day: string;
  /** Bytes of that day, and of its month, since the replica began. */
  readonly dayBytes: number;
  readonly monthBytes: number;
  /**
   * What all replicas are known to have used beside: it counts if the state does not know of more,
   * or, where it is `weak`, if it knows nothing at all.
   */
  readonly before?: {
    readonly dayBytes: number;
    readonly monthBytes: number;
    readonly isWeak: boolean;
  };
}

/** Where a replica is in what changes. */
export interface Heard {
  readonly usage: number;
  readonly news: number;
}

export interface PulseAnswer {
  /** What all replicas have used, of those where that has changed. */
  readonly usage: readonly {
    readonly name: string;
    readonly day: string;
    readonly dayBytes: number;
    readonly monthBytes: number;
  }[];
  /** The replica's part of the rates that it told a load of: above 0, up to 1. */
  readonly parts: readonly (readonly [name: string, part: number])[];
  /** What other replicas have told, and how long ago, ms. */
  readonly news: readonly (readonly [age: number, text: string])[];
  readonly heard: Heard;
  /** Whether there is more to hear at once. */
  readonly hasMore: boolean;
}
