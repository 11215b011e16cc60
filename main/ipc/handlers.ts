import { clipboard } from 'electron';
import { messageOf } from 'picosocks5';
import type { AppCommands } from '../desktop/commands.js';
import type { Dialogs } from '../desktop/dialogs.js';
import type { MainWindow } from '../desktop/window.js';
import type { DesktopExtensions } from '../extensions/extensions.js';
import type { AppLog } from '../proxy/applog.js';
import type { ConnectionLog } from '../proxy/connectionlog.js';
import type { ServerController } from '../proxy/controller.js';
import type { DesktopUpstreams } from '../upstreams/upstreams.js';
import type { DesktopUsers } from '../users/users.js';
import { writeWholeFile } from '../wholefile.js';
import { text } from '../words/words.js';
import type { AppState, ServersRequests } from './contract.js';
import type { Handlers } from './serve.js';
import { pemFiles, type SettingsParts, settingsHandlers } from './settingshandlers.js';

interface Parts extends SettingsParts {
  readonly users: DesktopUsers;
  readonly upstreams: DesktopUpstreams;
  readonly extensions: DesktopExtensions;
  readonly server: ServerController;
  readonly connections: ConnectionLog;
  readonly log: AppLog;
  readonly dialogs: Dialogs;
  readonly window: MainWindow;
  readonly commands: AppCommands;
  readonly state: () => AppState;
}

/** What each request of the window does, as far as it is about this computer. */
export function requestHandlers(parts: Parts): Omit<Handlers, keyof ServersRequests> {
  const { settings, users, upstreams, extensions, server, connections, log, dialogs, window } =
    parts;
  return {
    ...parts.commands,
    'app.state': () => parts.state(),
    'app.welcomed': () => {
      settings.welcome = false;
    },
    'app.copy': (content) => clipboard.writeText(content),
    async 'app.export'({ name, content }) {
      const file = await dialogs.choosePlace({
        title: text('dialogs.exportConnections'),
        defaultPath: name,
      });
      if (file !== undefined) await writeWholeFile(file, content);
      return file;
    },

    ...settingsHandlers(parts),

    'users.add': (user) => users.add(user),
    'users.update': (change) => users.update(change),
    'users.delete': (name) => users.delete(name),
    'users.restore': (name) => users.restore(name),
    async 'users.import'() {
      const file = await dialogs.chooseFile({ title: text('dialogs.importUsers') });
      return file === undefined ? undefined : users.import(file);
    },
    async 'users.export'() {
      const title = text('dialogs.exportUsers');
      const file = await dialogs.choosePlace({ title, defaultPath: 'users.txt' });
      if (file === undefined) return undefined;
      const result = await users.export(file);
      return result === 'cancelled' ? result : { file, ...result };
    },
    'users.cancel': () => users.cancel(),

    'routing.check': (question) => server.check(question),
    async 'upstreams.choose'() {
      const title = text('upstreams.trusted');
      const file = await dialogs.chooseFile({ title, filters: pemFiles() });
      if (file !== undefined) upstreams.choose(file);
      return file;
    },
    'upstreams.add': (upstream) => upstreams.add(upstream),
    'upstreams.update': (change) => upstreams.update(change),
    'upstreams.delete': (name) => upstreams.delete(name),
    'upstreams.restore': (name) => upstreams.restore(name),
    'upstreams.test': (name) => server.test(name),

    'extensions.enable': (name) => extensions.enable(name),
    'extensions.disable': (name) => extensions.disable(name),
    'extensions.remove': (name) => extensions.remove(name),
    'extensions.reload': (name) => extensions.reload(name),
    'extensions.readme': (name) => extensions.readme(name),
    'extensions.look': () => extensions.refresh(),
    async 'extensions.check'(change) {
      try {
        await extensions.check(change);
        return undefined;
      } catch (error) {
        return messageOf(error);
      }
    },
    'extensions.set': (change) => extensions.set(change),
    'extensions.reset': (key) => extensions.reset(key),
    'extensions.secret': ({ key, secret }) => extensions.setSecret(key, secret),
    'extensions.run': ({ id, row }) => server.runCommand(id, ...(row === undefined ? [] : [row])),
    'extensions.view': (id) => server.viewContent(id),
    'extensions.submit': ({ id, values }) => server.submitView(id, values),

    'connections.watch': () => connections.watch(),
    'connections.unwatch': () => connections.unwatch(),
    'connections.disconnect': (ids) => server.disconnect(ids),
    'connections.clear': () => connections.clear(),

    'window.rest': () => window.rest(),
    'window.zoom': (step) => window.zoom(step),
    'window.record': (isRecording) => window.contents?.setIgnoreMenuShortcuts(isRecording),

    'log.watch': () => log.watch(),
    'log.unwatch': () => log.unwatch(),
    'log.level': (change) =>
      log.change(change, (value) => settings.set({ key: 'loglevel', value })),
    'connections.totals': (kind) => connections.totals.of(kind),
  };
}
