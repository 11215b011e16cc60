import { app, clipboard, shell } from 'electron';
import { messageOf, UserError } from 'picosocks5';
import type { DesktopExtensions } from '../extensions/extensions.js';
import {
  type AppCommandId,
  COMMANDS,
  type CommandId,
  type CommandState,
  isOfApp,
  type WindowCommandId,
} from '../ipc/contract.js';
import type { AppLog } from '../proxy/applog.js';
import type { ServerController } from '../proxy/controller.js';
import type { Settings } from '../settings/store.js';
import type { DesktopUpstreams } from '../upstreams/upstreams.js';
import type { DesktopUsers } from '../users/users.js';
import { text } from '../words/words.js';
import type { Updates } from './updates.js';

/** What each command of the app does. */
export type AppCommands = Readonly<Record<AppCommandId, () => void | Promise<void>>>;

interface Parts {
  readonly server: ServerController;
  readonly settings: Settings;
  readonly users: DesktopUsers;
  readonly upstreams: DesktopUpstreams;
  readonly extensions: DesktopExtensions;
  readonly log: AppLog;
  readonly updates: Updates;
  /** What helps others to find out what is wrong. */
  readonly diagnose: () => string;
  /** Shows the window. */
  readonly open: () => void;
}

/** Opens a file or a folder with the program that the system has for it. */
async function openPath(path: string): Promise<void> {
  const problem = await shell.openPath(path);
  if (problem !== '') throw new UserError(text('server.notOpened', { folder: path, problem }));
}

export function appCommands(parts: Parts): AppCommands {
  const { server, settings, users, upstreams, extensions, log, updates, diagnose, open } = parts;
  return {
    'server.start': () => server.start(),
    'server.stop': () => server.stop(),
    'server.toggle': () => (server.status.state === 'running' ? server.stop() : server.start()),
    'server.restart': () => server.restart(),
    'server.copy': () => clipboard.writeText(server.status.url ?? ''),
    'server.system-proxy': () =>
      settings.set({ key: 'systemProxy', value: !settings.values.systemProxy }),
    'users.refresh': async () => void (await Promise.all([users.refresh(), upstreams.refresh()])),
    'extensions.install-folder': () => extensions.install('folder'),
    'extensions.install-file': () => extensions.install('file'),
    'extensions.develop': () => extensions.develop(),
    'extensions.resume': () => extensions.resume(),
    'app.open': open,
    'updates.check': () => updates.check(),
    'updates.restart': () => updates.restart(),
    'app.diagnostics': () => clipboard.writeText(diagnose()),
    'app.crashes': () => openPath(app.getPath('crashDumps')),
    'log.open': () => openPath(log.state.file),
    'log.debug': () => log.change({ level: 'debug', minutes: 10 }, () => {}),
    'app.log': () => openPath(log.folder),
    'app.settings-folder': () => openPath(app.getPath('userData')),
    'app.start-at-login': () =>
      settings.set({ key: 'startAtLogin', value: !settings.values.startAtLogin }),
    'app.quit': () => app.quit(),
  };
}

interface RunnerParts {
  readonly commands: AppCommands;
  readonly state: () => CommandState;
  /** Shows the window and lets it run one of its own. */
  readonly inWindow: (id: WindowCommandId) => void;
  /** Told why a command failed, in a sentence. */
  readonly complain: (message: string) => void;
}

/** What runs commands of the menus and the tray. */
export function commandRunner(parts: RunnerParts): (id: CommandId) => Promise<void> {
  return async (id) => {
    const command = COMMANDS.find((candidate) => candidate.id === id);
    if (!(command?.enabled?.(parts.state()) ?? true)) return;
    if (!isOfApp(id)) {
      parts.inWindow(id);
      return;
    }
    try {
      await parts.commands[id]();
    } catch (error) {
      if (!command?.failsInState) parts.complain(messageOf(error));
    }
  };
}
