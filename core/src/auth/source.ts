import type { Disposable } from '../base/disposable.js';

/** What proves who a user is. */
export type Secret =
  /** The password itself, as octets: for methods that need it, such as CHAP. */
  | { readonly kind: 'plain'; readonly password: Uint8Array; readonly group: string | undefined }
  /** A crypt(3) hash of the password. */
  | { readonly kind: 'crypt'; readonly hash: string; readonly group: string | undefined };

/** Secrets one by one: an array, or what makes them as they are asked for. */
export interface SecretList {
  readonly length: number;
  /** @param index from 0 up to, but not including, the length. */
  at(index: number): Secret | undefined;
}

/** Knows users and their secrets: a password file, a keychain, ... */
export interface AuthenticationSource extends Partial<Disposable> {
  /** For messages, such as the file's name. */
  readonly name: string;
  /** A user's secrets in order of preference; none if the user is not known here. */
  secrets(user: string): readonly Secret[];
  /** The server's own secret as octets, for clients that ask the server to authenticate itself. */
  serverSecret(): Uint8Array | undefined;
  /** All users' secrets of a kind: from these an unknown user's cost of checking is drawn. */
  all(kind: Secret['kind']): SecretList;
  /** The groups of its users; left out where it cannot say: then none is taken for a mistake. */
  readonly groups?: ReadonlySet<string>;
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
