import { parseNetworkRule, parseRequestRule } from '../access/rules.js';
import { UserError } from '../errors.js';
import { parseEndpoint } from '../net/endpoint.js';
import { parsePortRange } from '../net/ports.js';

/** The rules for the users of a group: a section `[group]` of the INI file. */
export interface GroupOptions {
  readonly network?: readonly string[];
  readonly request?: readonly string[];
  /** The group whose rules follow this one's. */
  readonly base?: string;
}

/** All options of a server, with the names of the command line in camel case. */
export interface ServerOptions {
  /** Where to listen: `[ADDRESS][:PORT]`, such as `127.0.0.1:1080`, `*:1080`, `[::1]`. */
  readonly listen?: readonly string[];
  /** Sources of users: `[FORMAT:]FILE`. */
  readonly auth?: readonly string[];
  /** Clients need not authenticate, even if there are users. */
  readonly anonymous?: boolean;
  /** Clients that may connect: `[!]ADDRESS[/BITS]`. */
  readonly network?: readonly string[];
  /** Requests that are allowed: `[!]COMMAND[:DESTINATION[:PORTS]]`. */
  readonly request?: readonly string[];
  /** Rules by group; `*` is for anonymous users and users without a group. */
  readonly groups?: Readonly<Record<string, GroupOptions>>;
  /** Connections at once; 0: no limit. */
  readonly maxconn?: number;
  /** Connections at once from one client address; 0: no limit. */
  readonly maxconnPerAddress?: number;
  /** Connections at once of one user; 0: no limit. */
  readonly maxconnPerUser?: number;
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
  /** What replies to BIND and UDP ASSOCIATE tell instead, behind NAT. */
  readonly advertise?: readonly string[];
  /** Ports for BIND: `FIRST-LAST`. */
  readonly bindPorts?: string;
  /** Ports for clients' datagrams: `FIRST-LAST`. */
  readonly udpPorts?: string;
  /** Whether clients may speak SOCKS 4 and 4a where anonymous access is allowed. */
  readonly socks4?: boolean;
  /** Different wrong passwords that lock a user out at an address; 0: never. */
  readonly maxLoginFailures?: number;
  /** Seconds that a lockout lasts. */
  readonly lockoutTime?: number;
}

/** Checked options: all are there but those that have no default. */
export type CheckedOptions = Required<Omit<ServerOptions, Undefaulted>> &
  Pick<ServerOptions, Undefaulted>;
type Undefaulted = 'bindPorts' | 'udpPorts';

/** The options of the command beyond those of the server. */
export interface CommandOptions {
  readonly user?: string;
  readonly group?: string;
  /** Stay in the foreground; false: go to the background. */
  readonly nofork?: boolean;
  readonly logmode?: LogMode;
  readonly loglevel?: LogLevel;
  readonly logFormat?: LogFormat;
  /** Seconds that connections have to finish when the server stops. */
  readonly grace?: number;
}

export type LogMode = 'syslog' | 'stderr' | 'combined';
export type LogLevel = 'none' | 'err' | 'warn' | 'notice' | 'info' | 'debug';
export type LogFormat = 'text' | 'json';

export type Settings = ServerOptions & CommandOptions;

/** What values an option takes, as JSON Schema says it. */
export type ValueSchema =
  | { readonly type: 'boolean' }
  | { readonly type: 'string'; readonly enum?: readonly string[] }
  | {
      readonly type: 'integer' | 'number';
      readonly minimum: number;
      readonly maximum: number;
    }
  | { readonly type: 'array'; readonly items: { readonly type: 'string' } };

/** One option: of the command line, the INI file, and the library. */
export interface Option {
  readonly key: keyof Settings;
  /** Behind `--`, and in the INI file. */
  readonly name: string;
  readonly short?: string;
  /** What stands for the value in `--help`. */
  readonly argument?: string;
  readonly schema: ValueSchema;
  readonly default: unknown;
  /** One value holds several, with commas between. */
  readonly commas?: boolean;
  /** Throws if one string of a value is malformed. */
  readonly check?: (text: string) => unknown;
  /** A number above the maximum counts as the maximum. */
  readonly clamp?: boolean;
  /** For `--help`: one or two lines. */
  readonly description: string;
  /** For the manual page: what the description leaves out. */
  readonly details?: string;
  readonly section: 'Server' | 'Access' | 'Limits' | 'Process and log';
}

const strings = { type: 'array', items: { type: 'string' } } as const;
const count = { type: 'integer', minimum: 0, maximum: 1_000_000 } as const;
const seconds = { type: 'number', minimum: 0, maximum: 3600 } as const;

/** Every option, in the order of `--help`. */
export const OPTIONS: readonly Option[] = [
  {
    key: 'listen',
    name: 'listen',
    argument: 'ADDRESS[:PORT]',
    schema: strings,
    default: ['127.0.0.1:1080'],
    check: parseEndpoint,
    section: 'Server',
    description: 'Where to listen. On the command line it stands alone, without --listen.',
    details:
      'An IPv4 address, an IPv6 address in brackets, a host name, or * for all addresses; ' +
      'without an address, all. The port is a number or a service name of services(5); 1080 if ' +
      'left out. May be given several times. Those on the command line replace those of ' +
      'configuration files. Beyond loopback, users or --anonymous are required.',
  },
  {
    key: 'auth',
    name: 'auth',
    short: 'a',
    argument: '[FORMAT:]FILE',
    schema: strings,
    default: [],
    section: 'Server',
    description: 'Read users from FILE. The only FORMAT is password. May be repeated.',
    details:
      'With this option clients have to authenticate, unless --anonymous is given as well. See ' +
      'PASSWORD FILE.',
  },
  {
    key: 'anonymous',
    name: 'anonymous',
    short: 'A',
    schema: { type: 'boolean' },
    default: false,
    section: 'Server',
    description: 'Let clients in that do not authenticate, even if there are users.',
  },
  {
    key: 'bind',
    name: 'bind',
    short: 'B',
    argument: 'ADDRESS|HOST|@INTERFACE',
    schema: strings,
    default: [],
    section: 'Server',
    description: 'External address for BIND and UDP ASSOCIATE; found by itself if not given.',
    details:
      'The last one of each address family counts. If it is not given, BIND listens at the ' +
      'address that the route to its peer would use, and datagrams leave as the routes say.',
  },
  {
    key: 'advertise',
    name: 'advertise',
    argument: 'ADDRESS|HOST',
    schema: strings,
    default: [],
    section: 'Server',
    description: 'Address to tell clients in replies to BIND and UDP ASSOCIATE, behind NAT.',
    details: 'The last one of each address family counts.',
  },
  {
    key: 'bindPorts',
    name: 'bind-ports',
    argument: 'FIRST-LAST',
    schema: { type: 'string' },
    default: undefined,
    check: parsePortRange,
    section: 'Server',
    description: 'Ports at which BIND listens; any free port if not given.',
  },
  {
    key: 'udpPorts',
    name: 'udp-ports',
    argument: 'FIRST-LAST',
    schema: { type: 'string' },
    default: undefined,
    check: parsePortRange,
    section: 'Server',
    description: "Ports that take clients' datagrams; any free port if not given.",
  },
  {
    key: 'socks4',
    name: 'socks4',
    schema: { type: 'boolean' },
    default: true,
    section: 'Server',
    description: 'Serve SOCKS 4 and 4a as well, where anonymous access is allowed.',
  },
  {
    key: 'network',
    name: 'network',
    argument: '[!]ADDR[/BITS],...',
    schema: strings,
    default: [],
    commas: true,
    check: parseNetworkRule,
    section: 'Access',
    description: 'Which clients may connect. ! refuses; the first rule that matches decides.',
    details:
      'Without a rule every client may; with at least one, only clients that a rule allows. ' +
      'ADDR may be a host name, which is resolved when the rules are loaded, or *.',
  },
  {
    key: 'request',
    name: 'request',
    argument: '[!]COMMAND[:DEST[:PORTS]],...',
    schema: strings,
    default: [],
    commas: true,
    check: parseRequestRule,
    section: 'Access',
    description:
      'Which requests are allowed. COMMAND: connect, bind, assoc or all. DEST: * or ADDR[/BITS] ' +
      'or a name or *.NAME.',
    details:
      'The first rule that matches decides; with at least one rule, what matches none is ' +
      'refused. Rules are judged on the addresses that a name resolves to, and only those that ' +
      'are allowed are dialled. PORTS is a port or a range, such as 443 or 8000-8099; an IPv6 ' +
      'address that PORTS follow stands in brackets. A client that is not on loopback cannot ' +
      "reach the proxy host's own addresses (127.0.0.0/8, ::1, 0.0.0.0/8, ::, 169.254.0.0/16, " +
      'fe80::/10) unless a rule names them.',
  },
  {
    key: 'maxconn',
    name: 'maxconn',
    argument: 'N',
    schema: count,
    default: 16_384,
    section: 'Limits',
    description: 'Connections at once; 0: no limit.',
  },
  {
    key: 'maxconnPerAddress',
    name: 'maxconn-per-address',
    argument: 'N',
    schema: count,
    default: 4096,
    section: 'Limits',
    description: 'Connections at once from one client address; 0: no limit.',
  },
  {
    key: 'maxconnPerUser',
    name: 'maxconn-per-user',
    argument: 'N',
    schema: count,
    default: 4096,
    section: 'Limits',
    description: 'Connections at once of one user; 0: no limit.',
  },
  {
    key: 'timeout',
    name: 'timeout',
    argument: 'SECONDS',
    schema: seconds,
    default: 3600,
    clamp: true,
    section: 'Limits',
    description: 'Close a connection on which nothing moves for this long; 0: never.',
    details: 'More than 3600 counts as 3600.',
  },
  {
    key: 'handshakeTimeout',
    name: 'handshake-timeout',
    argument: 'SECONDS',
    schema: seconds,
    default: 10,
    section: 'Limits',
    description: 'A client has this long to authenticate and to make its request; 0: no limit.',
  },
  {
    key: 'connectTimeout',
    name: 'connect-timeout',
    argument: 'SECONDS',
    schema: { ...seconds, minimum: 0.1 },
    default: 30,
    section: 'Limits',
    description: 'Connecting to a destination may take this long.',
  },
  {
    key: 'bindTimeout',
    name: 'bind-timeout',
    argument: 'SECONDS',
    schema: { ...seconds, minimum: 1 },
    default: 180,
    section: 'Limits',
    description: 'BIND waits this long for its peer.',
  },
  {
    key: 'udpTimeout',
    name: 'udp-timeout',
    argument: 'SECONDS',
    schema: seconds,
    default: 300,
    section: 'Limits',
    description: 'End a UDP association without a datagram for this long; 0: never.',
  },
  {
    key: 'maxassoc',
    name: 'maxassoc',
    argument: 'N',
    schema: count,
    default: 256,
    section: 'Limits',
    description: 'UDP associations at once of one client address; 0: no limit.',
  },
  {
    key: 'maxLoginFailures',
    name: 'max-login-failures',
    argument: 'N',
    schema: { ...count, maximum: 1000 },
    default: 10,
    section: 'Limits',
    description: 'Lock a user out at an address after N different wrong passwords; 0: never.',
    details:
      'Ten times as many, for whatever users, lock out the address. The same wrong password ' +
      'again does not count, and who has logged in at that address lately gets in all the same.',
  },
  {
    key: 'lockoutTime',
    name: 'lockout-time',
    argument: 'SECONDS',
    schema: { type: 'number', minimum: 1, maximum: 86_400 },
    default: 600,
    section: 'Limits',
    description: 'How long a lockout lasts.',
  },
  {
    key: 'user',
    name: 'user',
    short: 'u',
    argument: 'USER',
    schema: { type: 'string' },
    default: undefined,
    section: 'Process and log',
    description: 'Drop privileges to USER (name or number) once all is open.',
    details: "Without --group, to that user's primary group as well. Needs root.",
  },
  {
    key: 'group',
    name: 'group',
    short: 'g',
    argument: 'GROUP',
    schema: { type: 'string' },
    default: undefined,
    section: 'Process and log',
    description: 'Drop privileges to GROUP (name or number).',
  },
  {
    key: 'nofork',
    name: 'nofork',
    schema: { type: 'boolean' },
    default: undefined,
    section: 'Process and log',
    description: 'Stay in the foreground, which is the default.',
    details: 'nofork = no in a configuration file does what --fork does.',
  },
  {
    key: 'logmode',
    name: 'logmode',
    short: 'L',
    argument: 'MODE',
    schema: { type: 'string', enum: ['syslog', 'stderr', 'combined'] },
    default: undefined,
    section: 'Process and log',
    description: 'Log to syslog, stderr, or combined: both. stderr in the foreground.',
  },
  {
    key: 'loglevel',
    name: 'loglevel',
    short: 'v',
    argument: 'LEVEL',
    schema: { type: 'string', enum: ['err', 'warn', 'notice', 'info', 'debug', 'none'] },
    default: 'info',
    section: 'Process and log',
    description: 'What to log: err, warn, notice, info (default), debug or none.',
    details: 'info has a line for every finished connection, debug one for each of its steps.',
  },
  {
    key: 'logFormat',
    name: 'log-format',
    argument: 'FORMAT',
    schema: { type: 'string', enum: ['text', 'json'] },
    default: 'text',
    section: 'Process and log',
    description: 'How lines on stderr look: text (default) or json, one object a line.',
  },
  {
    key: 'grace',
    name: 'grace',
    argument: 'SECONDS',
    schema: seconds,
    default: 5,
    section: 'Process and log',
    description: 'Connections have this long to finish when the server is told to stop.',
  },
];

const serverOptions = OPTIONS.filter(({ section }) => section !== 'Process and log');

/** Those of the options that are the server's, not the command's. */
export function pickServerOptions(settings: Settings): ServerOptions {
  const given: Readonly<Record<string, unknown>> = { ...settings };
  const own = serverOptions.filter(({ key }) => given[key] !== undefined);
  return {
    ...Object.fromEntries(own.map(({ key }) => [key, given[key]])),
    groups: settings.groups ?? {},
  };
}

/** Says which values an option takes. */
function expected({ schema, clamp }: Option): string {
  switch (schema.type) {
    case 'boolean':
      return 'yes or no';
    case 'integer':
    case 'number': {
      const kind = schema.type === 'integer' ? 'a whole number' : 'a number';
      const range = clamp
        ? `${schema.minimum} or more`
        : `from ${schema.minimum} to ${schema.maximum}`;
      return `${kind} ${range}`;
    }
    case 'string':
      return schema.enum === undefined ? 'a text' : `one of ${schema.enum.join(', ')}`;
    case 'array':
      return 'a list of texts';
  }
}

function quoted(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

/**
 * Checks a value that is typed already.
 *
 * @returns the value, a number no larger than what the option takes at most if it clamps.
 * @throws {UserError} naming what would be right.
 */
export function checkValue(option: Option, value: unknown): unknown {
  const { schema } = option;
  const wrong = () => new UserError(`expected ${expected(option)}, not ${quoted(value)}`);
  switch (schema.type) {
    case 'boolean':
      if (typeof value !== 'boolean') throw wrong();
      return value;
    case 'integer':
    case 'number': {
      if (typeof value !== 'number' || !Number.isFinite(value)) throw wrong();
      if (schema.type === 'integer' && !Number.isInteger(value)) throw wrong();
      if (value < schema.minimum || (value > schema.maximum && !option.clamp)) throw wrong();
      return Math.min(value, schema.maximum);
    }
    case 'string':
      if (typeof value !== 'string' || value === '') throw wrong();
      if (schema.enum !== undefined && !schema.enum.includes(value)) throw wrong();
      option.check?.(value);
      return value;
    case 'array':
      if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) throw wrong();
      for (const item of value) checkItem(option, item);
      return value;
  }
}

function checkItem(option: Option, item: string): void {
  if (item === '') throw new UserError(`expected ${option.argument}`);
  option.check?.(item);
}

/**
 * Reads a value as it stands on the command line or in an INI file.
 *
 * @throws {UserError} naming what would be right.
 */
export function parseValue(option: Option, text: string): unknown {
  const { schema } = option;
  switch (schema.type) {
    case 'boolean': {
      const word = text.toLowerCase();
      if (['yes', 'true', '1'].includes(word)) return true;
      return checkValue(option, ['no', 'false', '0', 'off', ''].includes(word) ? false : text);
    }
    case 'integer':
    case 'number': {
      const number = /^[+-]?(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : Number.NaN;
      try {
        return checkValue(option, number);
      } catch {
        throw new UserError(`expected ${expected(option)}, not ${quoted(text)}`);
      }
    }
    case 'string':
      return checkValue(option, text);
    case 'array':
      return checkValue(
        option,
        option.commas ? text.split(',').map((item) => item.trim()) : [text],
      );
  }
}

/**
 * Checks the options of a server given by a program.
 *
 * @returns all of them, with the defaults of those that are not given.
 * @throws {UserError} naming the option.
 */
export function checkServerOptions(options: ServerOptions): CheckedOptions {
  const given: Readonly<Record<string, unknown>> = { ...options };
  const checked: Record<string, unknown> = { groups: options.groups ?? {} };
  for (const name of Object.keys(given)) {
    if (name !== 'groups' && !serverOptions.some(({ key }) => key === name)) {
      throw new UserError(`${name}: there is no such option`);
    }
  }
  for (const option of serverOptions) {
    const value = given[option.key];
    try {
      checked[option.key] = value === undefined ? option.default : checkValue(option, value);
    } catch (error) {
      throw error instanceof UserError ? new UserError(`${option.key}: ${error.message}`) : error;
    }
  }
  return checked as unknown as CheckedOptions;
}
