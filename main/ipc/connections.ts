import type { Diagnosis } from './contract.js';

/**
 * What a connection has come to. What this proxy turned away is `refused`; what it let through and
 * the destination, or the way to it, did not answer has `failed`.
 */
export type ConnectionState =
  | 'negotiating'
  | 'connecting'
  | 'open'
  | 'closed'
  | 'refused'
  | 'failed'
  | 'login-failed';

/** Reasons for which a request is not carried out although it may be. */
const FAILURES: ReadonlySet<string> = new Set(['unreachable', 'remote-reset', 'internal-error']);

/** Whether what ended for a reason was let through and failed, rather than being refused. */
export function hasFailed(reason: string): boolean {
  return FAILURES.has(reason);
}

/** A connection of the live log; bytes and rates of open ones are those of the last second. */
export interface ConnectionRow {
  readonly id: number;
  readonly time: number;
  /** The instant at which it began. */
  readonly began: number;
  readonly client: string;
  /** The name of the client's program; empty where it is not of this computer, or not known. */
  readonly program: string;
  /** The file of that program, if it is known. */
  readonly programPath: string;
  /** Its process, if it is known. */
  readonly pid: number | undefined;
  readonly user: string;
  readonly group: string;
  readonly method: string;
  readonly command: string;
  readonly destination: string;
  /** The address that was dialled. */
  readonly remote: string;
  /** The way out: the name of an upstream; empty for the direct one, and until it is known. */
  readonly via: string;
  readonly state: ConnectionState;
  readonly up: number;
  readonly down: number;
  /** Bytes a second; 0 once it is over. */
  readonly rateUp: number;
  readonly rateDown: number;
  /** ms, once it is over. */
  readonly duration: number | undefined;
  readonly reason: string;
  readonly detail: string;
  readonly diagnosis: Diagnosis | undefined;
}

export interface ConnectionChanges {
  /** New and changed rows. */
  readonly rows: readonly ConnectionRow[];
  /** The ids of rows that are no longer kept. */
  readonly removed: readonly number[];
}

/** By what connections are added up. */
export const TOTAL_KINDS = ['host', 'user', 'program'] as const;

export type TotalKind = (typeof TOTAL_KINDS)[number];

/** What all connections to a host, of a user or of a program come to, since the app was started. */
export interface Total {
  /** Empty for connections of nobody, or of a program that is not known. */
  readonly name: string;
  readonly connections: number;
  /** How many are open now. */
  readonly open: number;
  readonly refused: number;
  readonly failed: number;
  readonly up: number;
  readonly down: number;
  readonly rateUp: number;
  readonly rateDown: number;
}

export interface Totals {
  /** Those that moved the most, the first of them first. */
  readonly rows: readonly Total[];
  /** How many more names there are. */
  readonly more: number;
}

/** What the window asks about connections. */
export interface ConnectionRequests {
  /** The rows that there are; from now on `connections` tells of changes. */
  'connections.watch'(): ConnectionRow[];
  'connections.unwatch'(): void;
  'connections.disconnect'(ids: number[]): void;
  'connections.clear'(): void;
  /** What connections come to by their hosts, users or programs. */
  'connections.totals'(kind: TotalKind): Totals;
}
