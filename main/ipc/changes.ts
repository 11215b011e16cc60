import type { Updates } from '../desktop/updates.js';
import type { MainWindow } from '../desktop/window.js';
import type { DesktopExtensions } from '../extensions/extensions.js';
import type { AppLog } from '../proxy/applog.js';
import type { ServerController } from '../proxy/controller.js';
import type { Servers } from '../servers/servers.js';
import type { Settings } from '../settings/store.js';
import type { SystemProxy } from '../systemproxy/systemproxy.js';
import type { DesktopUpstreams } from '../upstreams/upstreams.js';
import type { DesktopUsers } from '../users/users.js';
import type { Subscriptions } from './contract.js';
import { tell } from './serve.js';
import type { Snapshot } from './snapshot.js';

interface Parts {
  readonly window: MainWindow;
  readonly server: ServerController;
  /** Servers elsewhere: one of them may be shown. */
  readonly servers: Servers;
  readonly users: DesktopUsers;
  readonly upstreams: DesktopUpstreams;
  readonly extensions: DesktopExtensions;
  readonly settings: Settings;
  readonly systemProxy: SystemProxy;
  readonly updates: Updates;
  readonly log: AppLog;
  readonly snapshot: Snapshot;
}

/** Has the window told of each part that changes, from now on. */
export function tellChanges(parts: Parts): void {
  const { window, server, servers, users, upstreams, extensions, settings, snapshot } = parts;
  const send = <K extends keyof Subscriptions>(name: K, payload: Subscriptions[K]) =>
    tell(window.contents, name, payload);
  /** Of the server of this computer, unless another one is shown. */
  const sendLocal = <K extends keyof Subscriptions>(name: K, payload: Subscriptions[K]) => {
    if (servers.shown === undefined) send(name, payload);
  };
  server.on('status', (status) => sendLocal('server', status));
  server.on('view', (id) => send('viewChanged', id));
  const sendUsers = () => sendLocal('users', users.state);
  users.on('state', sendUsers).on('change', sendUsers);
  users.on('transfer', (transfer) => sendLocal('usersTransfer', transfer));
  const sendUpstreams = () => sendLocal('upstreams', upstreams.state);
  upstreams.on('state', sendUpstreams).on('change', sendUpstreams);
  extensions.on('state', () => sendLocal('extensions', extensions.state));
  parts.log.on('state', (state) => sendLocal('logState', state));
  settings.on('change', () => send('settings', snapshot.settings));
  parts.systemProxy.on('state', (state) => send('systemProxy', state));
  parts.updates.on('state', (state) => send('updates', state));
  servers.on('state', (state) => send('servers', state));
  // Nothing of another server is left in a page that is loaded anew.
  servers.on('switched', () => window.contents?.reload());
  window.on('unseen', () => send('unseen', undefined));
}
