import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { app } from 'electron';

/** How often a newer version is looked for, ms. */
const PERIOD = 24 * 3600 * 1000;

/**
 * Looks for newer versions where the package says where they are; a development build and a
 * package without that never ask anybody.
 *
 * @param report told what went wrong.
 */
export async function watchForUpdates(report: (error: unknown) => void): Promise<void> {
  const configuration = join(process.resourcesPath, 'app-update.yml');
  if (!app.isPackaged || !existsSync(configuration)) return;
  const { default: updater } = await import('electron-updater');
  const check = () => updater.autoUpdater.checkForUpdatesAndNotify().catch(report);
  setInterval(check, PERIOD).unref();
  await check();
}
