import { UserError } from '../errors.js';

/** Says on stderr what went wrong, and lets the process end with a status that is not 0. */
export function complain(program: string, error: unknown): void {
  const trouble = error instanceof UserError ? error.message : `internal error: ${stackOf(error)}`;
  process.stderr.write(`${program}: ${trouble}\n`);
  process.exitCode = 1;
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
