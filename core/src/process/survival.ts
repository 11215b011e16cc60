import type { Log } from '../log/log.js';

/** Writes something about the server itself to its log. */
export function logError(log: Log, message: string): void {
  log.say('error', message);
}

/** Writes a warning about the server itself to its log. */
export function logWarning(log: Log, message: string): void {
  log.say('warning', message);
}

/** What one connection does wrong must not end the others, a bug of this program included. */
export function surviveBugs(log: Log): void {
  const report = (error: unknown) => {
    const trouble = error instanceof Error ? (error.stack ?? error.message) : String(error);
    logError(log, `internal error: ${trouble}`);
  };
  process.on('uncaughtException', report);
  process.on('unhandledRejection', report);
}
