/** A metric family, as its exposition says what it is. */
export interface Family {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  /** The names of its labels; a label whose value is empty is left out. */
  readonly labels: readonly string[];
  /** Of a histogram, the upper bounds of its buckets, without the last one, which has none. */
  readonly buckets?: readonly number[];
  /** How the values of several processes are one: their sum, if it is left out. */
  readonly over?: 'min';
}

/** Spans of a handshake or a dial: from loopback's to what timeouts allow, s. */
const SPANS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** How late an event loop may be, s. */
const LAGS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

/** What tells connections apart where that is asked for. */
export const ASKED = ['user', 'destination'] as const;

function counter(name: string, help: string, ...labels: string[]): Family {
  return { name, type: 'counter', help, labels };
}

function gauge(name: string, help: string, ...labels: string[]): Family {
  return { name, type: 'gauge', help, labels };
}

function histogram(
  name: string,
  help: string,
  buckets: readonly number[],
  ...labels: string[]
): Family {
  return { name, type: 'histogram', help, labels, buckets };
}

const ofConnections = ['listener', 'dialect', 'command', 'group'];

export const opened = counter(
  'picosocks5_connections_opened_total',
  'Connections of clients that were let in.',
  'listener',
);
export const closed = counter(
  'picosocks5_connections_total',
  'Connections of clients that are over, by why they ended.',
  ...[...ofConnections, 'reason', ...ASKED],
);
export const active = gauge(
  'picosocks5_connections_active',
  'Connections of clients at this moment; one without a command has made no request yet.',
  ...[...ofConnections, ...ASKED],
);
export const bytes = counter(
  'picosocks5_bytes_total',
  'Bytes of clients that were relayed: up to destinations, down to clients.',
  ...['direction', 'listener', 'group', ...ASKED],
);
export const droppedDatagrams = counter(
  'picosocks5_datagrams_dropped_total',
  'UDP datagrams of clients that were not relayed.',
  'listener',
);
export const refused = counter(
  'picosocks5_refusals_total',
  'Connections and requests that were refused, failed logins left out.',
  ...['listener', 'dialect', 'command', 'reason'],
);
export const refusedDatagrams = counter(
  'picosocks5_datagram_refusals_total',
  'Refusals of destinations of UDP datagrams, each told once in a while.',
  ...['listener', 'reason'],
);
export const failedLogins = counter(
  'picosocks5_login_failures_total',
  'Logins that failed: wrong, repeated (the same wrong password), locked, busy, source-failed, other.',
  ...['listener', 'method', 'cause'],
);
export const lockouts = counter(
  'picosocks5_lockouts_total',
  'Lockouts of users, and of addresses, that wrong passwords have led to.',
);
export const messages = counter(
  'picosocks5_log_messages_total',
  'Warnings and errors that were told.',
  'level',
);
export const handshakes = histogram(
  'picosocks5_handshake_duration_seconds',
  'From the arrival of a client to its request, the login included.',
  SPANS,
  ...['listener'],
);
export const dials = histogram(
  'picosocks5_dial_duration_seconds',
  'From the request of a client for a connection to its answer: rules, resolving, connecting.',
  SPANS,
  ...['via', 'outcome'],
);
export const lag = histogram(
  'picosocks5_event_loop_lag_seconds',
  'How late timers were, looked at once a second in each process.',
  LAGS,
);
export const processes = gauge(
  'picosocks5_processes',
  'Processes that serve, and that are summed up here.',
);
export const build = gauge(
  'picosocks5_build_info',
  'The version of PicoSOCKS5; always 1.',
  'version',
);
export const cpu = counter(
  'process_cpu_seconds_total',
  'CPU time of all processes that serve, of user and system.',
);
export const memory = gauge(
  'process_resident_memory_bytes',
  'Resident memory of all processes that serve.',
);
export const openFiles = gauge(
  'process_open_fds',
  'Open file descriptors of all processes that serve.',
);
export const maxFiles = gauge(
  'process_max_fds',
  'File descriptors that all processes that serve may have open.',
);
export const started: Family = {
  ...gauge('process_start_time_seconds', 'When the first of the processes that serve started.'),
  over: 'min',
};

/** All of them, in the order in which they are told. */
export const FAMILIES: readonly Family[] = [
  ...[build, processes, opened, closed, active, bytes, refused, failedLogins, lockouts],
  ...[droppedDatagrams, refusedDatagrams, handshakes, dials, messages, lag],
  ...[cpu, memory, openFiles, maxFiles, started],
];
