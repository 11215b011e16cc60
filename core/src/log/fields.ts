import type { LogEntry } from './logline.js';

type KeysOf<T> = T extends unknown ? keyof T : never;

/** The fields that a line of JSON may have. */
export type LogField = KeysOf<LogEntry> | 'level' | 'cut';

/**
 * What they mean. They stay what they are: programs read them. `docs/log.md` says the same, beside
 * which lines have which.
 */
export const LOG_FIELDS: Readonly<Record<LogField, string>> = {
  time: 'When, in the form of RFC 3339, UTC, with milliseconds.',
  level: '`err`, `warn`, `notice`, `info` or `debug`.',
  type: 'What has happened.',
  id: 'Of the connection, which all of its lines have; it counts up while the server runs.',
  client: 'Where the client is: `{"host", "port"}`.',
  balancer: 'The load balancer that told the client: `{"host", "port"}`.',
  listener: "The listener's name, where there are several.",
  user: 'The user; left out for an anonymous client.',
  group: "The user's group.",
  method: 'The authentication method, such as `userpass`.',
  dialect: 'What the client speaks: `socks5`, `socks4`, `http`.',
  command: '`connect`, `bind` or `associate`.',
  destination: 'As the client named it: `{"host", "port"}`.',
  via: 'The way out, where it is not direct.',
  bound: 'The local end of the connection to the remote host: `{"host", "port"}`.',
  remote: 'The remote host: `{"host", "port"}`.',
  reason: 'Why it ended, or was refused, such as `finished`, `idle-timeout`, `not-allowed`.',
  detail: 'The same in words.',
  code: 'Why a login failed, for programs.',
  lockout: '`true` where this failed login began a lockout.',
  diagnosis: 'What the client got wrong: `{"code", ...}`.',
  datagram: '`true` where only datagrams to this destination were refused.',
  up: 'Bytes from the client.',
  down: 'Bytes to the client.',
  dropped: 'Datagrams that were not relayed.',
  since: 'When the connection began, in the form of `time`.',
  duration: 'From then to its last byte, milliseconds.',
  address: 'Where the server listens: `{"host", "port"}`.',
  scheme: 'The layer that clients have to speak there, such as `tls`.',
  before: 'The listener that has had this address until a reload.',
  message: 'A sentence.',
  extension: 'The extension that says so.',
  uptime: 'Since the server started, seconds.',
  workers: 'Processes that serve beside the first one.',
  connections: 'Connections at this moment.',
  handshakes: 'Those without a request yet.',
  connect: 'Those of CONNECT.',
  bind: 'Those of BIND.',
  associate: 'Those of UDP ASSOCIATE.',
  users: 'Different users of them.',
  memory: 'Of the process that logs, bytes.',
  cut: '`true` where texts were cut, so that a message of syslog has room.',
};

/** Whether a text is the name of a field. */
export function isLogField(text: string): text is LogField {
  return Object.hasOwn(LOG_FIELDS, text);
}
