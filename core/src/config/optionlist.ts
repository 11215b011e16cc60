import { parseNetworkRule, parseRequestRule } from '../access/rules.js';
import { parseEndpoint } from '../listening/endpoint.js';
import { parseFrom } from '../outbound/from.js';
import { PREFERENCES } from '../outbound/prefer.js';
import { checkResolver } from '../outbound/resolvers/builtin.js';
import { parsePortRange } from '../transport/ports.js';
import type { Option } from './option.js';
import { parseWorkers } from './workercount.js';

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
    in: ['listener'],
    check: parseEndpoint,
    section: 'Server',
    description: 'Where to listen. On the command line it stands alone, without --listen.',
    details:
      'An IPv4 address, an IPv6 address in brackets, a host name, or * for all addresses; ' +
      'without an address, all. The port is a number or a service name of services(5); 1080 if ' +
      'left out. May be given several times. Those on the command line replace those of ' +
      'configuration files. Beyond loopback, users or --anonymous are required. What a name or * ' +
      'stands for and this machine does not have, such as IPv6, is left out with a warning, as ' +
      'long as one address is there.',
  },
  {
    key: 'auth',
    name: 'auth',
    short: 'a',
    argument: '[FORMAT:]FILE',
    schema: strings,
    default: [],
    in: ['listener'],
    names: 'source',
    section: 'Server',
    description: 'Read users from FILE. The only FORMAT is password. May be repeated.',
    details:
      'With this option clients have to authenticate, unless --anonymous is given as well. Of ' +
      'several files the first one that has the user decides; for CHAP, the first one that has a ' +
      '$base64$ secret of the user. See PASSWORD FILE.',
  },
  {
    key: 'anonymous',
    name: 'anonymous',
    short: 'A',
    schema: { type: 'boolean' },
    default: false,
    in: ['listener'],
    section: 'Server',
    description: 'Let clients in that do not authenticate, even if there are users.',
    details:
      'Who can authenticate and does has the rights of that user. A client that sends a user name ' +
      'with an empty password, as Java does where it has none, is one that does not authenticate.',
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
      'address of --from, or else at that which the route to its peer would use. Datagrams leave ' +
      'from it, unless --from says otherwise, or as the routes say.',
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
    key: 'from',
    name: 'from',
    argument: 'ADDRESS|@INTERFACE|client|PREFIX/BITS',
    schema: strings,
    default: [],
    in: ['listener', 'group', 'user'],
    check: parseFrom,
    section: 'Server',
    description: 'Local address of outgoing connections and datagrams. May be repeated.',
    details:
      'client is the address that the client came in on; of a PREFIX each connection, or ' +
      'association, has a random address. The last one of each address family counts; the other ' +
      'family leaves as the routes say, unless --prefer rules it out. See OUTGOING ADDRESSES.',
  },
  {
    key: 'prefer',
    name: 'prefer',
    argument: 'FAMILY',
    schema: { type: 'string', enum: PREFERENCES },
    default: undefined,
    in: ['listener'],
    section: 'Server',
    description: 'Which addresses of names come first: ipv4, ipv6, ipv4-only or ipv6-only.',
    details:
      'If not given, the order of the system (RFC 6724). With ipv4-only or ipv6-only names have ' +
      'addresses of that family only, no others are asked for, and a request for an address of ' +
      'the other family is refused (reply 08).',
  },
  {
    key: 'resolver',
    name: 'resolver',
    argument: 'system|URL',
    schema: strings,
    default: [],
    in: ['listener'],
    check: checkResolver,
    section: 'Server',
    description: 'Whom to ask for names: udp://, tcp://, tls:// or https://. May be repeated.',
    details:
      'The next one is asked where one does not know or does not answer. If not given, system. ' +
      'See NAME RESOLUTION.',
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
    in: ['listener'],
    section: 'Server',
    description: 'Serve SOCKS 4 and 4a as well, where anonymous access is allowed.',
  },
  {
    key: 'network',
    name: 'network',
    argument: '[!]ADDR[/BITS],...',
    schema: strings,
    default: [],
    in: ['listener', 'group'],
    commas: true,
    check: parseNetworkRule,
    section: 'Access',
    description: 'Which clients may connect. ! refuses; the first rule that matches decides.',
    details:
      'Without a rule every client may; with at least one, only clients that a rule allows. ' +
      'ADDR may be a host name, which stands for the addresses that it has, or *. See NAMES IN ' +
      'RULES.',
  },
  {
    key: 'request',
    name: 'request',
    argument: '[!]COMMAND[:DEST[:PORTS]],...',
    schema: strings,
    default: [],
    in: ['listener', 'group'],
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
      'address that PORTS follow stands in brackets. A rule that refuses an address refuses what ' +
      'leads there as well: 0.0.0.0 and :: to loopback, and IPv6 addresses with an IPv4 address ' +
      'inside (NAT64, 6to4, Teredo, ISATAP, IPv4-compatible and -translated ones) to that; a rule ' +
      'that allows an address allows nothing but it. A client that is not on loopback cannot ' +
      "reach the proxy host's own addresses (127.0.0.0/8, ::1, 0.0.0.0/8, ::, 169.254.0.0/16, " +
      'fe80::/10, multicast and broadcast of the link, and those of all its network interfaces) ' +
      'unless a rule names them, by an address or by a network of nothing else. See NAMES IN RULES.',
  },
  {
    key: 'maxconn',
    name: 'maxconn',
    argument: 'N',
    schema: count,
    default: 16_384,
    in: ['listener'],
    section: 'Limits',
    description: 'Connections at once; 0: no limit.',
    details:
      'Each takes two file descriptors. The limit of these is raised as far as the system allows ' +
      '(ulimit -Hn, or LimitNOFILE in a unit of systemd); a warning says if it is too low for N, ' +
      'or, if N is not given, for 1000 connections.',
  },
  {
    key: 'maxconnPerAddress',
    name: 'maxconn-per-address',
    argument: 'N',
    schema: count,
    default: 4096,
    section: 'Limits',
    description: 'Connections at once from one client address; 0: no limit.',
    details: 'An IPv6 address stands for its /64, here and with maxassoc.',
  },
  {
    key: 'maxconnPerUser',
    name: 'maxconn-per-user',
    argument: 'N',
    schema: count,
    default: 4096,
    section: 'Limits',
    description: 'Connections at once of one user; 0: no limit.',
    details: 'For a user whose section [user:NAME] has a maxconn, that one counts instead.',
  },
  {
    key: 'maxStartups',
    name: 'max-startups',
    argument: 'N',
    schema: count,
    default: 0,
    section: 'Limits',
    description: 'Connections at once whose clients have not made a request; 0: half of maxconn.',
    details:
      'More counts as that half. When there are as many, the oldest ' +
      'that waits for its client gives way to a new one, among those of the address (of IPv6, ' +
      'the /64) that has the most. And when maxconn or maxconn-per-address is reached, one that ' +
      'has kept silent for a second does. With workers each of them has its part of N.',
  },
  {
    key: 'timeout',
    name: 'timeout',
    argument: 'SECONDS',
    schema: seconds,
    default: 3600,
    in: ['listener'],
    clamp: true,
    section: 'Limits',
    description: 'Close a connection on which nothing moves for this long; 0: never.',
    details:
      'More than 3600 counts as 3600. It bounds the handshake as well. A flow that waits for its ' +
      'rate is not idle. What is closed in the middle of a flow, by this or another limit, is ' +
      'reset, so that it does not look complete.',
  },
  {
    key: 'handshakeTimeout',
    name: 'handshake-timeout',
    argument: 'SECONDS',
    schema: seconds,
    default: 10,
    in: ['listener'],
    section: 'Limits',
    description: 'A client has this long to authenticate and to make its request; 0: no limit.',
    details: 'A shorter timeout counts for this, too.',
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
    key: 'quotaFile',
    name: 'quota-file',
    argument: 'FILE',
    schema: { type: 'string' },
    default: undefined,
    section: 'Limits',
    description: 'Keep in FILE how many bytes users and groups with a quota have moved.',
    details:
      'Needed for quota-day and quota-month. Its folder has to be writable, or the file itself, ' +
      'which is then overwritten in its place. One that is damaged is kept as FILE.damaged-TIME, ' +
      'with a warning, and quotas count from zero.',
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
      'again does not count. Who has logged in with the same password at that address in the last ' +
      'ten minutes, or in --lockout-time if that is longer, gets in all the same (not by CHAP, ' +
      'which does not show the password).',
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
    details:
      "Without --group, to that user's primary group as well. Needs root. What has to be read and " +
      'written later is tried as that user at the start: a quota file that cannot be written is an ' +
      'error; for files that SIGHUP could not read again, and a log file that could not be opened ' +
      'again, there is a warning.',
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
    key: 'logFile',
    name: 'log-file',
    argument: 'FILE',
    schema: { type: 'string' },
    default: undefined,
    section: 'Process and log',
    description: 'Log to FILE, where it would be stderr. SIGUSR1 opens it again.',
    details:
      'It is appended to, and made with mode 0640; with --user it is given to that user. A change ' +
      'needs a restart. See LOG ROTATION.',
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
    description: 'How lines look: text (default) or json, one object a line.',
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
  {
    key: 'workers',
    name: 'workers',
    argument: 'N|auto',
    schema: { type: 'string' },
    default: '1',
    check: parseWorkers,
    section: 'Process and log',
    description: 'Processes that serve; auto: one for each processor.',
    details:
      'Limits, lockouts and quotas are those of all together. One that dies is replaced, also after ' +
      '--user: only its own connections are lost. If none can be started any more the server ends ' +
      'with an error. A change needs a restart.',
  },
];
