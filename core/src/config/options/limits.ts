import type { Option } from '../option.js';
import { count, seconds } from './schemas.js';

/** How much clients may have, and for how long, in the order of `--help`. */
export const LIMITS: readonly Option[] = [
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
    key: 'cutOff',
    name: 'cut-off',
    schema: { type: 'boolean' },
    default: false,
    section: 'Limits',
    description: 'End connections within a second when their users may not log in any more.',
    details:
      'That is when a user is removed or disabled, by a reload or in a database, or has expired. ' +
      'Without it they go on until one side ends them. Who is known by a certificate alone is no ' +
      'user of a source.',
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
];
