import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { app } from 'electron';
import type { Updater } from './updates.js';

/** A file that says where newer versions are, for builds that are developed: an absolute path. */
const DEVELOPMENT = 'PICOSOCKS5_UPDATE_CONFIG';

/**
 * What fetches newer versions where the package says where they are; undefined for a package
 * without that, and for a development build: they never ask anybody.
 */
export async function loadUpdater(): Promise<Updater | undefined> {
  const development = app.isPackaged ? undefined : process.env[DEVELOPMENT];
  const configuration = development ?? join(process.resourcesPath, 'app-update.yml');
  if (!(app.isPackaged || development !== undefined) || !existsSync(configuration))
    return undefined;
  const { default: updater } = await import('electron-updater');
  const { autoUpdater } = updater;
  autoUpdater.logger = null;
  if (development !== undefined) {
    autoUpdater.forceDevUpdateConfig = true;
    autoUpdater.updateConfigPath = development;
  }
  return autoUpdater as unknown as Updater;
}
