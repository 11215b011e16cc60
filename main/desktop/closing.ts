import { app } from 'electron';
import { text } from '../words/words.js';
import type { Dialogs } from './dialogs.js';
import type { TrayPresence } from './traypresence.js';
import type { MainWindow } from './window.js';

/**
 * What becomes of the app when its window closes or dies. Closing keeps the server where there is
 * a tray to come back from; elsewhere it asks.
 */
export class Closing {
  readonly #window: MainWindow;
  readonly #tray: TrayPresence;
  readonly #dialogs: Dialogs;
  /** Whether the app is on its way out: then closing the window closes it. */
  #quitting = false;

  constructor(window: MainWindow, tray: TrayPresence, dialogs: Dialogs) {
    this.#window = window;
    this.#tray = tray;
    this.#dialogs = dialogs;
    window.on('close', (event) => this.#closes(event));
    window.on('dead', (why) => void this.#askAboutDeadWindow(why));
  }

  /** From now on the window closes without asking. */
  quit(): void {
    this.#quitting = true;
  }

  #closes(event: Electron.Event): void {
    if (this.#quitting) return;
    event.preventDefault();
    if (this.#tray.isThere) this.#window.hide();
    else void this.#ask();
  }

  async #ask(): Promise<void> {
    if (await this.#tray.offer()) {
      this.#window.hide();
      return;
    }
    const response = await this.#dialogs.ask({
      type: 'question',
      message: text('dialogs.quitQuestion'),
      detail: text('dialogs.quitDetail'),
      buttons: [text('menus.quit'), text('dialogs.keepRunning'), text('common.cancel')],
      defaultId: 0,
      cancelId: 2,
    });
    if (response === 0) app.quit();
    else if (response === 1) this.#window.hide();
  }

  /** A page that keeps dying is not loaded for ever; it is once more whenever the user wants it. */
  async #askAboutDeadWindow(why: 'gone' | 'hangs'): Promise<void> {
    // One that is hidden is loaded again when it is shown.
    if (!this.#window.isVisible) return;
    const response = await this.#dialogs.ask({
      type: 'error',
      message: text(why === 'gone' ? 'dialogs.windowFails' : 'dialogs.windowHangs'),
      detail: text('dialogs.windowDetail'),
      buttons: [text('dialogs.loadAgain'), text('dialogs.wait'), text('menus.quitApp')],
      defaultId: 0,
      cancelId: 1,
    });
    if (response === 0) this.#window.reload();
    else if (response === 2) app.quit();
  }
}
