/** What a process of the extension is asked. */
export interface Question {
  readonly service: string;
  /** The folder with the services; undefined: the system's. */
  readonly confdir: string | undefined;
  /** Whose password is to be checked; undefined: only whether PAM can be asked. */
  readonly login: Login | undefined;
}

export interface Login {
  readonly user: string;
  readonly password: Uint8Array;
  /** The client's IP address. */
  readonly client: string;
  /** Groups of the system that count, the first one first. */
  readonly groups: readonly string[];
}

/** What PAM says. */
export interface Answer {
  /** Of Linux-PAM's codes; 0 is yes. */
  readonly code: number;
  /** What the code means, in PAM's words. */
  readonly words: string;
  /** Who it is, as the modules have it. */
  readonly user: string;
  readonly group: string | undefined;
  /** How long the modules want a failure to take beyond this, ms. */
  readonly delay: number;
}
