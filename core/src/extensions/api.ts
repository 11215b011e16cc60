// What an extension has of PicoSOCKS5, and what it gives. docs/extensions.md says how they are
// written. A change here is a change of a contract: it belongs into the CHANGELOG.

import type { Server } from 'node:net';
import type { AccessPolicy, IpAddress } from '../access/policy.js';
import type { AuthenticationMethod } from '../auth/method.js';
import type { AuthenticationSourceFormat } from '../auth/source.js';
import type { Awaitable } from '../base/awaitable.js';
import type { Disposable } from '../base/disposable.js';
import type { ConnectionInfo, EventSink, ServerEvent } from '../log/events.js';
import type { ConnectionSum, SumKey } from '../log/sums.js';
import type { ResolverProvider } from '../outbound/lookup.js';
import type { Dialect } from '../session/dialect.js';
import type { SharedState } from '../sharing/sharedstate.js';
import type { SettingValue } from './settingschema.js';
import type { ExtensionLayerFormat } from './slots/layers.js';
import type { ExtensionOutbound } from './slots/outbounds.js';
import type { FormValues, ViewContent } from './viewcontent.js';

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

/**
 * What the file has that `main` of a command in `contributes.subcommands` names: a command of the
 * command line, such as `picosocks5 userdb`. There is no server while it runs.
 */
export interface Subcommand {
  /**
   * @param args the words behind the command's name.
   * @returns now or later, the exit status if it is another than 0.
   * @throws {UserError} which is shown as one sentence, and ends the program with status 1.
   */
  run(args: readonly string[], tools: SubcommandTools): unknown;
}

/** What a command of an extension has of the program. */
export interface SubcommandTools {
  /**
   * Asks for a password, twice and without showing it where there is a terminal.
   *
   * @param prompt without the colon, such as `Password for alice`.
   * @returns its octets, to be wiped.
   */
  askPassword(prompt: string): Promise<Uint8Array>;
  /**
   * Writes to standard output, and waits until it is taken.
   *
   * @returns false once nobody reads it any more.
   */
  print(text: string): Promise<boolean>;
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

/** Where an extension's own server listens. */
export type ListenPlace =
  /** An IP address or a name of this host, and a port; 0 is the system's choice. */
  | { readonly host: string; readonly port: number }
  /** A UNIX socket: a whole path, and who may open it, as of chmod(2); its owner alone if left out. */
  | { readonly path: string; readonly mode?: number };

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
