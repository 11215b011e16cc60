import { app, dialog } from 'electron';
import { messageOf } from 'picosocks5';
import { Application } from './application.js';
import { registerScheme, serveAssets } from './desktop/assets.js';
import { HIDDEN } from './desktop/autostart.js';
import { keepCrashReports } from './desktop/crashreports.js';
import { lockDown, lockDownSession } from './desktop/lockdown.js';
import { quitAtShutdown } from './desktop/shutdown.js';
import { GIVE_BACK, giveBackSystemProxy } from './systemproxy/desktop.js';
import { text } from './words/words.js';

/** Starts the app; a second start shows the window of the first instead. */
function start(): void {
  if (!app.requestSingleInstanceLock()) {
    app.quit();
    return;
  }
  keepCrashReports();
  registerScheme();
  lockDown();
  let application: Application | undefined;
  let closed = false;
  app.on('second-instance', () => application?.showWindow());
  app.on('activate', () => application?.showWindow());
  app.on('window-all-closed', () => {
    // The app lives in the tray: it ends when it is told to.
  });
  app.on('before-quit', (event) => {
    if (application === undefined || closed) return;
    event.preventDefault();
    void application.close().finally(() => {
      closed = true;
      app.quit();
    });
  });
  void app.whenReady().then(async () => {
    try {
      quitAtShutdown();
      lockDownSession();
      serveAssets();
      application = new Application();
      await application.run(process.argv.includes(HIDDEN));
    } catch (error) {
      dialog.showErrorBox(text('dialogs.cannotStart'), messageOf(error));
      app.exit(1);
    }
  });
}

/** Gives back the system's proxy settings, and nothing else: there may be no display. */
async function giveBackAndEnd(): Promise<void> {
  try {
    await giveBackSystemProxy();
    app.exit(0);
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`);
    app.exit(1);
  }
}

if (process.argv.includes(GIVE_BACK)) void giveBackAndEnd();
else start();
