import { powerMonitor } from 'electron';
import { type Disposable, toDisposable } from 'picosocks5';

/** Tells when the computer wakes up, or its screen is unlocked; until it is disposed. */
export function watchWakeups({
  resumed,
  unlocked,
}: {
  readonly resumed: () => void;
  readonly unlocked: () => void;
}): Disposable {
  powerMonitor.on('resume', resumed).on('unlock-screen', unlocked);
  return toDisposable(() => {
    powerMonitor.off('resume', resumed).off('unlock-screen', unlocked);
  });
}
