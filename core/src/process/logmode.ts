import type { LogMode, Settings } from '../config/settings.js';
import { isInBackground } from './background.js';

/** Where to log: to stderr in the foreground, to syslog in the background, unless it is said. */
export function logModeOf({ logmode, logFile }: Settings): LogMode {
  return logmode ?? (isInBackground && logFile === undefined ? 'syslog' : 'stderr');
}
