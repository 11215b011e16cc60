/** Who a client is. */
export interface Identity {
  /** undefined for an anonymous client. */
  readonly user: string | undefined;
  readonly group: string | undefined;
}

/** Why a client did not authenticate. */
export interface AuthenticationFailure {
  /** The name it gave, if it gave one. */
  readonly user: string | undefined;
  /** In a few words for the log; never a secret. */
  readonly failure: string;
}
