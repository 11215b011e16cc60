import { app } from 'electron';
import { monotonic } from 'picosocks5';
import type { Notifications } from '../desktop/notifications.js';
import type { TrayList, TrayState } from '../desktop/tray.js';
import type { TrayPresence } from '../desktop/traypresence.js';
import type { Updates } from '../desktop/updates.js';
import type { DesktopExtensions } from '../extensions/extensions.js';
import { profilesState } from '../profiles/profiles.js';
import type { ServerController } from '../proxy/controller.js';
import { interfaceAddresses } from '../proxy/endpoints.js';
import type { Traffic } from '../proxy/traffic.js';
import type { Servers } from '../servers/servers.js';
import { DESCRIPTORS } from '../settings/descriptors.js';
import type { Settings } from '../settings/store.js';
import type { SystemProxy } from '../systemproxy/systemproxy.js';
import type { DesktopUpstreams } from '../upstreams/upstreams.js';
import type { UserActivities } from '../users/activity.js';
import type { DesktopUsers } from '../users/users.js';
import { languageInForce } from '../words/language.js';
import type { AppState, SettingsState } from './contract.js';

/** The argument that leaves the welcome page out, as VS Code's does. */
const SKIP_WELCOME = '--skip-welcome';

interface Parts {
  readonly settings: Settings;
  readonly users: DesktopUsers;
  readonly activities: UserActivities;
  readonly upstreams: DesktopUpstreams;
  readonly extensions: DesktopExtensions;
  readonly server: ServerController;
  readonly systemProxy: SystemProxy;
  readonly servers: Servers;
  readonly traffic: Traffic;
  readonly tray: TrayPresence;
  readonly notifications: Notifications;
  readonly updates: Updates;
  /** What the tray's menu has besides commands. */
  readonly lists: () => readonly TrayList[];
}

/** The app as the window, the menus and the tray show it, at present. */
export class Snapshot {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  get settings(): SettingsState {
    const { values, modified } = this.#parts.settings;
    const profiles = profilesState(this.#parts.settings);
    return { values, modified, addresses: interfaceAddresses(), profiles };
  }

  /** What commands go by, and what the tray shows besides them. */
  get tray(): TrayState {
    const { server, users, settings, traffic, extensions } = this.#parts;
    const { status } = server;
    const now = traffic.history.at(-1);
    return {
      server: status,
      hasUsers: users.any,
      startAtLogin: settings.values.startAtLogin,
      systemProxy: settings.values.systemProxy,
      safeMode: extensions.isSafe,
      updateReady: this.#parts.updates.state.state === 'ready',
      contributed: status.state === 'running' ? extensions.commands.filter(({ tray }) => tray) : [],
      connections: now?.connections ?? 0,
      rateUp: now?.rateUp ?? 0,
      rateDown: now?.rateDown ?? 0,
      lists: this.#parts.lists(),
    };
  }

  /** All that a window shows at first. Notifications that waited for one are given to it. */
  take(command: AppState['command']): AppState {
    const { server, users, upstreams, extensions, traffic, tray, notifications } = this.#parts;
    const { activities, servers } = this.#parts;
    return {
      version: app.getVersion(),
      platform: process.platform as AppState['platform'],
      tray: tray.isThere,
      language: languageInForce(),
      instant: monotonic(),
      server: server.status,
      systemProxy: this.#parts.systemProxy.state,
      traffic: traffic.history,
      refusals: traffic.refusals,
      settings: this.settings,
      descriptors: DESCRIPTORS,
      users: users.state,
      usersTransfer: users.transfer,
      activity: activities.all(),
      upstreams: upstreams.state,
      extensions: extensions.state,
      updates: this.#parts.updates.state,
      notifications: notifications.take(),
      welcome: this.#parts.settings.welcome && !process.argv.includes(SKIP_WELCOME),
      servers: servers.state,
      remote: undefined,
      lockouts: server.lockouts,
      command,
      ...servers.shown?.shown,
    };
  }
}
