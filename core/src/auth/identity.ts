import type { Account } from './account.js';

/** Who a client is. */
export interface Identity {
  /** undefined for an anonymous client. */
  readonly user: string | undefined;
  readonly group: string | undefined;
  /** What a source of users says of the user; left out where none has said anything. */
  readonly account?: Account | undefined;
}

/** Why a client did not authenticate. */
export interface AuthenticationFailure {
  /** The name it gave, if it gave one. */
  readonly user: string | undefined;
  /** In a few words for the log; never a secret. */
  readonly failure: string;
}
