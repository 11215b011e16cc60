import { EventEmitter } from 'node:events';
import { join } from 'node:path';
import { BrowserWindow, nativeTheme, screen, type WebContents } from 'electron';
import type { Theme } from '../ipc/contract.js';
import type { WindowPlace } from '../settings/file.js';
import { MAX_ZOOM } from '../settings/repair.js';
import { ORIGIN } from './assets.js';

const PAGE = `${ORIGIN}/index.html`;
const PRELOAD = join(import.meta.dirname, '../../dist/ipc/preload.cjs');
const ICON = join(import.meta.dirname, '../../../build/dist/icons/icon.png');

/** A page that ends more often than this within a while is not loaded again by itself. */
const MAX_DEATHS = 3;
/** How much larger one step makes the page, as Electron counts, and the least of it. */
const ZOOM_STEP = 0.5;
const MIN_ZOOM = -3;
/** How long a page has to live for its deaths to be forgotten, ms. */
const CALM = 60_000;

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
 * The one window. It is made when it is shown first, and hidden rather than closed while the
 * listener of `close` prevents it. Its page is loaded again when it dies, which is told by `note`;
 * when that helps no more, `dead` is.
 */
export class MainWindow extends EventEmitter<{
  /** Its size or place is to be remembered. */
  place: [place: WindowPlace];
  /** The user closes it; the event may be prevented. */
  close: [event: Electron.Event];
  /** Something about the page that belongs into the log. */
  note: [message: string];
  /** The page has died, and is loaded again. */
  revived: [];
  /** It has been hidden for a while: its page may be given back by `rest()`. */
  unseen: [];
  /** The page keeps dying, or does not answer: `reload()` tries again. */
  dead: [why: 'gone' | 'hangs'];
}> {
  #window: BrowserWindow | undefined;
  #isConnected = false;
  /** How large the page was when that could be told last. */
  #zoom = 0;
  /** Deaths of the page since it was calm. */
  #deaths = 0;
  #calm: NodeJS.Timeout | undefined;
  /** Whether the page was given back while nobody looks. */
  #isResting = false;
  /** How long it is hidden before that, ms; 0: for ever. */
  #patience = 0;
  #unseen: NodeJS.Timeout | undefined;

  get contents(): WebContents | undefined {
    return this.#window?.webContents;
  }

  /** Whether there is a page that has asked for its state, and so hears what it is told. */
  get isConnected(): boolean {
    return this.#isConnected;
  }

  get isVisible(): boolean {
    return this.#window?.isVisible() ?? false;
  }

  /** The window that dialogs belong to: the one that is seen. */
  get shown(): BrowserWindow | undefined {
    return this.isVisible ? this.#window : undefined;
  }

  /** Whether a page is this window's own. */
  owns(sender: WebContents, url: string): boolean {
    return sender === this.contents && url.startsWith(`${ORIGIN}/`);
  }

  /** The page has asked for its state. */
  connected(): void {
    this.#isConnected = true;
  }

  show(place: WindowPlace | undefined, theme: Theme): void {
    if (this.#window === undefined) {
      this.#open(place, theme);
      return;
    }
    clearInterval(this.#unseen);
    if (this.#isResting || this.#window.webContents.isCrashed()) this.reload();
    if (this.#window.isMinimized()) this.#window.restore();
    this.#window.show();
    this.#window.focus();
  }

  hide(): void {
    this.#window?.hide();
  }

  /**
   * How long the window is hidden before its page is asked whether it can be given back, again and
   * again. @param patience ms; 0: it never is.
   */
  set patience(patience: number) {
    this.#patience = patience;
    this.#awaitRest();
  }

  /**
   * Gives the page of a hidden window back: its process ends. What it has put into its session's
   * storage is there when it is shown again.
   */
  rest(): void {
    const window = this.#window;
    if (window === undefined || this.isVisible || this.#isResting) return;
    const pid = window.webContents.getOSProcessId();
    if (pid === 0 || window.webContents.isCrashed()) return;
    this.#isResting = true;
    this.#isConnected = false;
    clearInterval(this.#unseen);
    // Electron's own way to end it would make a crash report.
    process.kill(pid, 'SIGKILL');
  }

  /** Shows all of the page larger (1), smaller (-1), or as large as it comes (0). */
  zoom(step: -1 | 0 | 1): void {
    const { contents } = this;
    if (contents === undefined) return;
    const level = step === 0 ? 0 : contents.getZoomLevel() + step * ZOOM_STEP;
    contents.setZoomLevel(Math.max(MIN_ZOOM, Math.min(level, MAX_ZOOM)));
    this.#remember();
  }

  /** Brings a page back that is dead or hangs. */
  reload(): void {
    const { contents } = this;
    this.#deaths = 0;
    this.#isResting = false;
    if (contents?.isCrashed() === false) contents.forcefullyCrashRenderer();
    else contents?.reload();
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
        // What Electron calls a level (webContents.setZoomLevel).
        zoomFactor: 1.2 ** (place?.zoom ?? 0),
      },
    });
    this.#window = window;
    this.#zoom = place?.zoom ?? 0;
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
    window.on('hide', () => this.#awaitRest());
    window.on('show', () => clearInterval(this.#unseen));
    window.once('closed', () => {
      clearTimeout(timer);
      clearInterval(this.#unseen);
      this.#isResting = false;
      clearTimeout(this.#calm);
      this.#window = undefined;
      this.#isConnected = false;
    });
    this.#watch(window);
    void window.loadURL(PAGE).catch(() => {});
  }

  /** Brings the page back when it dies, and tells what else goes wrong with it. */
  #watch(window: BrowserWindow): void {
    const { webContents: contents } = window;
    contents.on('did-start-navigation', ({ isMainFrame, isSameDocument }) => {
      if (isMainFrame && !isSameDocument) this.#isConnected = false;
    });
    contents.on('did-fail-load', (_event, _code, description, url, isMainFrame) => {
      if (isMainFrame) this.emit('note', `the page ${url} cannot be loaded: ${description}`);
    });
    contents.on('preload-error', (_event, _path, error) => {
      this.emit('note', `the preload script failed: ${error.message}`);
    });
    contents.on('console-message', ({ level, message, lineNumber, sourceId }) => {
      if (level === 'error') this.emit('note', `the page: ${message} (${sourceId}:${lineNumber})`);
    });
    contents.on('render-process-gone', (_event, { reason, exitCode }) => {
      this.#isConnected = false;
      if (reason === 'clean-exit' || this.#isResting) return;
      this.emit('note', `the window's process is gone: ${reason}, exit code ${exitCode}`);
      this.#revive(window);
    });
    window.on('unresponsive', () => {
      this.emit('note', "the window's page does not answer");
      this.emit('dead', 'hangs');
    });
  }

  #awaitRest(): void {
    clearInterval(this.#unseen);
    if (this.#patience === 0 || this.#window === undefined || this.isVisible) return;
    this.#unseen = setInterval(() => {
      if (!this.#isResting && this.#isConnected) this.emit('unseen');
    }, this.#patience).unref();
  }

  #revive(window: BrowserWindow): void {
    clearTimeout(this.#calm);
    if (++this.#deaths > MAX_DEATHS) {
      this.emit('dead', 'gone');
      return;
    }
    this.#calm = setTimeout(() => {
      this.#deaths = 0;
    }, CALM).unref();
    // Within the event itself Electron has not done with the old process.
    setImmediate(() => {
      if (window.isDestroyed()) return;
      window.webContents.reload();
      this.emit('revived');
    });
  }

  #remember(): void {
    const window = this.#window;
    if (window === undefined || window.isDestroyed() || window.isMinimized()) return;
    const { webContents: contents } = window;
    const isThere = !contents.isDestroyed() && !contents.isCrashed() && !contents.isLoading();
    // A hundredth is as near as anybody sees; Electron's own are not even whole ones.
    const zoom = isThere ? Math.round(100 * contents.getZoomLevel()) / 100 : this.#zoom;
    this.#zoom = zoom;
    const place = { ...window.getNormalBounds(), maximized: window.isMaximized() };
    this.emit('place', zoom === 0 ? place : { ...place, zoom });
  }
}

/** The ground before the page is there, so that nothing flashes. */
function background(theme: Theme): string {
  const isLight = theme === 'light' || theme === 'high-contrast-light';
  const dark = theme === 'system' ? nativeTheme.shouldUseDarkColors : !isLight;
  return dark ? '#1f1f1f' : '#ffffff';
}
