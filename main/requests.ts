import { writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { app, clipboard, dialog, shell } from 'electron';
import { messageOf, UserError } from 'picosocks5';
import type { AppState } from './contract.js';
import type { Handlers } from './ipc.js';
import type { ConnectionLog } from './server/connectionlog.js';
import type { ServerController } from './server/controller.js';
import type { Settings } from './settings/store.js';
import type { DesktopUsers } from './users/users.js';

interface Parts {
  readonly settings: Settings;
  readonly users: DesktopUsers;
  readonly server: ServerController;
  readonly connections: ConnectionLog;
  readonly logFolder: string;
  readonly state: () => AppState;
}

async function chooseFile(title: string, defaultPath?: string): Promise<string | undefined> {
  const options = { title, ...(defaultPath !== undefined && { defaultPath }) };
  if (defaultPath === undefined) {
    const { filePaths } = await dialog.showOpenDialog({ ...options, properties: ['openFile'] });
    return filePaths[0];
  }
  const { canceled, filePath } = await dialog.showSaveDialog(options);
  return canceled || filePath === '' ? undefined : filePath;
}

async function save(file: string, content: string): Promise<void> {
  await writeFile(file, content).catch((error: unknown) => {
    throw new UserError(`${basename(file)} cannot be written: ${messageOf(error)}`);
  });
}

/** What each request of the window does. */
export function requestHandlers(parts: Parts): Handlers {
  const { settings, users, server, connections } = parts;
  return {
    'app.state': () => parts.state(),
    'app.copy': (text) => clipboard.writeText(text),
    'app.quit': () => app.quit(),
    async 'app.open'(what) {
      const folder = what === 'log-folder' ? parts.logFolder : app.getPath('userData');
      const problem = await shell.openPath(folder);
      if (problem !== '') throw new UserError(`${folder} cannot be opened: ${problem}`);
    },
    async 'app.export'({ name, content }) {
      const file = await chooseFile('Export connections', name);
      if (file === undefined) return false;
      await save(file, content);
      return true;
    },

    'server.start': () => server.start(),
    'server.stop': () => server.stop(),
    'server.restart': () => server.restart(),

    async 'settings.set'(change) {
      settings.set(change);
      await server.apply();
    },
    async 'settings.reset'(key) {
      settings.reset(key);
      await server.apply();
    },

    'users.add': (user) => users.add(user),
    'users.update': (change) => users.update(change),
    'users.delete': (name) => users.delete(name),
    'users.restore': (name) => users.restore(name),
    'users.refresh': () => users.refresh(),
    async 'users.import'() {
      const file = await chooseFile('Import a password file');
      return file === undefined ? undefined : users.import(file);
    },
    async 'users.export'() {
      const file = await chooseFile('Export a password file', 'users.txt');
      return file === undefined ? undefined : users.export(file);
    },

    'connections.watch': () => connections.watch(),
    'connections.unwatch': () => connections.unwatch(),
    'connections.disconnect': (ids) => server.disconnect(ids),
    'connections.clear': () => connections.clear(),
  };
}
