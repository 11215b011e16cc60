/**
 * What the window and the main process say to each other, and what both have to know: with the
 * words, all of main that the renderer knows. Times are ms since 1970, for people to read; instants are
 * ms of the app's own clock, which is never set, for spans between them; rates are bytes a second.
 */
import type { LanguageInForce, LanguageSetting } from '../words/language.js';
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
import type { ProfileRequests, ProfilesState } from './profiles.js';
import type {
  NewUpstream,
  RouteAnswer,
  RouteQuestion,
  UpstreamChange,
  UpstreamsState,
  UpstreamTest,
} from './routing.js';
import type { ServersPart, ServersRequests, ServersSubscriptions } from './servers.js';
import type { SettingsFileRequests } from './settingsfile.js';
import type { SystemProxyKind, SystemProxyState, SystemProxySubscriptions } from './systemproxy.js';
import type { UpdateChannel, UpdateState, UpdateSubscriptions } from './updates.js';

export * from './commands.js';
export * from './connections.js';
export * from './extensions.js';
export * from './keys.js';
export * from './life.js';
export * from './log.js';
export * from './profiles.js';
export * from './routing.js';
export * from './servers.js';
export * from './settingsfile.js';
export * from './systemproxy.js';
export * from './updates.js';

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

export type ServerState = 'stopped' | 'starting' | 'running' | 'stopping' | 'error';

export interface ServerStatus {
  readonly state: ServerState;
  /** Why it does not run, or what is wrong although it does. */
  readonly problem: string | undefined;
  /** A port that is free, where the one that is set is not. */
  readonly freePort: number | undefined;
  /** Where it listens, as `ADDRESS:PORT`. */
  readonly listening: readonly string[];
  /** Every address at which programs reach it. */
  readonly endpoints: readonly Endpoint[];
  /** The address that programs on this computer use, as a URL; undefined while there is none. */
  readonly url: string | undefined;
  /** Whether clients have to authenticate. */
  readonly authentication: boolean;
  /** Whether it serves HTTP as well. */
  readonly http: boolean;
  /** Where other computers reach it without anybody having to log in, as `ADDRESS:PORT`. */
  readonly exposed: readonly string[];
  /** Why the local network is not served, or not as its settings say; the rest of it runs. */
  readonly lanFault: SettingFault | undefined;
  /** Settings that wait for a restart of the server. */
  readonly pending: readonly SettingKey[];
  /** The instant at which it started. */
  readonly since: number | undefined;
}

/** The place of addresses that only this computer's own programs can use. */
export const THIS_COMPUTER = 'this computer';
/** The place of an address that no interface has. */
export const UNKNOWN_PLACE = 'an address';

export interface Endpoint {
  readonly host: string;
  readonly port: number;
  /** Whose address it is: an interface's name, {@link THIS_COMPUTER} or {@link UNKNOWN_PLACE}. */
  readonly place: string;
  /** Whether it is the local network's, where everybody has to log in. */
  readonly lan?: true;
  /** What programs have to know of its certificate, if they reach it by TLS. */
  readonly certificate?: CertificateFacts;
}

/** A certificate, as far as clients are concerned. */
export interface CertificateFacts {
  /** The names and IP addresses that it is for; a name may begin with `*.`. */
  readonly names: readonly string[];
  /** Whether it vouches for itself: then programs have to be given its file. */
  readonly selfSigned: boolean;
  readonly file: string;
  /** The last moment at which it counts. */
  readonly expires: number;
}

/** What is wrong with the settings, and which of them has it. */
export interface SettingFault {
  readonly key: SettingKey;
  /** A sentence for the user. */
  readonly message: string;
}

/** `HOST:PORT`, an IPv6 address in brackets. */
export function formatEndpoint({ host, port }: Pick<Endpoint, 'host' | 'port'>): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * The host and port of an address as programs have to name it: by the name that its certificate is
 * for, if it has one and is not for the address itself.
 */
export function namedEndpoint({
  host,
  port,
  certificate,
}: Pick<Endpoint, 'host' | 'port' | 'certificate'>): Pick<Endpoint, 'host' | 'port'> {
  const { names = [] } = certificate ?? {};
  const name = names.find((candidate) => !candidate.includes('*'));
  return { host: names.includes(host) ? host : (name ?? host), port };
}

/**
 * The URL of the proxy at an address, with a place for name and password where they are needed. The
 * schemes are curl's, and with both names are resolved by the proxy: inside TLS it is an HTTP proxy,
 * for no program speaks SOCKS there.
 *
 * @param authentication whether clients have to log in at the addresses that are not the local
 *   network's.
 */
export function proxyUrl(
  endpoint: Pick<Endpoint, 'host' | 'port' | 'lan' | 'certificate'>,
  authentication: boolean,
): string {
  const scheme = endpoint.certificate === undefined ? 'socks5h' : 'https';
  return urlOf(scheme, endpoint, authentication);
}

/** The same for programs that know HTTP proxies only. */
export function httpProxyUrl(
  endpoint: Pick<Endpoint, 'host' | 'port' | 'lan' | 'certificate'>,
  authentication: boolean,
): string {
  const scheme = endpoint.certificate === undefined ? 'http' : 'https';
  return urlOf(scheme, endpoint, authentication);
}

function urlOf(
  scheme: string,
  endpoint: Pick<Endpoint, 'host' | 'port' | 'lan' | 'certificate'>,
  authentication: boolean,
): string {
  const login = authentication || endpoint.lan ? 'USER:PASSWORD@' : '';
  return `${scheme}://${login}${formatEndpoint(namedEndpoint(endpoint))}`;
}

/** How many seconds of traffic are kept and shown: one {@link TrafficSample} each. */
export const HISTORY = 300;

/** What happened in one second. */
export interface TrafficSample {
  readonly time: number;
  readonly instant: number;
  readonly connections: number;
  readonly rateUp: number;
  readonly rateDown: number;
  /** All since the app was started. */
  readonly totalUp: number;
  readonly totalDown: number;
  readonly totalConnections: number;
}

/** What a client got wrong before it was served, as the server tells it. */
export type Diagnosis =
  | { readonly code: 'not-socks'; readonly octet: number }
  | { readonly code: 'not-tls'; readonly octet: number }
  | { readonly code: 'no-common-method'; readonly offered: readonly number[] }
  | { readonly code: 'socks4-off' }
  | { readonly code: 'socks4-login' }
  | { readonly code: 'http-off' }
  | { readonly code: 'http-origin' };

/** What was refused, or has failed, for one reason: `hasFailed` says which. */
export interface Refusal {
  readonly reason: string;
  readonly count: number;
  readonly lastTime: number;
  readonly lastClient: string;
  readonly lastDetail: string;
  readonly lastDiagnosis: Diagnosis | undefined;
}

export interface SettingsState {
  readonly values: SettingValues;
  /** The keys of those that are not as they come. */
  readonly modified: readonly SettingKey[];
  /** Addresses of this machine to choose from. */
  readonly addresses: readonly InterfaceAddress[];
  readonly profiles: ProfilesState;
}

export interface InterfaceAddress {
  readonly interface: string;
  readonly address: string;
}

export type Theme = 'system' | 'light' | 'dark' | 'high-contrast' | 'high-contrast-light';

/** Settings of the server: it is given them. */
export interface ServerSettings {
  readonly listenAddress: readonly string[];
  readonly port: number;
  /** Whether there is a second listener, for the local network. */
  readonly lan: boolean;
  readonly lanAddress: readonly string[];
  readonly lanPort: number;
  readonly lanTls: boolean;
  readonly lanCertificate: string;
  readonly lanKey: string;
  readonly anonymous: boolean;
  readonly bind: readonly string[];
  readonly advertise: readonly string[];
  readonly from: readonly string[];
  readonly prefer: string;
  readonly resolver: readonly string[];
  readonly bindPorts: string;
  readonly udpPorts: string;
  readonly socks4: boolean;
  readonly http: boolean;
  readonly network: readonly string[];
  readonly request: readonly string[];
  readonly via: readonly string[];
  readonly maxconn: number;
  readonly maxconnPerAddress: number;
  readonly maxconnPerUser: number;
  readonly maxStartups: number;
  readonly timeout: number;
  readonly handshakeTimeout: number;
  readonly connectTimeout: number;
  readonly bindTimeout: number;
  readonly udpTimeout: number;
  readonly maxassoc: number;
  readonly maxLoginFailures: number;
  readonly lockoutTime: number;
}

/** Settings of the app itself. */
export interface AppSettings {
  readonly loglevel: string;
  /** The size of a log file at most, MB. */
  readonly logSize: number;
  /** How many days old log files are kept, and how many files at most. */
  readonly logDays: number;
  readonly logFiles: number;
  readonly startServer: boolean;
  readonly startAtLogin: boolean;
  readonly theme: Theme;
  readonly language: LanguageSetting;
  /** Whether this computer is to use the proxy, as long as the server runs. */
  readonly systemProxy: boolean;
  readonly systemProxyKind: SystemProxyKind;
  /** Destinations that its programs reach without the proxy. */
  readonly systemProxyBypass: readonly string[];
  /** After how many seconds a hidden window gives its memory back; 0: never. */
  readonly restAfter: number;
  /** Keys of commands that are others than those they come with: see {@link Binding}. */
  readonly keys: readonly string[];
  /** Which newer versions are looked for. */
  readonly updates: UpdateChannel;
}

export interface SettingValues extends ServerSettings, AppSettings {}

export type ServerSettingKey = keyof ServerSettings;
export type AppSettingKey = keyof AppSettings;
export type SettingKey = keyof SettingValues;
export type SettingValue = SettingValues[SettingKey];

/** The settings that are files: the user chooses them in a dialog, and the window names none. */
export const FILE_SETTINGS = ['lanCertificate', 'lanKey'] as const satisfies readonly SettingKey[];
export type FileSettingKey = (typeof FILE_SETTINGS)[number];

export function isFileSetting(key: SettingKey): key is FileSettingKey {
  return FILE_SETTINGS.some((file) => file === key);
}

export interface SettingChange {
  readonly key: SettingKey;
  readonly value: SettingValue;
}

/** A setting as the settings page draws it, in the language in force. */
export interface SettingDescriptor {
  readonly key: SettingKey;
  /** Whom it is given to. */
  readonly of: 'server' | 'app';
  readonly title: string;
  readonly section: string;
  readonly description: string;
  readonly type: 'boolean' | 'number' | 'text' | 'list' | 'choice' | 'file';
  readonly default: SettingValue;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly unit: string | undefined;
  readonly choices: readonly { readonly value: string; readonly label: string }[] | undefined;
  readonly placeholder: string | undefined;
  /** Which of the machine's addresses may be picked. */
  readonly pick?: 'address' | 'network' | 'external';
  /** Whether a running server takes it over only when it is restarted. */
  readonly restart: boolean;
}

export interface UsersState {
  readonly users: readonly User[];
  /** Why passwords cannot be read or written now, and what to do. */
  readonly keychainProblem: string | undefined;
}

/** How long, and how much, a user may use the proxy; what is left out has no limit. */
export interface UserLimits {
  /** From when on the user may not log in any more: ms since 1970. */
  readonly expires?: number;
  /** Connections at once. */
  readonly connections?: number;
  /** Client addresses at once. */
  readonly devices?: number;
  /** Bytes a second from clients, and to them. */
  readonly rateUp?: number;
  readonly rateDown?: number;
  /** Bytes both ways in a day, and in a month, of local time. */
  readonly perDay?: number;
  readonly perMonth?: number;
}

/** The limits that are whole numbers of 1 or more. */
export const LIMIT_KEYS = [
  ...(['connections', 'devices', 'rateUp', 'rateDown', 'perDay', 'perMonth'] as const),
] as const satisfies readonly (keyof UserLimits)[];

/** What a user has done, over all runs of the app. */
export interface UserActivity {
  readonly name: string;
  /** When it was connected last; undefined if never. */
  readonly lastSeen: number | undefined;
  /** Connections that there are now. */
  readonly connections: number;
  readonly up: number;
  readonly down: number;
  /** Bytes of the present day, and of the present month, as limits count them. */
  readonly dayBytes: number;
  readonly monthBytes: number;
}

/** How far an import or export of users has come. */
export interface UsersTransfer {
  readonly action: 'import' | 'export';
  /** How many users are done; going down while what was done is taken back. */
  readonly done: number;
  /** How many there are; 0 as long as that is not known. */
  readonly total: number;
  readonly cancelled: boolean;
}

export interface User {
  readonly name: string;
  readonly group: string;
  readonly disabled: boolean;
  readonly limits: UserLimits;
  /** A hash works for username/password, not for CHAP. */
  readonly password: 'set' | 'hash' | 'none' | 'unknown';
}

export interface NewUser {
  readonly name: string;
  readonly group: string;
  readonly password: string;
  readonly limits?: UserLimits;
}

export interface UserChange {
  readonly name: string;
  readonly newName?: string;
  readonly group?: string;
  readonly disabled?: boolean;
  readonly password?: string;
  /** All that it has from now on. */
  readonly limits?: UserLimits;
}

export interface ImportResult {
  readonly added: number;
  /** Names that were there already, and stay as they were. */
  readonly skipped: readonly string[];
}

export interface ExportResult {
  /** The file that was written. */
  readonly file: string;
  readonly written: number;
  /** Names that have no password. */
  readonly skipped: readonly string[];
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
