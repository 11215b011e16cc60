import { networkInterfaces } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { app, nativeTheme, powerMonitor } from 'electron';
import { type LogLevel, messageOf, type ServerEvent } from 'picosocks5';
import { repairStartAtLogin, setStartAtLogin } from './desktop/autostart.js';
import { Dialogs } from './desktop/dialogs.js';
import { setApplicationMenu } from './desktop/menu.js';
import { Notifications } from './desktop/notifications.js';
import { TrayIcon } from './desktop/tray.js';
import { hasTrayHost } from './desktop/trayhost.js';
import { MainWindow } from './desktop/window.js';
import type { AppState, SettingKey, SettingsState, Theme } from './ipc/contract.js';
import { requestHandlers } from './ipc/handlers.js';
import { serveRequests, tell } from './ipc/serve.js';
import { ConnectionLog } from './proxy/connectionlog.js';
import { ServerController } from './proxy/controller.js';
import { interfaceAddresses } from './proxy/endpoints.js';
import { LogFile } from './proxy/logfile.js';
import { watchNetwork } from './proxy/networkwatch.js';
import { Traffic } from './proxy/traffic.js';
import { DESCRIPTORS } from './settings/descriptors.js';
import { Settings } from './settings/store.js';
import { Keychain, lockOfKeychain } from './users/keychain.js';
import { DesktopUsers } from './users/users.js';

/** How often the window is told of connections, and of traffic, ms. */
const CONNECTIONS_PERIOD = 100;
const TRAFFIC_PERIOD = 1000;

/** How often it is looked for something that shows tray icons, ms, and how many times. */
const TRAY_PERIOD = 5000;
const TRAY_TRIES = 24;

/** How long the start of the server waits for the keychain, ms: logins wait for it longer. */
const KEYCHAIN_TIME = 1000;

/** The app: its parts, and what each tells the others. */
export class Application {
  readonly #window = new MainWindow();
  readonly #dialogs = new Dialogs(() => this.#window.shown);
  readonly #notifications = new Notifications(this.#window, () => this.showWindow());
  readonly #settings = Settings.open(app.getPath('userData'), (message) =>
    this.#notifications.notify({ severity: 'warning', message }),
  );
  readonly #logFile = new LogFile(app.getPath('logs'), this.#settings.values.loglevel as LogLevel);
  readonly #users = new DesktopUsers(this.#settings, new Keychain(), { look: lockOfKeychain });
  readonly #connections = new ConnectionLog();
  readonly #traffic = new Traffic();
  readonly #server = new ServerController({
    settings: this.#settings,
    users: this.#users,
    log: this.#connections,
    traffic: this.#traffic,
    sinks: [
      this.#logFile,
      {
        id: 'notifications',
        wants: (type) => ['warning', 'error', 'authentication-failed'].includes(type),
        handle: (event) => this.#notifyEvent(event),
      },
    ],
    interfaces: networkInterfaces,
  });
  #tray: TrayIcon | undefined;
  /** The command that the window is opened for. */
  #openedFor: string | undefined;
  /** Whether the app is on its way out: then closing the window closes it. */
  #quitting = false;
  /** What of the keychain was announced to who does not look at the window. */
  #announcedProblem: string | undefined;

  /** @param hidden whether the window stays closed, as at login. */
  async run(hidden: boolean): Promise<void> {
    this.#watchBugs();
    this.#reloadWhenTold();
    this.#connect();
    serveRequests(
      requestHandlers({
        settings: this.#settings,
        users: this.#users,
        server: this.#server,
        connections: this.#connections,
        dialogs: this.#dialogs,
        logFolder: this.#logFile.folder,
        state: () => this.#state(),
      }),
      (sender, url) => this.#window.owns(sender, url),
      (error) => this.#report(error),
    );
    setApplicationMenu((command) => this.#command(command), !app.isPackaged);
    nativeTheme.themeSource = themeSource(this.#settings.values.theme);
    const started = this.#startServer();
    this.#repairStartAtLogin();
    await this.#offerTray();
    this.#waitForTray();
    if (!hidden || this.#tray === undefined) this.showWindow();
    await started;
  }

  showWindow(): void {
    this.#window.show(this.#settings.window, this.#settings.values.theme);
  }

  /** Notes something that is nobody's business but the log's. */
  note(message: string): void {
    this.#logFile.write('warning', message);
  }

  /** Stops the server and lets the app end. */
  async close(): Promise<void> {
    this.#quitting = true;
    await this.#server.stop();
    await this.#logFile.close();
    this.#tray?.dispose();
    this.#window.destroy();
  }

  /** Reads the keychain and starts the server, if it is to start; neither waits long for the other. */
  async #startServer(): Promise<void> {
    const read = this.#users.refresh();
    if (!this.#settings.values.startServer || this.#settings.lostGuards) return;
    await Promise.race([read, delay(KEYCHAIN_TIME)]);
    await this.#server.start().catch(() => {});
  }

  #connect(): void {
    this.#server.on('status', (status) => {
      tell(this.#window.contents, 'server', status);
      this.#showTray();
      if (status.state === 'error' && status.problem !== undefined) {
        this.#logFile.write('error', status.problem);
        this.#notifications.announce(status.problem);
      }
    });
    this.#users.on('state', () => this.#showUsers());
    this.#users.on('change', () => {
      this.#showUsers();
      this.#server.apply().catch((error: unknown) => this.#complain(messageOf(error)));
    });
    this.#settings.on('change', (keys) => this.#settingsChanged(keys));
    this.#window.on('place', (place) => {
      try {
        this.#settings.window = place;
      } catch (error) {
        this.note(messageOf(error));
      }
    });
    this.#window.on('close', (event) => this.#windowCloses(event));
    this.#window.on('note', (message) => this.#logFile.write('error', message));
    this.#window.on('dead', (why) => void this.#askAboutDeadWindow(why));
    const network = watchNetwork(() => {
      tell(this.#window.contents, 'settings', this.#settingsState());
      void this.#server.networkChanged();
    });
    powerMonitor.on('resume', () => {
      network.check();
      void this.#server.networkChanged();
      this.#retryKeychain();
    });
    powerMonitor.on('unlock-screen', () => this.#retryKeychain());
    setInterval(() => this.#sendConnections(), CONNECTIONS_PERIOD);
    setInterval(() => this.#sample(), TRAFFIC_PERIOD);
  }

  #settingsChanged(keys: readonly SettingKey[]): void {
    const { values } = this.#settings;
    tell(this.#window.contents, 'settings', this.#settingsState());
    for (const key of keys) {
      if (key === 'theme') nativeTheme.themeSource = themeSource(values.theme);
      else if (key === 'loglevel') this.#logFile.setLevel(values.loglevel as LogLevel);
      else if (key === 'startAtLogin') this.#changeStartAtLogin(values.startAtLogin);
    }
    this.#showTray();
  }

  #changeStartAtLogin(enabled: boolean): void {
    try {
      setStartAtLogin(enabled);
    } catch (error) {
      this.#complain(`Start at login cannot be changed: ${messageOf(error)}`);
    }
  }

  #repairStartAtLogin(): void {
    if (!this.#settings.values.startAtLogin) return;
    try {
      repairStartAtLogin();
    } catch (error) {
      this.#complain(`Start at login does not work: ${messageOf(error)}`);
    }
  }

  #showUsers(): void {
    if (this.#users.problem === undefined) this.#announcedProblem = undefined;
    tell(this.#window.contents, 'users', this.#users.state);
  }

  /** Who unlocks the screen, or wakes the computer, may have unlocked the keychain as well. */
  #retryKeychain(): void {
    if (this.#users.problem !== undefined) void this.#users.refresh();
  }

  #sendConnections(): void {
    const changes = this.#connections.changes();
    if (changes !== undefined) tell(this.#window.contents, 'connections', changes);
  }

  #sample(): void {
    const live = this.#server.connections;
    this.#connections.count(live);
    const sample = this.#traffic.sample(Date.now(), live);
    tell(this.#window.contents, 'traffic', sample);
    tell(this.#window.contents, 'refusals', this.#traffic.refusals);
    this.#showTray();
  }

  /** Makes the tray's icon, if this desktop shows any. One that comes later is not too late. */
  async #offerTray(): Promise<void> {
    if (!(await hasTrayHost()) || this.#tray !== undefined) return;
    this.#tray = new TrayIcon({
      start: () => void this.#server.start().catch(() => {}),
      stop: () => void this.#server.stop(),
      open: (view) => {
        if (view === undefined) this.showWindow();
        else this.#command(`view.${view}`);
      },
      setStartAtLogin: (value) => {
        try {
          this.#settings.set({ key: 'startAtLogin', value });
        } catch (error) {
          this.#complain(messageOf(error));
        }
        this.#showTray();
      },
      quit: () => app.quit(),
    });
    this.#showTray();
    tell(this.#window.contents, 'tray', true);
  }

  /** The panel may start after the apps that start at login. */
  #waitForTray(): void {
    let left = TRAY_TRIES;
    const timer = setInterval(() => {
      if (this.#tray !== undefined || --left === 0) clearInterval(timer);
      else void this.#offerTray();
    }, TRAY_PERIOD);
  }

  #showTray(): void {
    const { startAtLogin } = this.#settings.values;
    const connections = this.#traffic.history.at(-1)?.connections ?? 0;
    this.#tray?.show(this.#server.status, { connections, startAtLogin });
  }

  /** Runs a command of a menu: where the window is needed, it is shown, whether there is one or not. */
  #command(command: string): void {
    if (command === 'app.quit') {
      app.quit();
      return;
    }
    if (this.#window.isConnected) tell(this.#window.contents, 'command', command);
    else this.#openedFor = command;
    this.showWindow();
  }

  /** Closing keeps the server where there is a tray to come back from; elsewhere it asks. */
  #windowCloses(event: Electron.Event): void {
    if (this.#quitting) return;
    event.preventDefault();
    if (this.#tray !== undefined) this.#window.hide();
    else void this.#askBeforeClosing();
  }

  async #askBeforeClosing(): Promise<void> {
    await this.#offerTray();
    if (this.#tray !== undefined) {
      this.#window.hide();
      return;
    }
    const response = await this.#dialogs.ask({
      type: 'question',
      message: 'Quit PicoSOCKS5?',
      detail:
        'This desktop has no tray from which the window could be opened again. The server can ' +
        'go on without a window; starting PicoSOCKS5 once more brings the window back.',
      buttons: ['Quit', 'Keep running', 'Cancel'],
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
      message: why === 'gone' ? 'The window keeps failing.' : 'The window does not answer.',
      detail: 'The server goes on meanwhile. The log of PicoSOCKS5 says more.',
      buttons: ['Load it again', 'Wait', 'Quit PicoSOCKS5'],
      defaultId: 0,
      cancelId: 1,
    });
    if (response === 0) this.#window.reload();
    else if (response === 2) app.quit();
  }

  #complain(message: string): void {
    this.#notifications.notify({ severity: 'error', message });
  }

  #notifyEvent(event: ServerEvent): void {
    if (event.type === 'warning' || event.type === 'error') {
      this.#notifications.notify({ severity: event.type, message: event.message });
    } else if (event.type === 'authentication-failed') {
      const { problem } = this.#users;
      if (problem !== undefined && event.detail === problem) {
        this.#tellOfLogin(`${event.user} could not log in. ${problem}`, problem);
      }
    }
  }

  /** A login that fails because of the keychain is told, and announced once. */
  #tellOfLogin(message: string, problem: string): void {
    this.#notifications.notify({ severity: 'warning', message });
    if (this.#announcedProblem === problem) return;
    this.#announcedProblem = problem;
    this.#notifications.announce(message);
  }

  #state(): AppState {
    const state = this.#present();
    this.#openedFor = undefined;
    this.#window.connected();
    return state;
  }

  #present(): AppState {
    return {
      version: app.getVersion(),
      platform: process.platform as AppState['platform'],
      tray: this.#tray !== undefined,
      server: this.#server.status,
      traffic: this.#traffic.history,
      refusals: this.#traffic.refusals,
      settings: this.#settingsState(),
      descriptors: DESCRIPTORS,
      users: this.#users.state,
      notifications: this.#notifications.take(),
      command: this.#openedFor,
    };
  }

  #settingsState(): SettingsState {
    const { values, modified } = this.#settings;
    return { values, modified, addresses: interfaceAddresses() };
  }

  /** The development runner says when the window's scripts are new. */
  #reloadWhenTold(): void {
    if (app.isPackaged) return;
    process.on('message', (message) => {
      if (message === 'reload') this.#window.contents?.reload();
    });
  }

  #watchBugs(): void {
    process.on('uncaughtException', (error) => this.#report(error));
    process.on('unhandledRejection', (error) => this.#report(error));
  }

  /** A bug: the log has its stack, the window its message; all else goes on. */
  #report(error: unknown): void {
    const stack = error instanceof Error ? error.stack : undefined;
    this.#logFile.write('error', `internal error: ${stack ?? messageOf(error)}`);
    this.#complain(`Internal error: ${messageOf(error)}`);
  }
}

function themeSource(theme: Theme): 'system' | 'light' | 'dark' {
  switch (theme) {
    case 'system':
      return 'system';
    case 'light':
    case 'high-contrast-light':
      return 'light';
    case 'dark':
    case 'high-contrast':
      return 'dark';
  }
}
