import { setTimeout } from 'node:timers/promises';
import type { Locator, Page } from 'playwright-core';

/** How long the window may take to show what it is expected to, ms. */
const PATIENCE = 10_000;

/** Views by the names of their navigation items. */
export type View =
  | 'Overview'
  | 'Connections'
  | 'Users'
  | 'Routing'
  | 'Extensions'
  | 'Log'
  | 'Settings'
  | 'Servers';

/** The window of the app, used as a person would. */
export class AppWindow {
  readonly page: Page;
  /** What it wrote to its console, which should be nothing. */
  readonly console: string[] = [];

  constructor(page: Page) {
    this.page = page;
    page.setDefaultTimeout(PATIENCE);
    page.on('console', (message) => this.console.push(message.text()));
    page.on('pageerror', (error) => this.console.push(error.message));
  }

  async show(view: View): Promise<void> {
    await this.page.getByRole('link', { name: view, exact: true }).click();
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

  /** Waits until a script in the page gives something true: its own policy lets nothing wait there. */
  async until(script: string): Promise<void> {
    const deadline = performance.now() + PATIENCE;
    while (!(await this.page.evaluate(script))) {
      if (performance.now() > deadline) throw new Error(`never true in the page: ${script}`);
      await setTimeout(50);
    }
  }

  /** Scrolls an element as its scrollbar does, px: the page hears of it before all else. */
  async scroll(element: Locator, top: number): Promise<void> {
    await element.evaluate((scrolled, to) => {
      scrolled.scrollTop = to;
      scrolled.dispatchEvent(new Event('scroll'));
    }, top);
  }

  /** Waits until the window has the answers to all that it asked the app for. */
  async settled(): Promise<void> {
    await this.page.locator('html:not(.asking)').waitFor({ state: 'attached' });
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
    await this.settled();
  }

  async addUser(name: string, password: string, group = ''): Promise<void> {
    await this.show('Users');
    await this.button('Add user').click();
    await this.field('User name').fill(name);
    await this.field('Password').fill(password);
    await this.field('Group').fill(group);
    await this.button('Save').click();
    await this.page.getByRole('row', { name: new RegExp(`^${name}\\b`) }).waitFor();
    await this.settled();
  }
}
