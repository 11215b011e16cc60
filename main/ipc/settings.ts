/** The settings, of the server and of the app, and how they are described. */
import type { LanguageSetting } from '../words/language.js';
import type { ProfilesState } from './profiles.js';
import type { SystemProxyKind } from './systemproxy.js';
import type { UpdateChannel } from './updates.js';

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

/** What is wrong with the settings, and which of them has it. */
export interface SettingFault {
  readonly key: SettingKey;
  /** A sentence for the user. */
  readonly message: string;
}
