import { UserError } from '../base/errors.js';
import { hidePasswords } from '../outbound/upstream/url.js';

/** How long whoever reads stderr may keep the process from ending, ms. */
const TIME = 1000;

/** Says on stderr what went wrong, and lets the process end with a status that is not 0. */
export function complain(program: string, error: unknown): void {
  const trouble = error instanceof UserError ? error.message : `internal error: ${stackOf(error)}`;
  process.stderr.write(`${program}: ${hidePasswords(trouble)}\n`);
  process.exitCode = 1;
  setTimeout(() => process.exit(), TIME).unref();
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
