import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { app } from 'electron';
import { DisposableStore, type LogLevel, messageOf, toDisposable } from 'picosocks5';
import { watchBugs } from './desktop/bugs.js';
import { Closing } from './desktop/closing.js';
import { appCommands, commandRunner } from './desktop/commands.js';
import { Dialogs } from './desktop/dialogs.js';
import { speak } from './desktop/language.js';
import { setApplicationMenu } from './desktop/menu.js';
import { Notifications } from './desktop/notifications.js';
import { ServerNotices } from './desktop/servernotices.js';
import { TrayPresence } from './desktop/traypresence.js';
import { watchWakeups } from './desktop/wakeups.js';
import { MainWindow } from './desktop/window.js';
import { CrashGuard } from './extensions/crashguard.js';
import { DesktopExtensions } from './extensions/extensions.js';
import { forkHelper } from './extensions/fork.js';
import type { AppState, CommandId, WindowCommandId } from './ipc/contract.js';
import { Feed } from './ipc/feed.js';
import { requestHandlers } from './ipc/handlers.js';
import { serveRequests, tell } from './ipc/serve.js';
import { Snapshot } from './ipc/snapshot.js';
import { probeNetwork } from './profiles/probe.js';
import { DesktopProfiles } from './profiles/profiles.js';
import { ConnectionLog } from './proxy/connectionlog.js';
import { ServerController } from './proxy/controller.js';
import { LogFile } from './proxy/logfile.js';
import { watchNetwork } from './proxy/networkwatch.js';
import { Traffic } from './proxy/traffic.js';
import { SettingEffects } from './settings/effects.js';
import { openSettings } from './settings/open.js';
import { settingsParts } from './settings/parts.js';
import type { Settings } from './settings/store.js';
import { DesktopUpstreams } from './upstreams/upstreams.js';
import { UserActivities } from './users/activity.js';
import { Keychain, lockOfKeychain } from './users/keychain.js';
import { DesktopUsers } from './users/users.js';
import { type LanguageSetting, languageInForce } from './words/language.js';
import { text } from './words/words.js';

/** How long the start of the server waits for the keychain, ms: logins wait for it longer. */
const KEYCHAIN_TIME = 1000;

/** The app: makes its parts, tells each what the others do, and undoes it all in the end. */
export class Application {
  readonly #own = new DisposableStore();
  readonly #window = new MainWindow();
  readonly #dialogs = new Dialogs(() => this.#window.shown);
  readonly #notifications = new Notifications(this.#window, () => this.showWindow());
  readonly #settings: Settings;
  readonly #logFile: LogFile;
  readonly #effects: SettingEffects;
  readonly #users: DesktopUsers;
  readonly #activities: UserActivities;
  readonly #upstreams: DesktopUpstreams;
  readonly #extensions: DesktopExtensions;
  readonly #connections = new ConnectionLog();
  readonly #traffic = new Traffic();
  readonly #server: ServerController;
  readonly #tray: TrayPresence;
  readonly #snapshot: Snapshot;
  readonly #closing: Closing;
  readonly #profiles: DesktopProfiles;
  /** Runs a command, wherever it runs. */
  readonly #run: (id: CommandId) => Promise<void>;
  /** The command that the window is opened for. */
  #openedFor: WindowCommandId | undefined;

  constructor() {
    speak('system');
    this.#settings = openSettings(app.getPath('userData'), (message) =>
      this.#notifications.notify({ severity: 'warning', message }),
    );
    const { loglevel, language } = this.#settings.values;
    speak(language);
    const complain = (message: string) => this.#complain(message);
    this.#logFile = new LogFile(app.getPath('logs'), loglevel as LogLevel);
    this.#effects = new SettingEffects({
      logFile: this.#logFile,
      language: (setting) => this.#speak(setting),
      complain,
    });
    const keychain = new Keychain();
    const look = lockOfKeychain;
    this.#users = this.#own.add(new DesktopUsers(this.#settings, keychain, { look }));
    this.#activities = this.#own.add(
      new UserActivities(join(app.getPath('userData'), 'activity.json'), this.#users, (message) =>
        this.note(message),
      ),
    );
    this.#upstreams = this.#own.add(new DesktopUpstreams(this.#settings, keychain, { look }));
    this.#extensions = this.#own.add(
      new DesktopExtensions({
        settings: this.#settings,
        keychain,
        dialogs: this.#dialogs,
        guard: new CrashGuard(app.getPath('userData')),
        forkHelper,
        server: () => this.#server,
      }),
    );
    this.#settings.moreWays = () => this.#extensions.ways;
    this.#server = new ServerController({
      settings: this.#settings,
      users: this.#users,
      upstreams: this.#upstreams,
      extensions: this.#extensions,
      log: this.#connections,
      traffic: this.#traffic,
      quotaFile: join(app.getPath('userData'), 'quotas.json'),
      sinks: [this.#logFile, this.#activities, new ServerNotices(this.#notifications, this.#users)],
      interfaces: networkInterfaces,
    });
    this.#tray = new TrayPresence({
      run: (id) => void this.#run(id),
      runContributed: (id) => void this.#runContributed(id),
      state: () => this.#snapshot.tray,
      appeared: () => tell(this.#window.contents, 'tray', true),
    });
    this.#snapshot = new Snapshot({
      settings: this.#settings,
      users: this.#users,
      activities: this.#activities,
      upstreams: this.#upstreams,
      extensions: this.#extensions,
      server: this.#server,
      traffic: this.#traffic,
      tray: this.#tray,
      notifications: this.#notifications,
    });
    this.#closing = new Closing(this.#window, this.#tray, this.#dialogs);
    const commands = appCommands({
      server: this.#server,
      settings: this.#settings,
      users: this.#users,
      upstreams: this.#upstreams,
      extensions: this.#extensions,
      logFolder: this.#logFile.folder,
      open: () => this.showWindow(),
    });
    this.#run = commandRunner({
      commands,
      state: () => this.#snapshot.tray,
      inWindow: (id) => this.#runInWindow(id),
      complain,
    });
    const applyAll = () => this.#extensions.guarded(() => this.#server.applyAll());
    this.#profiles = this.#own.add(
      new DesktopProfiles({
        settings: this.#settings,
        apply: applyAll,
        probe: () => probeNetwork(),
        tell: (message) => this.#tell(message),
        complain,
      }),
    );
    const handlers = requestHandlers({
      commands,
      profiles: this.#profiles,
      ...settingsParts({
        settings: this.#settings,
        users: this.#users,
        upstreams: this.#upstreams,
        extensions: this.#extensions,
        keychain,
        apply: applyAll,
      }),
      users: this.#users,
      upstreams: this.#upstreams,
      extensions: this.#extensions,
      server: this.#server,
      connections: this.#connections,
      dialogs: this.#dialogs,
      state: () => this.#state(),
    });
    this.#own.add(watchBugs((error) => this.#report(error)));
    const owns = this.#window.owns.bind(this.#window);
    this.#own.add(serveRequests(handlers, owns, (error) => this.#report(error)));
  }

  /** @param hidden whether the window stays closed, as at login. */
  async run(hidden: boolean): Promise<void> {
    this.#reloadWhenTold();
    this.#connect();
    this.#watchSurroundings();
    this.#showMenu();
    this.#effects.start(this.#settings.values);
    const started = this.#startServer();
    await this.#tray.offer();
    this.#tray.keepOffering();
    if (!hidden || !this.#tray.isThere) this.showWindow();
    await started;
  }

  #showMenu(): void {
    setApplicationMenu((command) => void this.#run(command), !app.isPackaged);
  }

  /** From now on all that is shown is in another language: what is shown already as well. */
  #speak(setting: LanguageSetting): void {
    speak(setting);
    this.#showMenu();
    this.#tray.show();
    tell(this.#window.contents, 'language', languageInForce());
  }

  showWindow(): void {
    this.#window.show(this.#settings.window, this.#settings.values.theme);
  }

  /** Notes something that is nobody's business but the log's. */
  note(message: string): void {
    this.#logFile.write('warning', message);
  }

  /** Stops the server, undoes the rest, and lets the app end. */
  async close(): Promise<void> {
    this.#closing.quit();
    await this.#server.stop();
    await this.#activities.close();
    await this.#logFile.close();
    this.#tray.dispose();
    this.#window.destroy();
    this.#own.dispose();
  }

  /** Reads the keychain and starts the server, if it is to start; neither waits long for the other. */
  async #startServer(): Promise<void> {
    const read = Promise.all([this.#users.refresh(), this.#upstreams.refresh()]);
    await this.#extensions.refresh();
    if (this.#extensions.isSafe) this.#offerToLeaveSafeMode();
    if (!this.#settings.values.startServer || this.#settings.lostGuards) return;
    await Promise.race([read, delay(KEYCHAIN_TIME)]);
    await this.#server.start().catch(() => {});
  }

  /** Tells the parts of each other. */
  #connect(): void {
    this.#server.on('status', (status) => {
      tell(this.#window.contents, 'server', status);
      this.#extensions.look();
      this.#tray.show();
      if (status.state === 'error' && status.problem !== undefined) {
        this.#logFile.write('error', status.problem);
        this.#notifications.announce(status.problem);
      }
    });
    this.#users.on('state', () => this.#showUsers());
    this.#users.on('transfer', (transfer) =>
      tell(this.#window.contents, 'usersTransfer', transfer),
    );
    this.#users.on('change', () => {
      this.#showUsers();
      this.#server.apply().catch((error: unknown) => this.#complain(messageOf(error)));
    });
    const showUpstreams = () => tell(this.#window.contents, 'upstreams', this.#upstreams.state);
    this.#upstreams.on('state', showUpstreams);
    this.#upstreams.on('change', () => {
      showUpstreams();
      this.#server.apply().catch((error: unknown) => this.#complain(messageOf(error)));
    });
    this.#extensions.on('state', () => {
      tell(this.#window.contents, 'extensions', this.#extensions.state);
      this.#tray.show();
    });
    this.#server.on('view', (id) => tell(this.#window.contents, 'viewChanged', id));
    this.#settings.on('change', (keys) => {
      tell(this.#window.contents, 'settings', this.#snapshot.settings);
      this.#effects.changed(keys, this.#settings.values);
      this.#tray.show();
    });
    this.#window.on('place', (place) => {
      try {
        this.#settings.window = place;
      } catch (error) {
        this.note(messageOf(error));
      }
    });
    this.#window.on('note', (message) => this.#logFile.write('error', message));
    const feed = {
      window: this.#window,
      server: this.#server,
      connections: this.#connections,
      traffic: this.#traffic,
      activities: this.#activities,
      sampled: () => {
        this.#extensions.look();
        this.#tray.show();
      },
    };
    this.#own.add(new Feed(feed));
  }

  /** Follows the network, the computer's sleep, and the lock of its screen. */
  #watchSurroundings(): void {
    const network = this.#own.add(
      watchNetwork(() => {
        tell(this.#window.contents, 'settings', this.#snapshot.settings);
        void this.#server.networkChanged();
        void this.#profiles.networkChanged();
      }),
    );
    void this.#profiles.networkChanged();
    // Who unlocks the screen, or wakes the computer, may have unlocked the keychain as well.
    const unlocked = () => {
      if (this.#users.problem !== undefined) void this.#users.refresh();
      if (this.#upstreams.problem !== undefined) void this.#upstreams.refresh();
    };
    const resumed = () => {
      network.check();
      void this.#server.networkChanged();
      void this.#profiles.networkChanged();
      unlocked();
    };
    this.#own.add(watchWakeups({ resumed, unlocked }));
  }

  #showUsers(): void {
    tell(this.#window.contents, 'users', this.#users.state);
  }

  /** Lets the window run one of its commands: it is shown, whether there is one or not. */
  #runInWindow(command: WindowCommandId): void {
    if (this.#window.isConnected) tell(this.#window.contents, 'command', command);
    else this.#openedFor = command;
    this.showWindow();
  }

  /** Runs a command of an extension that was chosen in the tray: what it says is told. */
  async #runContributed(id: string): Promise<void> {
    try {
      const message = await this.#server.runCommand(id);
      if (message !== undefined) this.#tell(message);
    } catch (error) {
      this.#complain(messageOf(error));
    }
  }

  /** Tells what was done by itself, wherever somebody looks. */
  #tell(message: string): void {
    this.#notifications.notify({ severity: 'info', message });
    this.#notifications.announce(message);
  }

  #offerToLeaveSafeMode(): void {
    this.#notifications.notify({
      severity: 'warning',
      message: text('extensions.safeModeNotice'),
      action: { label: text('extensions.useAgain'), command: 'extensions.resume' },
    });
  }

  #complain(message: string): void {
    this.#notifications.notify({ severity: 'error', message });
  }

  /** All that the window shows, which it has asked for. */
  #state(): AppState {
    this.#window.connected();
    const command = this.#openedFor;
    this.#openedFor = undefined;
    return this.#snapshot.take(command);
  }

  /** The development runner says when the window's scripts are new. */
  #reloadWhenTold(): void {
    if (app.isPackaged) return;
    const reload = (message: unknown) => {
      if (message === 'reload') this.#window.contents?.reload();
    };
    process.on('message', reload);
    this.#own.add(toDisposable(() => process.off('message', reload)));
  }

  /** A bug: the log has its stack, the window its message; all else goes on. */
  #report(error: unknown): void {
    const stack = error instanceof Error ? error.stack : undefined;
    this.#logFile.write('error', `internal error: ${stack ?? messageOf(error)}`);
    this.#complain(text('common.internalError', { error: messageOf(error) }));
  }
}
