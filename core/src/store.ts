import { ExtensionStore } from './extensions/install.js';
import { type KnownExtension, knownExtensions } from './extensions/known.js';
import { placesOf } from './extensions/places.js';
import { createRegistries } from './extensions/registries.js';
import { pointNames } from './extensions/slots/slots.js';

export { ExtensionStore, type Installed } from './extensions/install.js';
export type { KnownExtension } from './extensions/known.js';
export type { InstalledExtension } from './extensions/places.js';
export { checkSetting, expected } from './extensions/settingschema.js';

/**
 * The extensions that are installed for a user, as `picosocks5 extension` has them.
 *
 * @param extensionsDir where they are, if not in the user's data folder.
 */
export function openStore(extensionsDir?: string): ExtensionStore {
  return new ExtensionStore(placesOf(extensionsDir).installed, points());
}

/**
 * All extensions that there are, by name: bundled ones, installed ones, and those in some folders.
 *
 * @param extensionsDir where installed ones are, if not in the user's data folder.
 * @throws {UserError} if the index of installed extensions cannot be read.
 */
export function listExtensions(
  folders: readonly string[],
  extensionsDir?: string,
): Promise<KnownExtension[]> {
  return knownExtensions(folders, placesOf(extensionsDir), points());
}

function points(): string[] {
  return pointNames(createRegistries());
}
