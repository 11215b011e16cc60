import { checkBalancer } from '../access/balancers.js';
import { parseNetworkRule, parseRequestRule } from '../access/rules.js';
import { parseListenEndpoint } from '../listening/endpoint.js';
import { checkOwner, parseMode } from '../listening/unixsocket.js';
import { parseFrom } from '../outbound/from.js';
import { PREFERENCES } from '../outbound/prefer.js';
import { checkResolver } from '../outbound/resolvers/builtin.js';
import { parsePortRange } from '../transport/ports.js';
import type { Option } from './option.js';
import { EXTENSIONS } from './options/extensions.js';
import { LIMITS } from './options/limits.js';
import { PROCESS } from './options/process.js';
import { strings } from './options/schemas.js';
import { parseVia } from './via.js';

/** Every option, in the order of `--help`: those of the server and its access, and the others. */
export const OPTIONS: readonly Option[] = [
  {
    key: 'listen',
    name: 'listen',
    argument: '[tls://]ADDRESS[:PORT]|unix:PATH',
    schema: strings,
    default: ['127.0.0.1:1080'],
    in: ['listener'],
    check: parseListenEndpoint,
    section: 'Server',
    description: 'Where to listen. On the command line it stands alone, without --listen.',
    details:
      'An IPv4 address, an IPv6 address in brackets, a host name, or * for all addresses; ' +
      'without an address, all. The port is a number or a service name of services(5); 1080 if ' +
      'left out. Clients of an address behind tls:// have to speak TLS before all else; see TLS. ' +
      'Extensions may bring schemes of their own. ' +
      'May be given several times. Those on the command line replace those of ' +
      'configuration files. Beyond loopback, users or --anonymous are required. What a name or * ' +
      'stands for and this machine does not have, such as IPv6, is left out with a warning, as ' +
      'long as one address is there. unix:PATH is a UNIX socket, see UNIX SOCKETS; fd@NUMBER a ' +
      'descriptor of a listening socket that the program was started with.',
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
    description: 'Read users from FILE: a password file, if no FORMAT says else. May be repeated.',
    details:
      'With this option clients have to authenticate, unless --anonymous is given as well. Of ' +
      'several files the first one that has the user decides; for CHAP, the first one that has a ' +
      '$base64$ secret of the user. See PASSWORD FILE. Extensions have other formats: ' +
      'userdb:FILE for a database of very many users, see USER DATABASE; ldap:LDAP-URL for a ' +
      'directory (picosocks5 --help --extensions).',
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
    key: 'tlsCert',
    name: 'tls-cert',
    argument: 'FILE',
    schema: { type: 'string' },
    default: undefined,
    in: ['listener'],
    names: 'file',
    section: 'Server',
    description: 'Certificate for addresses behind tls://, in PEM, with those of its authorities.',
    details:
      "The first one in FILE is the server's own, the others are those between it and a root. One " +
      'that expires within 14 days, or has expired, is warned of at the start, at a reload, and daily.',
  },
  {
    key: 'tlsKey',
    name: 'tls-key',
    argument: 'FILE',
    schema: { type: 'string' },
    default: undefined,
    in: ['listener'],
    names: 'file',
    section: 'Server',
    description: 'Key of that certificate, in PEM; in the same file if not given.',
    details: 'RSA or EC, without a passphrase. One that others can read is warned of.',
  },
  {
    key: 'tlsClientCa',
    name: 'tls-client-ca',
    argument: 'FILE',
    schema: { type: 'string' },
    default: undefined,
    in: ['listener'],
    names: 'file',
    section: 'Server',
    description:
      'Let clients of tls:// in by a certificate of the authorities in FILE, and only so.',
    details:
      'The common name (CN) of its subject is the user, or the whole subject where it has none or ' +
      'several, and no password is asked for. The group is the one that the user has in a file of ' +
      '--auth, if it is there.',
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
    key: 'http',
    name: 'http',
    schema: { type: 'boolean' },
    default: true,
    in: ['listener'],
    section: 'Server',
    description: 'Serve HTTP clients as well: CONNECT, and requests for http:// addresses.',
    details:
      'On the same port, with the same users, rules and limits; a request for an http:// address ' +
      'counts as connect. See HTTP.',
  },
  {
    key: 'proxyProtocol',
    name: 'proxy-protocol',
    argument: 'ADDR[/BITS]|unix,...',
    schema: strings,
    default: [],
    in: ['listener'],
    commas: true,
    check: checkBalancer,
    section: 'Server',
    description: 'Load balancers: their connections begin with a PROXY header, or are closed.',
    details:
      'Versions 1 and 2 of the PROXY protocol, as HAProxy sends them with send-proxy and ' +
      'send-proxy-v2. Rules, limits, lockouts and the log then have the client that the header ' +
      'tells, and its balancer only beside it; a header of LOCAL or UNKNOWN leaves the balancer ' +
      'as the client. unix is who comes by a UNIX socket. Of others no header is read. See LOAD ' +
      'BALANCERS.',
  },
  {
    key: 'unixMode',
    name: 'unix-mode',
    argument: 'MODE',
    schema: { type: 'string' },
    default: '0600',
    in: ['listener'],
    check: parseMode,
    section: 'Server',
    description: 'Who may connect to UNIX sockets: a mode of chmod(1), of which w counts.',
  },
  {
    key: 'unixOwner',
    name: 'unix-owner',
    argument: 'USER[:GROUP]',
    schema: { type: 'string' },
    default: undefined,
    in: ['listener'],
    check: checkOwner,
    section: 'Server',
    description: 'Whose UNIX sockets are. :GROUP alone leaves the user.',
    details: 'Names or numbers. Without it, of the user who starts the server, also with --user.',
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
    key: 'via',
    name: 'via',
    argument: '[DEST[:PORTS]=]WAY',
    schema: strings,
    default: [],
    in: ['listener', 'group', 'user'],
    check: parseVia,
    section: 'Access',
    description:
      'Which way connections leave: direct, block, SCHEME://[USER:PASSWORD@]HOST[:PORT], or the ' +
      'NAME of a section [upstream:NAME]. May be repeated.',
    details:
      'DEST is as in --request, and * if left out; the first rule that matches decides, and what ' +
      'matches none leaves directly. Several ways with | between are tried in their order. See ' +
      'WAYS OUT.',
  },
  ...LIMITS,
  ...EXTENSIONS,
  ...PROCESS,
];
