import type { Lockedout } from '../auth/lockout.js';
import type { LogLevel, Settings } from '../config/settings.js';
import type { AllowanceLimits } from '../limits/allowance.js';
import { emptyUsage, type Usage, usageAt } from '../limits/usage.js';
import type { ListenerState } from '../listening/listeningsocket.js';
import type { ConnectionInfo } from '../log/events.js';
import { hidePasswords } from '../outbound/upstream/url.js';
import type { ExtensionState } from '../process/questions.js';
import type { LastReload, ReloadOutcome } from '../process/reloader.js';
import type { UsageDays } from '../process/usagedays.js';
import type { CheckResult } from '../server/check.js';
import type { SharedStateStatus } from '../sharing/replica.js';
import type { Counters } from './feed.js';

/** A connection as it is told: its time as people and machines read it. */
export function connectionOf({ since, ...connection }: ConnectionInfo) {
  return { ...connection, since: new Date(since).toISOString() };
}

export function lockoutOf({ left, ...lockout }: Lockedout) {
  return {
    ...lockout,
    seconds: Math.ceil(left / 1000),
    until: new Date(Date.now() + left).toISOString(),
  };
}

/** How it stands with what several servers share. */
export function sharedStateOf({ id, isThere, since, trouble }: SharedStateStatus) {
  return {
    id,
    state: isThere ? ('there' as const) : ('away' as const),
    seconds: Math.floor(since / 1000),
    ...(trouble === undefined ? {} : { trouble }),
  };
}

interface Open {
  connections: number;
  up: number;
  down: number;
}

/** What users and groups use at this moment, and what those with limits have used. */
export function usageOf(
  connections: readonly ConnectionInfo[],
  used: Readonly<Record<string, Usage>>,
  { users = {}, groups = {} }: Settings,
) {
  const open = new Map<string, Open>();
  for (const { user, group, up, down } of connections) {
    for (const name of [user && `user ${user}`, group && `group ${group}`]) {
      if (name === undefined || name === '') continue;
      const sum = open.get(name) ?? { connections: 0, up: 0, down: 0 };
      sum.connections++;
      sum.up += up;
      sum.down += down;
      open.set(name, sum);
    }
  }
  const limits = new Map<string, AllowanceLimits>();
  for (const [name, own] of Object.entries(users)) limits.set(`user ${name}`, own);
  for (const [name, own] of Object.entries(groups)) limits.set(`group ${name}`, own.limits ?? {});
  const now = new Date();
  const names = new Set([...open.keys(), ...Object.keys(used), ...limits.keys()]);
  const all = [...names].sort().map((whole) => {
    const { perDay, perMonth, connections: most, rateUp, rateDown } = limits.get(whole) ?? {};
    const known = Object.hasOwn(used, whole) ? (used[whole] as Usage) : undefined;
    const { dayBytes, monthBytes } = usageAt(known ?? emptyUsage, now);
    const space = whole.indexOf(' ');
    return {
      isUser: whole.startsWith('user '),
      entry: {
        name: whole.slice(space + 1),
        ...(open.get(whole) ?? { connections: 0, up: 0, down: 0 }),
        ...(known === undefined ? {} : { dayBytes, monthBytes }),
        limits: {
          ...(most === undefined ? {} : { connections: most }),
          ...(rateUp === undefined ? {} : { rateUp }),
          ...(rateDown === undefined ? {} : { rateDown }),
          ...(perDay === undefined ? {} : { perDay }),
          ...(perMonth === undefined ? {} : { perMonth }),
        },
      },
    };
  });
  const of = (isUser: boolean) =>
    all.filter((one) => one.isUser === isUser).map(({ entry }) => entry);
  return { users: of(true), groups: of(false) };
}

/**
 * Who is let in where, and where connections go, by the options that are in force; those of
 * listeners and groups with names of their own are not among them. No password is in it.
 */
export function routingOf(settings: Settings) {
  const { auth = [], anonymous = false, http = false } = settings;
  const { network = [], request = [], via = [], upstreams = {} } = settings;
  return {
    authentication: auth.length > 0 && !anonymous,
    http,
    network,
    request,
    via: via.map(hidePasswords),
    upstreams: Object.entries(upstreams).map(([name, { url, user, through, tlsCa }]) => ({
      name,
      url: hidePasswords(url),
      ...(user === undefined ? {} : { user }),
      ...(through === undefined ? {} : { through }),
      ...(tlsCa === undefined ? {} : { tlsCa }),
    })),
  };
}

/** How a request would be answered. */
export function checkOf({ group, allowed, by, addresses, via }: CheckResult) {
  return {
    ...(group === undefined ? {} : { group }),
    allowed,
    ...(by === undefined ? {} : { by }),
    addresses,
    ...(via === undefined ? {} : { via }),
  };
}

/** Answers as programs read them: `docs/control.openapi.json` says the same. */
export interface StatusAnswer {
  readonly version: string;
  readonly pid: number;
  readonly state: 'serving' | 'draining';
  readonly started: string;
  /** Since then, s. */
  readonly uptime: number;
  /** 0: it serves by itself. */
  readonly workers: number;
  /** Of the process that answers, bytes. */
  readonly memory: number;
  readonly logLevel: LogLevel;
  readonly listeners: readonly ListenerState[];
  readonly connections: {
    readonly total: number;
    readonly handshakes: number;
    readonly connect: number;
    readonly bind: number;
    readonly associate: number;
    readonly users: number;
    readonly up: number;
    readonly down: number;
  };
  readonly since: Counters;
  readonly reload?: LastReload;
  readonly sharedState?: ReturnType<typeof sharedStateOf>;
}

export type ConnectionAnswer = ReturnType<typeof connectionOf>;

export interface ConnectionsAnswer {
  readonly total: number;
  readonly matching: number;
  readonly connections: readonly ConnectionAnswer[];
  /** What `after` is for the next page; left out on the last one. */
  readonly next?: number;
}

export interface ReloadAnswer extends ReloadOutcome {
  readonly reloaded: boolean;
}

export interface LockoutsAnswer {
  readonly lockouts: readonly ReturnType<typeof lockoutOf>[];
}

export interface ExtensionsAnswer {
  readonly extensions: readonly ExtensionState[];
}

export interface LogLevelAnswer {
  readonly level: LogLevel;
  readonly configured: LogLevel;
  readonly until?: string;
}

export type UsageAnswer = ReturnType<typeof usageOf> & {
  /** The latest first; left out if it is not kept. */
  readonly days?: ReturnType<UsageDays['last']>;
};
export type UsageEntry = UsageAnswer['users'][number];
