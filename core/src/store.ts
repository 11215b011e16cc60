import { ExtensionStore } from './extensions/install.js';
import { placesOf } from './extensions/places.js';
import { createRegistries } from './extensions/registries.js';
import { pointNames } from './extensions/slots/slots.js';

export { ExtensionStore, type Installed } from './extensions/install.js';
export type { InstalledExtension } from './extensions/places.js';

/**
 * The extensions that are installed for a user, as `picosocks5 extension` has them.
 *
 * @param extensionsDir where they are, if not in the user's data folder.
 */
export function openStore(extensionsDir?: string): ExtensionStore {
  return new ExtensionStore(placesOf(extensionsDir).installed, pointNames(createRegistries()));
}
