import { nativeTheme } from 'electron';
import { messageOf } from 'picosocks5';
import { repairStartAtLogin, setStartAtLogin } from '../desktop/autostart.js';
import type {
  AppSettingKey,
  SettingKey,
  SettingValues,
  Theme,
  UpdateChannel,
} from '../ipc/contract.js';
import type { AppLog } from '../proxy/applog.js';
import type { LanguageSetting } from '../words/language.js';
import { text } from '../words/words.js';
import { descriptorOf } from './descriptors.js';

/** What happens when a setting of the app is another one: those of the server are given to it. */
type Effects = {
  readonly [K in AppSettingKey]: (value: SettingValues[K], values: SettingValues) => void;
};

interface Parts {
  readonly log: AppLog;
  /** Puts the language in force that the user wants. */
  readonly language: (setting: LanguageSetting) => void;
  /** Makes the system's proxy settings what they have to be. */
  readonly updateSystemProxy: () => void;
  /** Told after how many seconds a hidden window gives its memory back. */
  readonly rest: (time: number) => void;
  /** Gives commands their keys. */
  readonly keys: (entries: readonly string[]) => void;
  /** Looks for newer versions of a kind. */
  readonly updates: (channel: UpdateChannel) => void;
  /** Told what could not be done, in a sentence. */
  readonly complain: (message: string) => void;
}

/** Puts the settings of the app into effect. */
export class SettingEffects {
  readonly #effects: Effects;
  readonly #complain: Parts['complain'];

  constructor({ log, language, updateSystemProxy, rest, keys, updates, complain }: Parts) {
    this.#complain = complain;
    this.#effects = {
      loglevel: (_level, values) => log.apply(values, true),
      logSize: (_size, values) => log.apply(values, false),
      logDays: (_days, values) => log.apply(values, false),
      logFiles: (_files, values) => log.apply(values, false),
      startAtLogin: (enabled) =>
        this.#attempt('dialogs.loginNotChanged', () => setStartAtLogin(enabled)),
      startServer: () => {
        // It counts when the app starts.
      },
      theme: applyTheme,
      language,
      systemProxy: updateSystemProxy,
      systemProxyKind: updateSystemProxy,
      systemProxyBypass: updateSystemProxy,
      restAfter: (time) => rest(time),
      keys: (entries) => keys(entries),
      updates: (channel) => updates(channel),
    };
  }

  /** Does what has to be done when the app starts. */
  start(values: SettingValues): void {
    const { theme, startAtLogin } = values;
    applyTheme(theme);
    this.#carryOut('restAfter', values);
    if (startAtLogin) this.#attempt('dialogs.loginFails', repairStartAtLogin);
  }

  /** Does what has to be done after some settings have changed. */
  changed(keys: readonly SettingKey[], values: SettingValues): void {
    for (const key of keys) if (isOfApp(key)) this.#carryOut(key, values);
  }

  #carryOut<K extends AppSettingKey>(key: K, values: SettingValues): void {
    this.#effects[key](values[key], values);
  }

  #attempt(complaint: 'dialogs.loginNotChanged' | 'dialogs.loginFails', action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#complain(text(complaint, { problem: messageOf(error) }));
    }
  }
}

function isOfApp(key: SettingKey): key is AppSettingKey {
  return descriptorOf(key).of === 'app';
}

function applyTheme(theme: Theme): void {
  nativeTheme.themeSource = themeSource(theme);
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
