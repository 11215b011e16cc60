import { getSystemErrorMap } from 'node:util';

/** What kind of mistake it is that a person can mend, for programs that have their own sentences. */
export type UserErrorCode =
  /** Everybody who can reach the subject, an address, could use the proxy. */
  | 'open-proxy'
  /** Another program listens at the subject, an address. */
  | 'address-in-use'
  /** This machine does not have the subject, an address, at present. */
  | 'address-missing'
  /** The system keeps the port of the subject, an address, for root or for itself. */
  | 'port-denied'
  /** The subject, a name, cannot be resolved at present. */
  | 'unresolved'
  /** The subject, the name of an extension, is wanted, and disabled. */
  | 'extension-disabled'
  /** The value of an option cannot be used. */
  | 'invalid-option';

/** What a program can know of a {@link UserError}. */
export interface UserErrorFacts {
  readonly code?: UserErrorCode | undefined;
  /** The key of the option that is wrong. */
  readonly option?: string | undefined;
  /** The address, as `ADDRESS:PORT`, or the name that it is about. */
  readonly subject?: string | undefined;
  readonly cause?: unknown;
}

/**
 * An error that a person can mend: its message is one sentence that says what is wrong, where, and
 * what would be right. It is shown without a stack trace.
 */
export class UserError extends Error {
  override readonly name = 'UserError';
  readonly code: UserErrorCode | undefined;
  readonly option: string | undefined;
  readonly subject: string | undefined;
  /** The message without the places that were put before it. */
  readonly problem: string;

  constructor(message: string, facts: UserErrorFacts = {}, problem = message) {
    super(message, { cause: facts.cause });
    this.code = facts.code;
    this.option = facts.option;
    this.subject = facts.subject;
    this.problem = problem;
  }

  /**
   * Puts a place, such as a line of a file, before the message of an error that a person can mend,
   * which keeps what is known of it; any other error is left as it is.
   *
   * @param facts what is known at that place and not of the error.
   */
  static at(place: string, error: unknown, facts: UserErrorFacts = {}): unknown {
    if (!(error instanceof UserError)) return error;
    const { code, option, subject, message, problem } = error;
    const known = {
      code: code ?? facts.code,
      option: option ?? facts.option,
      subject: subject ?? facts.subject,
      cause: error.cause,
    };
    return new UserError(`${place}: ${message}`, known, problem);
  }
}

/** What decisions depend on, such as a state that is shared with other servers, is away. */
export class UnavailableError extends Error {
  override readonly name = 'UnavailableError';
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The system's error code, such as `ECONNREFUSED`, of anything that was thrown. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** What went wrong in the system's words, such as `no such file or directory`. */
export function systemMessage(error: unknown): string {
  if (error instanceof Error && 'errno' in error && typeof error.errno === 'number') {
    return getSystemErrorMap().get(error.errno)?.[1] ?? error.message;
  }
  return messageOf(error);
}
