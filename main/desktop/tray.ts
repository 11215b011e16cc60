import { join } from 'node:path';
import { clipboard, Menu, type MenuItemConstructorOptions, nativeImage, Tray } from 'electron';
import { formatAddress } from 'picosocks5';
import type { ServerStatus } from '../contract.js';

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

/** The address that programs on this computer use. */
function proxyUrl({ endpoints: [first] }: ServerStatus): string | undefined {
  return first && `socks5://${formatAddress(first)}`;
}

/** The icon in the system's tray, and its menu. */
export class TrayIcon {
  readonly #tray: Tray;
  readonly #actions: TrayActions;
  #shown = '';

  constructor(actions: TrayActions) {
    this.#actions = actions;
    this.#tray = new Tray(iconOf('stopped'));
    this.#tray.setToolTip('PicoSOCKS5');
    // On macOS a click opens the menu.
    if (process.platform !== 'darwin') this.#tray.on('click', () => actions.open());
  }

  /** Shows the present state; nothing is done while it is the same. */
  show(status: ServerStatus, info: TrayInfo): void {
    const shown = JSON.stringify([status.state, status.problem, status.listening, info]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    const where = status.listening.join(', ');
    const state = `${NAMES[status.state]}${where && `: ${where}`}`;
    this.#tray.setImage(iconOf(status.problem === undefined ? status.state : 'error'));
    this.#tray.setToolTip(`PicoSOCKS5: ${status.problem ?? state}`);
    this.#tray.setContextMenu(Menu.buildFromTemplate(this.#menu(status, info, state)));
  }

  dispose(): void {
    this.#tray.destroy();
  }

  #menu(status: ServerStatus, info: TrayInfo, state: string): MenuItemConstructorOptions[] {
    const actions = this.#actions;
    const url = proxyUrl(status);
    const runs = status.state === 'running' || status.state === 'stopping';
    const problem = status.problem === undefined ? [] : [{ label: status.problem, enabled: false }];
    return [
      { label: state, enabled: false },
      ...problem,
      { label: `Connections: ${info.connections}`, click: () => actions.open('connections') },
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
        checked: info.startAtLogin,
        click: ({ checked }) => {
          this.#shown = '';
          actions.setStartAtLogin(checked);
        },
      },
      { type: 'separator' },
      { label: 'Quit', click: () => actions.quit() },
    ];
  }
}
