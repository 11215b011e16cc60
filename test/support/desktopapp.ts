import { fileURLToPath } from 'node:url';
import { _electron, type ElectronApplication, type Page } from 'playwright-core';
import type { DesktopSession } from './desktopsession.js';
import { ELECTRON } from './electron.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** How long the window may take to show what it is expected to, ms. */
const PATIENCE = 10_000;

/** What an Electron needs where nobody is logged in and there is no graphics card. */
export const HEADLESS_ARGS = [
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
  '--disable-gpu',
] as const;

/** Views by the names of their navigation items. */
export type View = 'Overview' | 'Connections' | 'Users' | 'Settings';

/** The app in a session, driven as its user would. */
export class DesktopApp {
  readonly electron: ElectronApplication;
  readonly page: Page;
  /** What the window wrote to its console, which should be nothing. */
  readonly console: string[] = [];

  private constructor(electron: ElectronApplication, page: Page) {
    this.electron = electron;
    this.page = page;
    page.setDefaultTimeout(PATIENCE);
    page.on('console', (message) => this.console.push(message.text()));
    page.on('pageerror', (error) => this.console.push(error.message));
  }

  /** Starts the app, which ends with the session. */
  static async start(session: DesktopSession, ...args: string[]): Promise<DesktopApp> {
    const electron = await launch(session, args);
    return new DesktopApp(electron, await electron.firstWindow());
  }

  /** Starts the app in the tray: the window comes when it is asked for. */
  static startHidden(session: DesktopSession): Promise<ElectronApplication> {
    return launch(session, ['--hidden']);
  }

  async show(view: View): Promise<void> {
    await this.page.getByRole('link', { name: view }).click();
  }

  button(name: string) {
    return this.page.getByRole('button', { name, exact: true });
  }

  field(name: string) {
    return this.page.getByRole('textbox', { name, exact: true });
  }

  /** Waits until the status bar says so. */
  async status(text: 'Running' | 'Stopped' | 'Error'): Promise<void> {
    await this.page.getByRole('status').getByText(text, { exact: true }).waitFor();
  }

  /** Waits until a text is there. */
  async sees(text: string | RegExp): Promise<void> {
    await this.page.getByText(text).first().waitFor();
  }

  /** Starts the server at a port of 127.0.0.1. */
  async startServer(port: number): Promise<void> {
    await this.setPort(port);
    await this.button('Start server').click();
    await this.status('Running');
  }

  async setPort(port: number): Promise<void> {
    await this.show('Settings');
    await this.field('Port').fill(String(port));
    await this.field('Port').blur();
  }

  async addUser(name: string, password: string, group = ''): Promise<void> {
    await this.show('Users');
    await this.button('Add user').click();
    await this.field('User name').fill(name);
    await this.field('Password').fill(password);
    await this.field('Group').fill(group);
    await this.button('Save').click();
    await this.page.getByRole('row', { name: new RegExp(`^${name}\\b`) }).waitFor();
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
    timeout: 20_000,
  });
  const child = electron.process();
  session.after(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  });
  return electron;
}
