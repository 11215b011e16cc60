import { join } from 'node:path';
import { clipboard, Menu, type MenuItemConstructorOptions, nativeImage, Tray } from 'electron';
import type { ServerStatus } from '../ipc/contract.js';

const ICONS = join(import.meta.dirname, '../../../build/dist/icons');

/** What the tray's menu can do. */
export interface TrayActions {
  start(): void;
  stop(): void;
  open(view?: string): void;
  setStartAtLogin(enabled: boolean): void;
  quit(): void;
}

/** What the tray shows besides the server. */
export interface TrayInfo {
  readonly connections: number;
  readonly startAtLogin: boolean;
}

const NAMES: Readonly<Record<ServerStatus['state'], string>> = {
  stopped: 'Stopped',
  starting: 'Starting …',
  running: 'Running',
  stopping: 'Stopping …',
  error: 'Error',
};

function iconOf(state: ServerStatus['state']) {
  const name = state === 'running' || state === 'error' ? state : 'stopped';
  const file = { darwin: `tray-${name}Template.png`, win32: `tray-${name}.ico` }[
    process.platform as string
  ];
  return nativeImage.createFromPath(join(ICONS, file ?? `tray-${name}.png`));
}

/**
 * The icon in the system's tray, and its menu. A menu that is made anew while it is open does
 * nothing any more when it is clicked, and on Linux an app is not told that it is open: so what
 * changes all the time, such as a count, is not in the menu but in the icon's tooltip; and not even
 * there on Linux, where a new tooltip makes the menu anew.
 */
export class TrayIcon {
  readonly #tray: Tray;
  readonly #actions: TrayActions;
  /** What the icon, its tooltip and its menu were made of. */
  #icon = '';
  #tip = '';
  #made = '';
  /** Whether the menu is seen to be open, and what it becomes when it closes. */
  #isOpen = false;
  #next: MenuItemConstructorOptions[] | undefined;

  constructor(actions: TrayActions) {
    this.#actions = actions;
    this.#tray = new Tray(iconOf('stopped'));
    // On macOS a click opens the menu.
    if (process.platform !== 'darwin') this.#tray.on('click', () => actions.open());
  }

  /** Shows the present state; nothing is done while it is the same. */
  show(status: ServerStatus, info: TrayInfo): void {
    const where = status.listening.join(', ');
    const state = `${NAMES[status.state]}${where && `: ${where}`}`;
    const icon = status.problem === undefined ? status.state : 'error';
    if (icon !== this.#icon) this.#tray.setImage(iconOf(icon));
    this.#icon = icon;

    const live = `${info.connections} connection${info.connections === 1 ? '' : 's'}`;
    const count = where === '' || process.platform === 'linux' ? '' : `, ${live}`;
    const tip = `PicoSOCKS5: ${status.problem ?? state}${count}`;
    if (tip !== this.#tip) this.#tray.setToolTip(tip);
    this.#tip = tip;

    const { startAtLogin } = info;
    const made = JSON.stringify([state, status.problem, status.url, startAtLogin]);
    if (made !== this.#made) this.#setMenu(this.#menu(status, startAtLogin, state));
    this.#made = made;
  }

  dispose(): void {
    this.#tray.destroy();
  }

  #setMenu(entries: MenuItemConstructorOptions[]): void {
    if (this.#isOpen) {
      this.#next = entries;
      return;
    }
    this.#next = undefined;
    const menu = Menu.buildFromTemplate(entries);
    menu.on('menu-will-show', () => {
      this.#isOpen = true;
    });
    menu.on('menu-will-close', () => {
      this.#isOpen = false;
      // The click that closes it comes after this.
      setImmediate(() => {
        if (this.#next !== undefined && !this.#tray.isDestroyed()) this.#setMenu(this.#next);
      });
    });
    this.#tray.setContextMenu(menu);
  }

  #menu(
    { state, problem, url }: ServerStatus,
    startAtLogin: boolean,
    title: string,
  ): MenuItemConstructorOptions[] {
    const actions = this.#actions;
    const runs = state === 'running' || state === 'stopping';
    return [
      { label: title, enabled: false },
      ...(problem === undefined ? [] : [{ label: problem, enabled: false }]),
      { label: 'Connections', click: () => actions.open('connections') },
      { type: 'separator' },
      runs
        ? { label: 'Stop server', click: () => actions.stop() }
        : { label: 'Start server', click: () => actions.start() },
      {
        label: url === undefined ? 'Copy address' : `Copy ${url}`,
        enabled: url !== undefined,
        click: () => clipboard.writeText(url ?? ''),
      },
      { type: 'separator' },
      { label: 'Open PicoSOCKS5', click: () => actions.open() },
      { label: 'Settings', click: () => actions.open('settings') },
      {
        label: 'Start at login',
        type: 'checkbox',
        checked: startAtLogin,
        click: ({ checked }) => {
          // The system has ticked the entry already, whether the setting follows or not.
          this.#made = '';
          actions.setStartAtLogin(checked);
        },
      },
      { type: 'separator' },
      { label: 'Quit', click: () => actions.quit() },
    ];
  }
}
