/**
 * What the window and the main process say to each other, and what both have to know: with the
 * words, all of main that the renderer knows. Times are ms since 1970, for people to read; instants are
 * ms of the app's own clock, which is never set, for spans between them; rates are bytes a second.
 */
import type { LanguageInForce } from '../words/language.js';
import type { AppCommandId, CommandId } from './commands.js';
import type { ConnectionChanges, ConnectionRequests } from './connections.js';
import type {
  ContributedCall,
  ContributedChange,
  ContributedContent,
  ExtensionsState,
  FilledForm,
} from './extensions.js';
import type { LifeRequests, LifeSubscriptions } from './life.js';
import type { LogRequests, LogSubscriptions } from './log.js';
import type { ProfileRequests } from './profiles.js';
import type {
  NewUpstream,
  RouteAnswer,
  RouteQuestion,
  UpstreamChange,
  UpstreamsState,
  UpstreamTest,
} from './routing.js';
import type { Refusal, ServerStatus, TrafficSample } from './server.js';
import type { ServersPart, ServersRequests, ServersSubscriptions } from './servers.js';
import type {
  FileSettingKey,
  SettingChange,
  SettingDescriptor,
  SettingKey,
  SettingsState,
} from './settings.js';
import type { SettingsFileRequests } from './settingsfile.js';
import type { SystemProxyState, SystemProxySubscriptions } from './systemproxy.js';
import type { UpdateState, UpdateSubscriptions } from './updates.js';
import type {
  ExportResult,
  ImportResult,
  NewUser,
  UserActivity,
  UserChange,
  UsersState,
  UsersTransfer,
} from './users.js';

export * from './commands.js';
export * from './connections.js';
export * from './extensions.js';
export * from './keys.js';
export * from './life.js';
export * from './log.js';
export * from './profiles.js';
export * from './routing.js';
export * from './server.js';
export * from './servers.js';
export * from './settings.js';
export * from './settingsfile.js';
export * from './systemproxy.js';
export * from './updates.js';
export * from './users.js';

/**
 * Requests of the window, each answered by its result or by a {@link Failure}: besides these, each
 * command of the app is one.
 */
export interface Requests
  extends Record<AppCommandId, () => void>,
    ConnectionRequests,
    LifeRequests,
    LogRequests,
    ProfileRequests,
    ServersRequests,
    SettingsFileRequests {
  /** All that the window shows at first. */
  'app.state'(): AppState;
  /** The welcome page was closed: it does not come by itself any more. */
  'app.welcomed'(): void;
  'app.copy'(text: string): void;
  /** Puts a text where the user chooses. @returns the file; undefined if the user chooses none. */
  'app.export'(file: ExportedFile): string | undefined;

  /** @returns what is wrong with a value; undefined if it could be kept. Nothing is changed. */
  'settings.check'(change: SettingChange): string | undefined;
  /** Keeps a value if it is valid, and gives it to the server if that needs no restart. */
  'settings.set'(change: SettingChange): void;
  'settings.reset'(key: SettingKey): void;
  /**
   * Lets the user choose the file of a setting, and keeps it if it can be used: the only way to set
   * one. @returns it; undefined if the user chooses none.
   */
  'settings.choose'(key: FileSettingKey): string | undefined;

  'users.add'(user: NewUser): void;
  'users.update'(change: UserChange): void;
  /** Deletes a user, who can be restored until the window says otherwise or some time passes. */
  'users.delete'(name: string): void;
  'users.restore'(name: string): void;
  /**
   * Takes the users of a file over that the user of the app chooses, which takes a while: see
   * {@link Subscriptions.usersTransfer}. @returns undefined if no file is chosen.
   */
  'users.import'(): ImportResult | 'cancelled' | undefined;
  'users.export'(): ExportResult | 'cancelled' | undefined;
  /** Ends the import or export that is under way; the users become what they were before. */
  'users.cancel'(): void;

  /** Says which way a request would take, by the settings that are in force. */
  'routing.check'(question: RouteQuestion): RouteAnswer;
  /**
   * Lets the user choose a file of certificates to trust: the only way to name one.
   *
   * @returns it, if it can be used; undefined if the user chooses none.
   */
  'upstreams.choose'(): string | undefined;
  'upstreams.add'(upstream: NewUpstream): void;
  'upstreams.update'(change: UpstreamChange): void;
  /** Deletes one, which can be restored until some time passes. */
  'upstreams.delete'(name: string): void;
  'upstreams.restore'(name: string): void;
  /** Tries whether one lets the server in and answers. */
  'upstreams.test'(name: string): UpstreamTest;

  /** Allows an extension to run, once the user has said so; or no more. */
  'extensions.enable'(name: string): void;
  'extensions.disable'(name: string): void;
  /** Removes one that was installed, or forgets a folder. */
  'extensions.remove'(name: string): void;
  /** Activates one anew, with its present files. */
  'extensions.reload'(name: string): void;
  /** Looks once more which there are: the command may have installed one. */
  'extensions.look'(): void;
  /** What its README says; an empty text if it has none. */
  'extensions.readme'(name: string): string;
  /** @returns what is wrong with a value; undefined if it could be kept. Nothing is changed. */
  'extensions.check'(change: ContributedChange): string | undefined;
  'extensions.set'(change: ContributedChange): void;
  /** A setting becomes what it was at first; a secret is removed from the keychain. */
  'extensions.reset'(key: string): void;
  /** Puts a secret into the keychain, from which the window never gets it back. */
  'extensions.secret'(change: { readonly key: string; readonly secret: string }): void;
  /** Runs a command of an extension. @returns what it has to say. */
  'extensions.run'(call: ContributedCall): string | undefined;
  /** What a view shows now; undefined if that is nothing. */
  'extensions.view'(id: string): ContributedContent | undefined;
  /** Hands over what was filled into a form. @returns what the extension has to say. */
  'extensions.submit'(form: FilledForm): string | undefined;
}

/** What the window is told without having asked. */
export interface Subscriptions
  extends LifeSubscriptions,
    LogSubscriptions,
    ServersSubscriptions,
    SystemProxySubscriptions,
    UpdateSubscriptions {
  server: ServerStatus;
  traffic: TrafficSample;
  refusals: Refusal[];
  settings: SettingsState;
  /** Another language is in force: all that the window shows is to be asked for anew. */
  language: LanguageInForce;
  users: UsersState;
  /** An import or export of users that is under way; undefined once it is over. */
  usersTransfer: UsersTransfer | undefined;
  /** Users who have moved something, or come or gone, since it was told last. */
  activity: UserActivity[];
  upstreams: UpstreamsState;
  extensions: ExtensionsState;
  /** The id of a view of an extension that shows something else. */
  viewChanged: string;
  connections: ConnectionChanges;
  notification: Notification;
  /** Whether there is a tray icon. */
  tray: boolean;
  /** A command of the window to run, from a menu. */
  command: CommandId;
}

export type RequestName = keyof Requests;
export type RequestArgument<K extends RequestName> = Parameters<Requests[K]>;
export type RequestResult<K extends RequestName> = ReturnType<Requests[K]>;

/** Why a request was not carried out: one sentence for the user. */
export interface Failure {
  readonly message: string;
}

export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: Failure };

/** What the preload script offers to the window, as `window.picosocks5`. */
export interface Bridge {
  request<K extends RequestName>(
    name: K,
    ...argument: RequestArgument<K>
  ): Promise<Outcome<RequestResult<K>>>;
  /** @returns what ends the subscription. */
  subscribe<K extends keyof Subscriptions>(
    name: K,
    listener: (payload: Subscriptions[K]) => void,
  ): () => void;
}

export interface AppState extends ServersPart {
  readonly version: string;
  readonly platform: 'win32' | 'darwin' | 'linux';
  /** Whether the tray shows the icon; without one, closing the window would hide the app. */
  readonly tray: boolean;
  readonly language: LanguageInForce;
  /** The present one. */
  readonly instant: number;
  readonly server: ServerStatus;
  readonly systemProxy: SystemProxyState;
  readonly traffic: readonly TrafficSample[];
  readonly refusals: Refusal[];
  readonly settings: SettingsState;
  readonly descriptors: readonly SettingDescriptor[];
  readonly users: UsersState;
  readonly usersTransfer: UsersTransfer | undefined;
  readonly activity: readonly UserActivity[];
  readonly upstreams: UpstreamsState;
  readonly extensions: ExtensionsState;
  readonly updates: UpdateState;
  /** Notifications that nobody has seen yet. */
  readonly notifications: readonly Notification[];
  /** Whether the window begins with the welcome page. */
  readonly welcome: boolean;
  /** A command to run at once: what the window was opened for. */
  readonly command: CommandId | undefined;
}

export interface Notification {
  readonly severity: 'info' | 'warning' | 'error';
  readonly message: string;
  /** What the user may do about it. */
  readonly action?: { readonly label: string; readonly command: CommandId };
}

export interface ExportedFile {
  readonly name: string;
  readonly content: string;
}
