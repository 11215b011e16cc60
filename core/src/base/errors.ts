import { getSystemErrorMap } from 'node:util';

/**
 * An error that a person can mend: its message is one sentence that says what is wrong, where, and
 * what would be right. It is shown without a stack trace.
 */
export class UserError extends Error {
  override readonly name = 'UserError';
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
