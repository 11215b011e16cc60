import { app, crashReporter } from 'electron';
import { deleteOldCrashes } from './crashes.js';

/**
 * Has reports made of processes of the app that fail, in a folder of this computer: they are never
 * sent. To be called before the app is ready.
 */
export function keepCrashReports(): void {
  crashReporter.start({ uploadToServer: false });
  deleteOldCrashes(app.getPath('crashDumps'));
}
