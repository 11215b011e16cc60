/** Users, what they may and have done, and how they come and go. */

export interface UsersState {
  readonly users: readonly User[];
  /** Why passwords cannot be read or written now, and what to do. */
  readonly keychainProblem: string | undefined;
}

/** How long, and how much, a user may use the proxy; what is left out has no limit. */
export interface UserLimits {
  /** From when on the user may not log in any more: ms since 1970. */
  readonly expires?: number;
  /** Connections at once. */
  readonly connections?: number;
  /** Client addresses at once. */
  readonly devices?: number;
  /** Bytes a second from clients, and to them. */
  readonly rateUp?: number;
  readonly rateDown?: number;
  /** Bytes both ways in a day, and in a month, of local time. */
  readonly perDay?: number;
  readonly perMonth?: number;
}

/** The limits that are whole numbers of 1 or more. */
export const LIMIT_KEYS = [
  ...(['connections', 'devices', 'rateUp', 'rateDown', 'perDay', 'perMonth'] as const),
] as const satisfies readonly (keyof UserLimits)[];

/** What a user has done, over all runs of the app. */
export interface UserActivity {
  readonly name: string;
  /** When it was connected last; undefined if never. */
  readonly lastSeen: number | undefined;
  /** Connections that there are now. */
  readonly connections: number;
  readonly up: number;
  readonly down: number;
  /** Bytes of the present day, and of the present month, as limits count them. */
  readonly dayBytes: number;
  readonly monthBytes: number;
}

/** How far an import or export of users has come. */
export interface UsersTransfer {
  readonly action: 'import' | 'export';
  /** How many users are done; going down while what was done is taken back. */
  readonly done: number;
  /** How many there are; 0 as long as that is not known. */
  readonly total: number;
  readonly cancelled: boolean;
}

export interface User {
  readonly name: string;
  readonly group: string;
  readonly disabled: boolean;
  readonly limits: UserLimits;
  /** A hash works for username/password, not for CHAP. */
  readonly password: 'set' | 'hash' | 'none' | 'unknown';
}

export interface NewUser {
  readonly name: string;
  readonly group: string;
  readonly password: string;
  readonly limits?: UserLimits;
}

export interface UserChange {
  readonly name: string;
  readonly newName?: string;
  readonly group?: string;
  readonly disabled?: boolean;
  readonly password?: string;
  /** All that it has from now on. */
  readonly limits?: UserLimits;
}

export interface ImportResult {
  readonly added: number;
  /** Names that were there already, and stay as they were. */
  readonly skipped: readonly string[];
}

export interface ExportResult {
  /** The file that was written. */
  readonly file: string;
  readonly written: number;
  /** Names that have no password. */
  readonly skipped: readonly string[];
}
