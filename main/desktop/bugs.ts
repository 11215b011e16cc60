import { type Disposable, toDisposable } from 'picosocks5';

/** Tells of errors that nobody caught, which end nothing; until it is disposed. */
export function watchBugs(report: (error: unknown) => void): Disposable {
  process.on('uncaughtException', report).on('unhandledRejection', report);
  return toDisposable(() => {
    process.off('uncaughtException', report).off('unhandledRejection', report);
  });
}
