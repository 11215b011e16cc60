import type { Disposable } from '../disposable.js';

/** What proves who a user is. */
export type Secret =
  /** The password itself, as octets: for methods that need it, such as CHAP. */
  | { readonly kind: 'plain'; readonly password: Uint8Array; readonly group: string | undefined }
  /** A crypt(3) hash of the password. */
  | { readonly kind: 'crypt'; readonly hash: string; readonly group: string | undefined };

/** Knows users and their secrets: a password file, a keychain, ... */
export interface AuthenticationSource extends Partial<Disposable> {
  /** For messages, such as the file's name. */
  readonly name: string;
  /** A user's secrets in order of preference; none if the user is not known here. */
  secrets(user: string): readonly Secret[];
  /** The server's own secret as octets, for clients that ask the server to authenticate itself. */
  serverSecret(): Uint8Array | undefined;
  /** All secrets of all users: from these an unknown user's cost of checking is drawn. */
  all(): readonly Secret[];
}

/** Opens sources of one format: what stands before the colon of `--auth FORMAT:FILE`. */
export interface AuthenticationSourceFormat {
  readonly id: string;
  /**
   * @param warn told what deserves a warning, in one sentence.
   * @throws {UserError} naming file and line, if it cannot be used.
   */
  open(file: string, warn: (message: string) => void): Promise<AuthenticationSource>;
}
