import { EventEmitter } from 'node:events';
import { join } from 'node:path';
import { BrowserWindow, nativeTheme, screen, type WebContents } from 'electron';
import { ORIGIN } from '../assets.js';
import type { Theme } from '../contract.js';
import type { WindowPlace } from '../settings/file.js';

const PAGE = `${ORIGIN}/index.html`;
const PRELOAD = join(import.meta.dirname, '../preload.cjs');
const ICON = join(import.meta.dirname, '../../../build/dist/icons/icon.png');

/** A place that is on a screen that is there now. */
function visiblePlace(place: WindowPlace | undefined): Partial<WindowPlace> {
  if (place === undefined) return { width: 1100, height: 720 };
  const { x, y, width, height } = place;
  const onScreen = screen
    .getAllDisplays()
    .some(
      ({ workArea: area }) =>
        x < area.x + area.width - 50 &&
        x + width > area.x + 50 &&
        y >= area.y - 10 &&
        y < area.y + area.height - 50,
    );
  return onScreen ? { x, y, width, height } : { width, height };
}

/**
 * The one window. It is made when it is shown first, and hidden rather than closed while
 * `closeHides` says so. Emits `place` when its size or place is to be remembered, and `close`
 * when the user closes it; the event may be prevented.
 */
export class MainWindow extends EventEmitter<{
  place: [place: WindowPlace];
  close: [event: Electron.Event];
}> {
  #window: BrowserWindow | undefined;

  get contents(): WebContents | undefined {
    return this.#window?.webContents;
  }

  get exists(): boolean {
    return this.#window !== undefined;
  }

  get isVisible(): boolean {
    return this.#window?.isVisible() ?? false;
  }

  /** Whether a page is this window's own. */
  owns(sender: WebContents, url: string): boolean {
    return sender === this.contents && url.startsWith(`${ORIGIN}/`);
  }

  show(place: WindowPlace | undefined, theme: Theme): void {
    if (this.#window === undefined) {
      this.#open(place, theme);
      return;
    }
    if (this.#window.isMinimized()) this.#window.restore();
    this.#window.show();
    this.#window.focus();
  }

  hide(): void {
    this.#window?.hide();
  }

  /** Closes it without asking. */
  destroy(): void {
    this.#remember();
    this.#window?.destroy();
  }

  #open(place: WindowPlace | undefined, theme: Theme): void {
    const window = new BrowserWindow({
      ...visiblePlace(place),
      minWidth: 640,
      minHeight: 420,
      show: false,
      title: 'PicoSOCKS5',
      icon: ICON,
      backgroundColor: background(theme),
      webPreferences: {
        preload: PRELOAD,
        sandbox: true,
        contextIsolation: true,
        nodeIntegration: false,
        webviewTag: false,
        spellcheck: false,
      },
    });
    this.#window = window;
    if (place?.maximized) window.maximize();
    window.setMenuBarVisibility(false);
    window.once('ready-to-show', () => window.show());
    let timer: NodeJS.Timeout | undefined;
    const remember = () => {
      clearTimeout(timer);
      timer = setTimeout(() => this.#remember(), 500);
    };
    window.on('resize', remember);
    window.on('move', remember);
    window.on('close', (event) => {
      this.#remember();
      this.emit('close', event);
    });
    window.once('closed', () => {
      clearTimeout(timer);
      this.#window = undefined;
    });
    void window.loadURL(PAGE);
  }

  #remember(): void {
    const window = this.#window;
    if (window === undefined || window.isDestroyed() || window.isMinimized()) return;
    this.emit('place', { ...window.getNormalBounds(), maximized: window.isMaximized() });
  }
}

/** The ground before the page is there, so that nothing flashes. */
function background(theme: Theme): string {
  const isLight = theme === 'light' || theme === 'high-contrast-light';
  const dark = theme === 'system' ? nativeTheme.shouldUseDarkColors : !isLight;
  return dark ? '#1f1f1f' : '#ffffff';
}
