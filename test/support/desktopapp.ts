import { fileURLToPath } from 'node:url';
import { _electron, type ElectronApplication, type Page } from 'playwright-core';
import { AppWindow } from './appwindow.js';
import type { DesktopSession } from './desktopsession.js';
import { ELECTRON } from './electron.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** What an Electron needs where nobody is logged in and there is no graphics card. */
export const HEADLESS_ARGS = [
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
  '--disable-gpu',
] as const;

/** How long the app may take to start, ms. */
const START = 20_000;

/** The app in a session, with its window. */
export class DesktopApp extends AppWindow {
  readonly electron: ElectronApplication;

  private constructor(electron: ElectronApplication, page: Page) {
    super(page);
    this.electron = electron;
  }

  /** Starts the app, which ends with the session. @returns once its window can be used. */
  static async start(session: DesktopSession, ...args: string[]): Promise<DesktopApp> {
    return DesktopApp.#shown(await launch(session, ['--skip-welcome', ...args]));
  }

  /** Starts the app with what it shows who has never used it. */
  static async startFirst(session: DesktopSession): Promise<DesktopApp> {
    return DesktopApp.#shown(await launch(session, []));
  }

  /** Starts the app in the tray: the window comes when it is asked for. */
  static startHidden(session: DesktopSession): Promise<ElectronApplication> {
    return launch(session, ['--hidden']);
  }

  /** A page that is still being loaded hears no key, and what is put into it is lost. */
  static async #shown(electron: ElectronApplication): Promise<DesktopApp> {
    const app = new DesktopApp(electron, await electron.firstWindow());
    await app.page.locator('pico-workbench').waitFor({ state: 'attached', timeout: START });
    return app;
  }

  /** Ends the app as its user would, and waits until it has ended. */
  close(): Promise<void> {
    return this.electron.close();
  }
}

async function launch(session: DesktopSession, args: readonly string[]) {
  const electron = await _electron.launch({
    executablePath: ELECTRON,
    args: [root, ...HEADLESS_ARGS, ...args],
    env: { ...session.env },
    timeout: START,
  });
  const child = electron.process();
  session.after(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  });
  return electron;
}
