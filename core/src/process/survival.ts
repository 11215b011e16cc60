import type { Log } from '../log/log.js';

/** Writes something about the server itself to its log. */
export function logError(log: Log, message: string): void {
  if (log.wants('error')) log.handle({ type: 'error', time: Date.now(), message });
}

/** Writes a warning about the server itself to its log. */
export function logWarning(log: Log, message: string): void {
  if (log.wants('warning')) log.handle({ type: 'warning', time: Date.now(), message });
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
