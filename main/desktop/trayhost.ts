import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Ways to ask the session's bus whether something shows tray icons; any of them will do. */
const QUESTIONS: readonly (readonly [program: string, ...args: string[]])[] = [
  [
    'gdbus',
    ...['call', '--session', '--timeout', '2', '--dest', 'org.kde.StatusNotifierWatcher'],
    ...['--object-path', '/StatusNotifierWatcher'],
    ...['--method', 'org.freedesktop.DBus.Properties.Get'],
    ...['org.kde.StatusNotifierWatcher', 'IsStatusNotifierHostRegistered'],
  ],
  [
    'busctl',
    ...['--user', '--timeout=2', 'get-property', 'org.kde.StatusNotifierWatcher'],
    ...['/StatusNotifierWatcher', 'org.kde.StatusNotifierWatcher'],
    'IsStatusNotifierHostRegistered',
  ],
  [
    'dbus-send',
    ...['--session', '--print-reply', '--reply-timeout=2000'],
    ...['--dest=org.kde.StatusNotifierWatcher', '/StatusNotifierWatcher'],
    'org.freedesktop.DBus.Properties.Get',
    ...['string:org.kde.StatusNotifierWatcher', 'string:IsStatusNotifierHostRegistered'],
  ],
];

/**
 * Whether this desktop shows tray icons. Windows and macOS always do; on Linux somebody has to
 * have registered as StatusNotifierHost.
 */
export async function hasTrayHost(): Promise<boolean> {
  if (process.platform !== 'linux') return true;
  for (const [program, ...args] of QUESTIONS) {
    try {
      const { stdout } = await run(program, args, { timeout: 3000 });
      if (/\btrue\b/.test(stdout)) return true;
    } catch {
      // The program is not installed, or nobody answered it: the next one may know.
    }
  }
  return false;
}
