import type { DesktopExtensions } from '../extensions/extensions.js';
import type { DesktopUpstreams } from '../upstreams/upstreams.js';
import type { Keychain } from '../users/keychain.js';
import type { DesktopUsers } from '../users/users.js';
import { SettingsDocument } from './document.js';
import type { Settings } from './store.js';
import { SettingsTransfer } from './transfer/transfer.js';

interface Parts {
  readonly settings: Settings;
  readonly users: Pick<DesktopUsers, 'refresh'>;
  readonly upstreams: Pick<DesktopUpstreams, 'refresh'>;
  readonly extensions: DesktopExtensions;
  readonly keychain: Keychain;
  /** Gives the server all settings. @throws {UserError} if it cannot take them. */
  readonly apply: () => Promise<void>;
}

/** What changes all settings at once: as JSON, or by what was exported. */
export function settingsParts({ settings, users, upstreams, extensions, keychain, apply }: Parts) {
  return {
    settings,
    document: new SettingsDocument({ settings, extensions, apply }),
    transfer: new SettingsTransfer({
      settings,
      keychain,
      extensions,
      async apply() {
        await Promise.all([users.refresh(), upstreams.refresh()]);
        await apply();
      },
    }),
  };
}
