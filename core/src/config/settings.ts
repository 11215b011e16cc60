import type { GivenSettings } from '../extensions/plan.js';
import type { AllowanceLimits } from '../limits/allowance.js';
import type { Preference } from '../outbound/prefer.js';

/** The rules for the users of a group: a section `[group]` of the INI file. */
export interface GroupOptions {
  readonly network?: readonly string[];
  readonly request?: readonly string[];
  /** Ways out, before those of listeners and all: `[DEST[:PORTS]=]WAY`. */
  readonly via?: readonly string[];
  /** Where the connections of its users leave from. */
  readonly from?: readonly string[];
  /** The group whose rules follow this one's. */
  readonly base?: string;
  /** What all users of the group may use together. */
  readonly limits?: AllowanceLimits;
}

/** What is said of one user: a section `[user:NAME]` of the INI file. */
export interface UserOptions extends AllowanceLimits {
  /** Ways out, before those of groups: `[DEST[:PORTS]=]WAY`. */
  readonly via?: readonly string[];
  /** Where the user's connections leave from. */
  readonly from?: readonly string[];
}

/** The options that a listener may have of its own; what it does not say is as the server's. */
export type ListenerOptions = Pick<
  ServerOptions,
  | 'listen'
  | 'unixMode'
  | 'unixOwner'
  | 'auth'
  | 'anonymous'
  | 'proxyProtocol'
  | 'network'
  | 'request'
  /** Before that of all. */
  | 'via'
  /** Of the listener, besides that of all. */
  | 'maxconn'
  | 'timeout'
  | 'handshakeTimeout'
  | 'socks4'
  | 'from'
  | 'prefer'
  | 'resolver'
  | 'http'
  | 'tlsCert'
  | 'tlsKey'
  | 'tlsClientCa'
>;

/** A server that connections go through: a section `[upstream:NAME]` of the INI file. */
export interface UpstreamOptions {
  /** `SCHEME://[USER[:PASSWORD]@]HOST[:PORT]`. */
  readonly url: string;
  readonly user?: string;
  readonly password?: string;
  /** The file that has the password in its one line. */
  readonly passwordFile?: string;
  /** The name of the upstream that it is reached through. */
  readonly through?: string;
  /** Which family of its own addresses comes first, where it has a name. */
  readonly prefer?: Preference;
  /** A file of certificates in PEM: of whom its own is to be signed by, in the place of the usual. */
  readonly tlsCa?: string;
  /** Seconds until it is connected, and has let us in; 10 if left out. */
  readonly timeout?: number;
}

/** All options of a server, with the names of the command line in camel case. */
export interface ServerOptions {
  /**
   * Where to listen: `[ADDRESS][:PORT]`, such as `127.0.0.1:1080`, `*:1080`, `[::1]`; `unix:PATH`;
   * `fd@NUMBER`, a listening socket that the process was started with. Each of them stands behind
   * `tls://` where clients have to speak TLS.
   */
  readonly listen?: readonly string[];
  /** PEM file of the certificate for `tls://`, and behind it those of its authorities. */
  readonly tlsCert?: string;
  /** PEM file of its key; that of the certificate, if left out. */
  readonly tlsKey?: string;
  /** PEM file of the authorities of which clients of `tls://` need a certificate. */
  readonly tlsClientCa?: string;
  /** Who may open sockets of `unix:PATH`, as chmod(1) takes it: `0600`. */
  readonly unixMode?: string;
  /** Whose these are: `USER[:GROUP]`. */
  readonly unixOwner?: string;
  /** Sources of users: `[FORMAT:]FILE`. */
  readonly auth?: readonly string[];
  /** Clients need not authenticate, even if there are users. */
  readonly anonymous?: boolean;
  /**
   * Load balancers, whose connections begin with a PROXY header: `ADDRESS[/BITS]`, or `unix` for
   * who comes by a UNIX socket.
   */
  readonly proxyProtocol?: readonly string[];
  /** Clients that may connect: `[!]ADDRESS[/BITS]`. */
  readonly network?: readonly string[];
  /** Requests that are allowed: `[!]COMMAND[:DESTINATION[:PORTS]]`. */
  readonly request?: readonly string[];
  /** Ways out by destination, the first that matches; no one: direct. `[DEST[:PORTS]=]WAY`. */
  readonly via?: readonly string[];
  /** What `via` names, by names. */
  readonly upstreams?: Readonly<Record<string, UpstreamOptions>>;
  /** Rules by group; `*` is for anonymous users and users without a group. */
  readonly groups?: Readonly<Record<string, GroupOptions>>;
  /** What users may use, by their names. */
  readonly users?: Readonly<Record<string, UserOptions>>;
  /**
   * Ways in with options of their own, by their names. With any of them there is a listener
   * `default` beside them only if {@link listen} says where.
   */
  readonly listeners?: Readonly<Record<string, ListenerOptions>>;
  /** Whether connections end when their users are removed or disabled, or expire. */
  readonly cutOff?: boolean;
  /** Where it is kept how much users and groups have moved. */
  readonly quotaFile?: string;
  /** Connections at once; 0: no limit. */
  readonly maxconn?: number;
  /** Connections at once from one client address, an IPv6 address standing for its /64; 0: no limit. */
  readonly maxconnPerAddress?: number;
  /** Connections at once of one user; 0: no limit. */
  readonly maxconnPerUser?: number;
  /** Connections at once whose clients have made no request: up to half of `maxconn`; 0: half. */
  readonly maxStartups?: number;
  /** Seconds without a byte either way until a connection is closed; 0: no limit. */
  readonly timeout?: number;
  /** Seconds from accept to the complete request; 0: no limit. */
  readonly handshakeTimeout?: number;
  /** Seconds until connecting to a destination fails. */
  readonly connectTimeout?: number;
  /** UDP associations at once of one client address; 0: no limit. */
  readonly maxassoc?: number;
  /** Seconds that BIND waits for its peer. */
  readonly bindTimeout?: number;
  /** Seconds without a datagram until an association ends; 0: no limit. */
  readonly udpTimeout?: number;
  /** External addresses for BIND and UDP: an address, a name, or `@INTERFACE`. */
  readonly bind?: readonly string[];
  /**
   * The local addresses of outgoing connections and datagrams: an IP address, `@INTERFACE`,
   * `client`, or `PREFIX/BITS`; the last one of each family counts.
   */
  readonly from?: readonly string[];
  /** Which family of addresses comes first, or is the only one; the system's order if left out. */
  readonly prefer?: Preference;
  /** Who is asked for names, in this order: `system` or URLs; `system` if there is none. */
  readonly resolver?: readonly string[];
  /** What replies to BIND and UDP ASSOCIATE tell instead, behind NAT. */
  readonly advertise?: readonly string[];
  /** Ports for BIND: `FIRST-LAST`. */
  readonly bindPorts?: string;
  /** Ports for clients' datagrams: `FIRST-LAST`. */
  readonly udpPorts?: string;
  /** Whether clients may speak SOCKS 4 and 4a where anonymous access is allowed. */
  readonly socks4?: boolean;
  /** Whether clients may speak HTTP, as to an HTTP proxy. */
  readonly http?: boolean;
  /** Different wrong passwords that lock a user out at an address; 0: never. */
  readonly maxLoginFailures?: number;
  /** Seconds that a lockout lasts. */
  readonly lockoutTime?: number;
  /** Extensions that are wanted besides those that something else asks for: folders, or names. */
  readonly extensions?: readonly string[];
  /** Folders of extensions that are loaded anew whenever their files change. */
  readonly extensionsDev?: readonly string[];
  /** Settings of extensions by their keys, such as `ldap.bindDn`. */
  readonly settings?: GivenSettings;
  /** Where installed extensions are; the user's data folder if left out. */
  readonly extensionsDir?: string;
  /** Whether no extension is loaded, whatever asks for one. */
  readonly noExtensions?: boolean;
  /** Seconds that an extension has to be activated. */
  readonly activationTimeout?: number;
  /** Seconds that an extension has to answer a question about a client. */
  readonly answerTimeout?: number;
}

/** Checked options: all are there but those that have no default. */
export type CheckedOptions = Required<
  Omit<
    ServerOptions,
    | 'bindPorts'
    | 'udpPorts'
    | 'quotaFile'
    | 'unixOwner'
    | 'prefer'
    | 'extensionsDir'
    | 'tlsCert'
    | 'tlsKey'
    | 'tlsClientCa'
  >
> &
  Pick<
    ServerOptions,
    | 'bindPorts'
    | 'udpPorts'
    | 'quotaFile'
    | 'unixOwner'
    | 'prefer'
    | 'extensionsDir'
    | 'tlsCert'
    | 'tlsKey'
    | 'tlsClientCa'
  >;

/** The options of the command beyond those of the server. */
export interface CommandOptions {
  /** Where the sections of listeners begin, for messages: FILE:LINE, by the listeners' names. */
  readonly listenerPlaces?: Readonly<Record<string, string>>;
  readonly user?: string;
  readonly group?: string;
  /** Stay in the foreground; false: go to the background. */
  readonly nofork?: boolean;
  readonly logmode?: LogMode;
  /** Takes the place of stderr for the log. */
  readonly logFile?: string;
  readonly loglevel?: LogLevel;
  readonly logFormat?: LogFormat;
  /** The fields that lines in JSON have; all, if there are none. */
  readonly logFields?: readonly string[];
  /** Seconds that connections have to finish when the server stops. */
  readonly grace?: number;
  /** How many processes serve: a number, or `auto`. */
  readonly workers?: string;
  /** Where the server can be asked and told: `unix:PATH`, `127.0.0.1:PORT` or `tls:ADDRESS:PORT`. */
  readonly control?: string;
  /** Where it is kept what users move in a day. */
  readonly usageFile?: string;
  /** The file with what whoever comes to that port has to know. */
  readonly controlToken?: string;
}

export type LogMode = 'syslog' | 'stderr' | 'combined';
export type LogLevel = 'none' | 'err' | 'warn' | 'notice' | 'info' | 'debug';
export type LogFormat = 'text' | 'json';

export type Settings = ServerOptions & CommandOptions;
