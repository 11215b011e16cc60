import type { Awaitable } from '../base/awaitable.js';
import type { Disposable } from '../base/disposable.js';
import type { Account } from './account.js';
import type { Identity } from './identity.js';

/** What proves who a user is. */
export type Secret = (
  | {
      /** The password itself, as octets: for methods that need it, such as CHAP. */
      readonly kind: 'plain';
      readonly password: Uint8Array;
    }
  | {
      /** A crypt(3) hash of the password. */
      readonly kind: 'crypt';
      readonly hash: string;
    }
) & {
  readonly group: string | undefined;
  /** What else is said of the user, in each of the user's secrets alike. */
  readonly account?: Account | undefined;
};

/** By what a source has logins checked: secrets that it finds, or passwords that it verifies. */
export type SourceKind = Secret['kind'] | 'password';

/** What a source that verifies passwords is told besides user and password. */
export interface Verification {
  /** The client's IP address. */
  readonly client: string;
  /** Aborted when the answer is late: nobody waits for it any more. */
  readonly signal: AbortSignal;
}

/**
 * Knows users and how their logins are checked: a password file, a keychain, a directory, ...
 *
 * Answers come at once or as promises. A source that throws, or has not answered in time,
 * denies the login that it was asked for: no other source is asked in its place.
 */
export interface AuthenticationSource extends Partial<Disposable> {
  /** For messages, such as the file's name; never a secret. */
  readonly name: string;
  /**
   * What it has, asked anew at each login: `plain` and `crypt` if {@link find} gives such secrets;
   * `password` if {@link verify} takes passwords itself, which are then compared nowhere else.
   * Methods that need the password, such as CHAP, are offered where a source has `plain`.
   */
  readonly kinds: ReadonlySet<SourceKind>;
  /** How long it has for an answer, ms; 10 s if left out. */
  readonly answerTime?: number;
  /** A user's secrets in order of preference; none if the user is not known here. */
  find?(user: string): Awaitable<readonly Secret[]>;
  /**
   * Whether a password is the user's.
   *
   * @param password octets, at least one: an empty password is never asked for, since directories
   *   take it for an anonymous login (RFC 4513 section 5.1.2). They are wiped after the answer.
   * @returns who it is, perhaps by another spelling of the name; undefined if there is no such user
   *   or the password is wrong.
   */
  verify?(
    user: string,
    password: Uint8Array,
    verification: Verification,
  ): Awaitable<Identity | undefined>;
  /**
   * Who a user is, without a password; undefined if the user is not known here. What finds secrets
   * need not have it. A source that verifies and has it decides about the users that it knows;
   * without it, whoever it does not take is looked for in the sources after it.
   */
  identify?(user: string): Awaitable<Identity | undefined>;
  /** The server's own secret as octets, for clients that ask the server to authenticate itself. */
  serverSecret?(): Uint8Array | undefined;
  /**
   * Whether a user of it may have a quota, for which a quota file is demanded; left out: it cannot
   * say, and a quota without a file counts from the server's start.
   */
  readonly quotas?: boolean;
  /**
   * Calls back when users may be others, or other than before, without the source being opened anew,
   * until the result is disposed: wrong passwords are forgotten then, and where `--cut-off` says so,
   * the users who are connected are looked at again.
   */
  onDidChange?(listener: () => void): Disposable;
  /** The groups of its users; left out where it cannot say: then none is taken for a mistake. */
  readonly groups?: ReadonlySet<string> | undefined;
  /**
   * Secrets that cost as much to check as those that it finds, in the same proportions: against one
   * of them the logins of unknown users are checked, to take as long. Left out, it is the first
   * hash that it was seen to find.
   */
  readonly decoys?: readonly Secret[];
}

/** Opens sources of one format: what stands before the colon of `--auth FORMAT:FILE`. */
export interface AuthenticationSourceFormat {
  readonly id: string;
  /**
   * @param warn told what deserves a warning, in one sentence.
   * @throws {UserError} naming file and line, if it cannot be used.
   */
  open(file: string, warn: (message: string) => void): Awaitable<AuthenticationSource>;
}
