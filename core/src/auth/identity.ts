import type { Account } from './account.js';

/** Who a client is. */
export interface Identity {
  /** undefined for an anonymous client. */
  readonly user: string | undefined;
  readonly group: string | undefined;
  /** What a source of users says of the user; left out where none has said anything. */
  readonly account?: Account | undefined;
  /** Set by the server where the source that let the user in cannot say who its users are. */
  readonly unlisted?: true;
}

/**
 * What is wrong with a login: its password is not the user's; the same one again; too many were
 * wrong before it; the user is disabled or expired; too many are checked at the moment; who knows
 * the user has failed.
 */
export type LoginFailure = 'wrong' | 'repeated' | 'locked' | 'closed' | 'busy' | 'source-failed';

/** Why a client did not authenticate. */
export interface AuthenticationFailure {
  /** The name it gave, if it gave one. */
  readonly user: string | undefined;
  /** In a few words for the log; never a secret. */
  readonly failure: string;
  /** What it was, where a machine can tell. */
  readonly code?: LoginFailure;
  /** It was one wrong password too many: the user, or all at the address, are locked out by it. */
  readonly lockout?: true;
}
