import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { app, globalShortcut } from 'electron';
import { DisposableStore, messageOf, toDisposable } from 'picosocks5';
import { watchBugs } from './desktop/bugs.js';
import { Closing } from './desktop/closing.js';
import { appCommands, commandRunner } from './desktop/commands.js';
import { diagnosticsOf } from './desktop/diagnosing.js';
import { Dialogs } from './desktop/dialogs.js';
import { HotKeys } from './desktop/hotkeys.js';
import { KeychainNotices } from './desktop/keychainnotices.js';
import { speak } from './desktop/language.js';
import { setApplicationMenu } from './desktop/menu.js';
import { AppNotices } from './desktop/notices.js';
import { Notifications } from './desktop/notifications.js';
import { ServerNotices } from './desktop/servernotices.js';
import { problemList, type TrayList } from './desktop/tray.js';
import { TrayPresence } from './desktop/traypresence.js';
import { loadUpdater } from './desktop/updater.js';
import { Updates } from './desktop/updates.js';
import { watchWakeups } from './desktop/wakeups.js';
import { MainWindow } from './desktop/window.js';
import { CrashGuard } from './extensions/crashguard.js';
import { DesktopExtensions } from './extensions/extensions.js';
import { forkHelper } from './extensions/fork.js';
import { tellChanges } from './ipc/changes.js';
import type { AppState, CommandId, WindowCommandId } from './ipc/contract.js';
import { Feed } from './ipc/feed.js';
import { requestHandlers } from './ipc/handlers.js';
import { serveRequests, tell } from './ipc/serve.js';
import { shownHandlers } from './ipc/shownhandlers.js';
import { Snapshot } from './ipc/snapshot.js';
import { probeNetwork } from './profiles/probe.js';
import { DesktopProfiles, profilesState } from './profiles/profiles.js';
import { profileList } from './profiles/traylist.js';
import { Programs } from './programs/programs.js';
import { AppLog } from './proxy/applog.js';
import { ConnectionLog } from './proxy/connectionlog.js';
import { ServerController } from './proxy/controller.js';
import { watchNetwork } from './proxy/networkwatch.js';
import { Traffic } from './proxy/traffic.js';
import { Servers } from './servers/servers.js';
import { SettingEffects } from './settings/effects.js';
import { openSettings } from './settings/open.js';
import { settingsParts } from './settings/parts.js';
import type { Settings } from './settings/store.js';
import { systemProxyParts } from './systemproxy/desktop.js';
import { SystemProxy } from './systemproxy/systemproxy.js';
import { DesktopUpstreams } from './upstreams/upstreams.js';
import { UserActivities } from './users/activity.js';
import { Keychain, lockOfKeychain } from './users/keychain.js';
import { DesktopUsers } from './users/users.js';
import { type LanguageSetting, languageInForce } from './words/language.js';

/** The app: makes its parts, tells each what the others do, and undoes it all in the end. */
export class Application {
  readonly #own = new DisposableStore();
  readonly #window = new MainWindow();
  readonly #dialogs = new Dialogs(() => this.#window.shown);
  readonly #notifications = new Notifications(this.#window, () => this.showWindow());
  readonly #settings: Settings;
  readonly #log: AppLog;
  readonly #notices: AppNotices;
  readonly #effects: SettingEffects;
  readonly #users: DesktopUsers;
  readonly #activities: UserActivities;
  readonly #upstreams: DesktopUpstreams;
  readonly #extensions: DesktopExtensions;
  readonly #programs = this.#own.add(new Programs(() => this.#server.ports));
  readonly #connections = new ConnectionLog(undefined, (client, tell) =>
    this.#programs.ask(client, tell),
  );
  readonly #traffic = new Traffic();
  readonly #server: ServerController;
  readonly #systemProxy: SystemProxy;
  /** Servers elsewhere. */
  readonly #servers: Servers;
  readonly #tray: TrayPresence;
  readonly #hotKeys: HotKeys;
  readonly #updates: Updates;
  readonly #snapshot: Snapshot;
  readonly #closing: Closing;
  readonly #profiles: DesktopProfiles;
  /** Runs a command, wherever it runs. */
  readonly #run: (id: CommandId) => Promise<void>;
  #closed: Promise<void> | undefined;
  /** The command that the window is opened for. */
  #openedFor: WindowCommandId | undefined;

  constructor() {
    speak('system');
    this.#settings = openSettings(app.getPath('userData'), (message) =>
      this.#notifications.notify({ severity: 'warning', message }),
    );
    speak(this.#settings.values.language);
    this.#log = new AppLog(app.getPath('logs'), this.#settings.values);
    this.#notices = new AppNotices(this.#notifications, this.#log);
    const complain = (message: string) => this.#notices.complain(message);
    this.#effects = new SettingEffects({
      log: this.#log,
      language: (setting) => this.#speak(setting),
      updateSystemProxy: () => void this.#systemProxy.update(),
      rest: (time) => {
        this.#window.patience = time * 1000;
      },
      keys: (entries) => {
        this.#showMenu();
        this.#hotKeys.apply(entries);
      },
      updates: (channel) => void this.#updates.start(channel),
      complain,
    });
    const keychain = new Keychain();
    const look = lockOfKeychain;
    this.#users = this.#own.add(new DesktopUsers(this.#settings, keychain, { look }));
    this.#activities = this.#own.add(
      new UserActivities(join(app.getPath('userData'), 'activity.json'), this.#users, (message) =>
        this.#notices.note(message),
      ),
    );
    this.#upstreams = this.#own.add(new DesktopUpstreams(this.#settings, keychain, { look }));
    this.#servers = this.#own.add(
      new Servers(app.getPath('userData'), keychain, {
        warn: (message) => this.#notices.warn(message),
      }),
    );
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
      sinks: [this.#log, this.#activities, new ServerNotices(this.#notifications, this.#users)],
      interfaces: networkInterfaces,
    });
    this.#systemProxy = new SystemProxy(
      systemProxyParts(this.#settings, this.#server, this.#notifications),
    );
    this.#updates = this.#own.add(
      new Updates({
        load: loadUpdater,
        prepare: async () => {
          await this.close();
          // The other version would be a second instance of this one.
          app.releaseSingleInstanceLock();
        },
        ready: (version) => this.#notices.tellOfUpdate(version),
        note: (message) => this.#notices.note(message),
      }),
    );
    this.#hotKeys = this.#own.add(
      new HotKeys({
        registry: globalShortcut,
        run: (id) => void this.#run(id),
        refused: (key) => this.#notices.tellOfRefusedKey(key),
      }),
    );
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
      systemProxy: this.#systemProxy,
      servers: this.#servers,
      traffic: this.#traffic,
      tray: this.#tray,
      notifications: this.#notifications,
      updates: this.#updates,
      lists: () => this.#trayLists(),
    });
    this.#closing = new Closing(this.#window, this.#tray, this.#dialogs);
    const commands = appCommands({
      server: this.#server,
      settings: this.#settings,
      users: this.#users,
      upstreams: this.#upstreams,
      extensions: this.#extensions,
      log: this.#log,
      updates: this.#updates,
      diagnose: () =>
        diagnosticsOf({
          settings: this.#settings,
          server: this.#server,
          extensions: this.#extensions,
          log: this.#log,
        }),
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
        tell: (message) => this.#notices.tell(message),
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
      log: this.#log,
      dialogs: this.#dialogs,
      window: this.#window,
      state: () => this.#state(),
    });
    this.#own.add(watchBugs((error) => this.#notices.report(error)));
    const owns = this.#window.owns.bind(this.#window);
    const shown = shownHandlers({
      local: handlers,
      servers: this.#servers,
      dialogs: this.#dialogs,
      lift: (whom) => this.#server.lift(whom),
    });
    this.#own.add(serveRequests(shown, owns, (error) => this.#notices.report(error)));
  }

  /** @param hidden whether the window stays closed, as at login. */
  async run(hidden: boolean): Promise<void> {
    this.#reloadWhenTold();
    this.#connect();
    this.#showMenu();
    this.#effects.start(this.#settings.values);
    // Its page takes longest: all else is begun meanwhile.
    if (!hidden) this.showWindow();
    this.#watchSurroundings();
    void this.#systemProxy.start();
    this.#hotKeys.apply(this.#settings.values.keys);
    this.#servers.start();
    const started = this.#startServer();
    await this.#tray.offer();
    this.#tray.keepOffering();
    if (hidden && !this.#tray.isThere) this.showWindow();
    await started;
    void this.#updates.start(this.#settings.values.updates);
  }

  #showMenu(): void {
    const run = (command: CommandId) => void this.#run(command);
    setApplicationMenu(run, this.#settings.values.keys, !app.isPackaged);
  }

  /** From now on all that is shown is in another language: what is shown already as well. */
  #speak(setting: LanguageSetting): void {
    speak(setting);
    this.#showMenu();
    this.#tray.show();
    this.#lookIntoKeychain();
    tell(this.#window.contents, 'language', languageInForce());
  }

  /** Looks whether the keychain can be used by now, if it could not: what is wrong is told anew. */
  #lookIntoKeychain(): void {
    if (this.#users.problem !== undefined) void this.#users.refresh();
    if (this.#upstreams.problem !== undefined) void this.#upstreams.refresh();
  }

  showWindow(): void {
    this.#window.show(this.#settings.window, this.#settings.values.theme);
  }

  /** Stops the server, undoes the rest, and lets the app end; once, however often it is called. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#closing.quit();
    await this.#systemProxy.close();
    await this.#server.stop();
    await this.#activities.close();
    await this.#log.close();
    this.#tray.dispose();
    this.#window.destroy();
    this.#own.dispose();
  }

  /** Reads the keychain and starts the server, if it is to start: logins wait for the keychain. */
  async #startServer(): Promise<void> {
    void Promise.all([this.#users.refresh(), this.#upstreams.refresh()]);
    await this.#extensions.refresh();
    if (this.#extensions.isSafe) this.#notices.offerToLeaveSafeMode();
    if (!this.#settings.values.startServer || this.#settings.lostGuards) return;
    await this.#server.start().catch(() => {});
  }

  /** Tells the parts of each other, and the window of them. */
  #connect(): void {
    const told = {
      window: this.#window,
      server: this.#server,
      servers: this.#servers,
      log: this.#log,
    };
    tellChanges({
      ...told,
      users: this.#users,
      upstreams: this.#upstreams,
      extensions: this.#extensions,
      settings: this.#settings,
      systemProxy: this.#systemProxy,
      updates: this.#updates,
      snapshot: this.#snapshot,
    });
    let problem: string | undefined;
    this.#server.on('status', (status) => {
      this.#extensions.look();
      void this.#systemProxy.update();
      if (status.problem !== undefined && status.problem !== problem) {
        this.#notifications.problems.add({ message: status.problem, about: 'view.overview' });
      }
      problem = status.problem;
      this.#tray.show();
      if (status.state === 'error' && status.problem !== undefined) {
        this.#log.write('error', status.problem);
        this.#notifications.announce(status.problem);
      }
    });
    const applyAccounts = () => {
      this.#server.apply().catch((error: unknown) => this.#notices.complain(messageOf(error)));
    };
    this.#users.on('change', applyAccounts);
    this.#upstreams.on('change', applyAccounts);
    this.#extensions.on('state', () => this.#tray.show());
    this.#updates.on('state', () => this.#tray.show());
    this.#settings.on('change', (keys) => {
      this.#effects.changed(keys, this.#settings.values);
      this.#tray.show();
    });
    this.#window.on('place', (place) => {
      try {
        this.#settings.window = place;
      } catch (error) {
        this.#notices.note(messageOf(error));
      }
    });
    this.#window.on('revived', () => this.#notices.tellOfRevival());
    this.#window.on('note', (message) => this.#log.write('error', message));
    new KeychainNotices(this.#notifications, [this.#users, this.#upstreams], (message) =>
      this.#notices.note(message),
    );
    const feed = {
      ...told,
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
        void this.#systemProxy.look();
        void this.#profiles.networkChanged();
      }),
    );
    void this.#profiles.networkChanged();
    // Who unlocks the screen, or wakes the computer, may have unlocked the keychain as well.
    const unlocked = () => this.#lookIntoKeychain();
    const resumed = () => {
      network.check();
      void this.#server.networkChanged();
      void this.#systemProxy.look();
      void this.#profiles.networkChanged();
      unlocked();
    };
    this.#own.add(watchWakeups({ resumed, unlocked }));
  }

  #trayLists(): TrayList[] {
    const { problems } = this.#notifications;
    const use = (name: string | undefined) => {
      this.#profiles.use(name).catch((error: unknown) => this.#notices.complain(messageOf(error)));
    };
    return [
      profileList(profilesState(this.#settings), use),
      problemList(
        problems.all,
        (id) => void this.#run(id),
        () => problems.clear(),
      ),
    ];
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
      if (message !== undefined) this.#notices.tell(message);
    } catch (error) {
      this.#notices.complain(messageOf(error));
    }
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
}
