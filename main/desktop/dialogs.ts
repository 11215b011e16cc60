import {
  app,
  type BrowserWindow,
  dialog,
  type MessageBoxOptions,
  type OpenDialogOptions,
  type SaveDialogOptions,
} from 'electron';

/**
 * The system's dialogs: one at a time, and attached to the window where it is shown. Who asks for
 * another meanwhile gets the answer of somebody who thinks better of it, and the window with the
 * dialog that is open comes to the front.
 */
export class Dialogs {
  readonly #window: () => BrowserWindow | undefined;
  #isOpen = false;

  /** @param window the window that dialogs belong to, if it is shown. */
  constructor(window: () => BrowserWindow | undefined) {
    this.#window = window;
  }

  /** Lets the user choose a file that is there; undefined if none is chosen. */
  async chooseFile(options: OpenDialogOptions): Promise<string | undefined> {
    const answer = await this.#one((window) =>
      window === undefined
        ? dialog.showOpenDialog({ ...options, properties: ['openFile'] })
        : dialog.showOpenDialog(window, { ...options, properties: ['openFile'] }),
    );
    return answer?.filePaths[0];
  }

  /** Lets the user choose a folder that is there; undefined if none is chosen. */
  async chooseFolder(options: OpenDialogOptions): Promise<string | undefined> {
    const answer = await this.#one((window) =>
      window === undefined
        ? dialog.showOpenDialog({ ...options, properties: ['openDirectory'] })
        : dialog.showOpenDialog(window, { ...options, properties: ['openDirectory'] }),
    );
    return answer?.filePaths[0];
  }

  /** Lets the user choose where to write a file; undefined if no place is chosen. */
  async choosePlace(options: SaveDialogOptions): Promise<string | undefined> {
    const answer = await this.#one((window) =>
      window === undefined
        ? dialog.showSaveDialog(options)
        : dialog.showSaveDialog(window, options),
    );
    return answer === undefined || answer.canceled || answer.filePath === ''
      ? undefined
      : answer.filePath;
  }

  /** Asks a question. @returns which button was pressed: `cancelId` while another dialog is open. */
  async ask(options: MessageBoxOptions & { readonly cancelId: number }): Promise<number> {
    const answer = await this.#one((window) =>
      window === undefined
        ? dialog.showMessageBox(options)
        : dialog.showMessageBox(window, options),
    );
    return answer?.response ?? options.cancelId;
  }

  async #one<T>(show: (window: BrowserWindow | undefined) => Promise<T>): Promise<T | undefined> {
    const window = this.#window();
    if (this.#isOpen) {
      window?.focus();
      app.focus();
      return undefined;
    }
    this.#isOpen = true;
    try {
      return await show(window);
    } finally {
      this.#isOpen = false;
    }
  }
}
