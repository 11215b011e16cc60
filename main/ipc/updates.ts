/** Newer versions of the app, as the window knows of them. */
export interface UpdateState {
  /**
   * `unsupported`: this build is told of none, such as one that is developed or was installed by a
   * package manager; `off`: the user wants none.
   */
  readonly state:
    | ('unsupported' | 'off' | 'idle' | 'checking' | 'current' | 'downloading' | 'ready')
    | 'failed';
  /** The version that is newer. */
  readonly version?: string;
  /** What is new in it: Markdown. */
  readonly notes?: string;
  /** How much of it was fetched, from 0 to 100. */
  readonly percent?: number;
  /** Why it was not found out, or not fetched. */
  readonly problem?: string;
  /** When it was looked for last, ms since 1970. */
  readonly checked?: number;
}

/** Which versions the user wants to be told of. */
export const UPDATE_CHANNELS = ['stable', 'preview', 'off'] as const;
export type UpdateChannel = (typeof UPDATE_CHANNELS)[number];

export interface UpdateSubscriptions {
  updates: UpdateState;
}
