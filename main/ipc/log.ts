/** What the window and the main process say to each other about the log. */

/** What is written: `info` has a line for every finished connection. */
export const LOG_LEVELS = ['none', 'err', 'warn', 'notice', 'info', 'debug'] as const;
export type LogLevelName = (typeof LOG_LEVELS)[number];

/** How many lines the window can look back at: the file has more. */
export const LOG_CAPACITY = 10_000;

/** A line of the log. */
export interface LogLine {
  /** They count up by one: where ids are missing, lines are left out. */
  readonly id: number;
  readonly time: number;
  readonly level: Exclude<LogLevelName, 'none'>;
  readonly text: string;
}

/** What is written, and where. */
export interface LogState {
  /** The level that is in force. */
  readonly level: LogLevelName;
  /** The one of the settings. */
  readonly kept: LogLevelName;
  /** When the level in force ends, where it is not the one of the settings: ms since 1970. */
  readonly until: number | undefined;
  readonly file: string;
}

export interface LogLevelChange {
  readonly level: LogLevelName;
  /** How long it is in force; left out: it becomes that of the settings. */
  readonly minutes?: number;
}

/** The longest time that a level can be in force for, minutes. */
export const MAX_LEVEL_MINUTES = 24 * 60;

export interface LogRequests {
  /** The lines that there are; from now on {@link LogSubscriptions.logLines} tells of more. */
  'log.watch'(): { readonly lines: readonly LogLine[]; readonly state: LogState };
  'log.unwatch'(): void;
  'log.level'(change: LogLevelChange): void;
}

export interface LogSubscriptions {
  /** New lines, the oldest first. */
  logLines: readonly LogLine[];
  logState: LogState;
}
