import { busProperty } from './sessionbus.js';

/**
 * Whether this desktop shows tray icons. Windows and macOS always do; on Linux somebody has to
 * have registered as StatusNotifierHost.
 */
export async function hasTrayHost(): Promise<boolean> {
  if (process.platform !== 'linux') return true;
  const registered = await busProperty({
    service: 'org.kde.StatusNotifierWatcher',
    path: '/StatusNotifierWatcher',
    interface: 'org.kde.StatusNotifierWatcher',
    property: 'IsStatusNotifierHostRegistered',
  });
  return registered ?? false;
}
