import type { Disposable } from 'picosocks5';
import type { CommandId } from '../ipc/contract.js';
import { TrayIcon, type TrayState } from './tray.js';
import { hasTrayHost } from './trayhost.js';

/** How often it is looked for something that shows tray icons, ms, and how many times. */
const PERIOD = 5000;
const TRIES = 24;

interface Parts {
  /** Runs a command of the icon's menu. */
  readonly run: (id: CommandId) => void;
  /** Runs a command of an extension. */
  readonly runContributed: (id: string) => void;
  readonly state: () => TrayState;
  /** Told when there is an icon. */
  readonly appeared: () => void;
}

/** The tray's icon, on desktops that show any. One that comes late is not too late. */
export class TrayPresence implements Disposable {
  readonly #parts: Parts;
  #icon: TrayIcon | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Whether there is an icon. */
  get isThere(): boolean {
    return this.#icon !== undefined;
  }

  /** Makes the icon, if something shows it now. @returns whether there is one. */
  async offer(): Promise<boolean> {
    if (this.#icon !== undefined) return true;
    if (!(await hasTrayHost())) return false;
    if (this.#icon === undefined) {
      this.#icon = new TrayIcon(this.#parts.run, this.#parts.runContributed);
      this.show();
      this.#parts.appeared();
    }
    return true;
  }

  /** Offers the icon again and again: the panel may start after the apps that start at login. */
  keepOffering(): void {
    let left = TRIES;
    this.#timer = setInterval(() => {
      if (this.#icon !== undefined || --left === 0) clearInterval(this.#timer);
      else void this.offer();
    }, PERIOD);
  }

  /** Shows the present state. */
  show(): void {
    this.#icon?.show(this.#parts.state());
  }

  dispose(): void {
    clearInterval(this.#timer);
    this.#icon?.dispose();
    this.#icon = undefined;
  }
}
