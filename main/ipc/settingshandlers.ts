import { messageOf, UserError } from 'picosocks5';
import type { Dialogs } from '../desktop/dialogs.js';
import type { DesktopProfiles } from '../profiles/profiles.js';
import type { ServerController } from '../proxy/controller.js';
import { descriptorOf } from '../settings/descriptors.js';
import type { SettingsDocument } from '../settings/document.js';
import type { Settings } from '../settings/store.js';
import type { SettingsTransfer } from '../settings/transfer/transfer.js';
import { text } from '../words/words.js';
import { isFileSetting } from './contract.js';
import type { Handlers } from './serve.js';

/** What a dialog for certificates and keys offers. */
export const pemFiles = () => [
  { name: 'PEM', extensions: ['pem', 'crt', 'cer', 'key'] },
  { name: text('dialogs.allFiles'), extensions: ['*'] },
];

const JSON_FILES = [{ name: 'JSON', extensions: ['json'] }];

/** What answers for settings and profiles. */
export interface SettingsParts {
  readonly settings: Settings;
  readonly document: SettingsDocument;
  readonly transfer: SettingsTransfer;
  readonly profiles: DesktopProfiles;
}

interface Parts extends SettingsParts {
  readonly server: Pick<ServerController, 'apply'>;
  readonly dialogs: Pick<Dialogs, 'chooseFile' | 'choosePlace'>;
}

type Names = Extract<keyof Handlers, `settings.${string}` | `profiles.${string}`>;

/** What each request about settings and profiles does. */
export function settingsHandlers({
  settings,
  document,
  transfer,
  profiles,
  server,
  dialogs,
}: Parts): Pick<Handlers, Names> {
  return {
    'settings.check'(change) {
      try {
        settings.check(change);
        return undefined;
      } catch (error) {
        return messageOf(error);
      }
    },
    async 'settings.set'(change) {
      if (isFileSetting(change.key) && change.value !== '') {
        throw new UserError(text('server.fileByDialog'));
      }
      settings.set(change);
      await server.apply();
    },
    async 'settings.reset'(key) {
      settings.reset(key);
      await server.apply();
    },
    async 'settings.choose'(key) {
      const { title } = descriptorOf(key);
      const value = await dialogs.chooseFile({ title, filters: pemFiles() });
      if (value === undefined) return undefined;
      settings.set({ key, value });
      await server.apply();
      return value;
    },

    'settings.document': () => document.text,
    'settings.checkDocument': (json) => document.check(json),
    'settings.saveDocument': (json) => document.save(json),
    async 'settings.export'(options) {
      const title = text('settingsfile.exportTitle');
      const defaultPath = 'picosocks5-settings.json';
      const file = await dialogs.choosePlace({ title, defaultPath, filters: JSON_FILES });
      if (file !== undefined) await transfer.export(file, options);
      return file;
    },
    async 'settings.import'() {
      const title = text('settingsfile.importTitle');
      const file = await dialogs.chooseFile({ title, filters: JSON_FILES });
      return file === undefined ? undefined : transfer.preview(file);
    },
    'settings.importChosen': (options) => transfer.import(options),

    'profiles.use': (name) => profiles.use(name),
    'profiles.add': (name) => profiles.add(name),
    'profiles.update': (change) => profiles.update(change),
    'profiles.delete': (name) => profiles.delete(name),
    'profiles.restore': (name) => profiles.restore(name),
    'profiles.differ': ({ key, differs }) => profiles.differ(key, differs),
    'profiles.network': () => profiles.network(),
  };
}
