import { extensionWishes } from '../config/extensions.js';
import { checkServerOptions, pickServerOptions } from '../config/options.js';
import type { Settings } from '../config/settings.js';
import { createRegistries } from '../extensions/registries.js';
import { userNumber } from './privileges.js';

/**
 * Looks at the extensions that settings want, of which nothing is loaded: for who serves nobody
 * itself, and has to find mistakes before others do.
 *
 * @returns the files that their secrets stand in.
 * @throws {UserError} naming what is wrong with an extension or one of its settings.
 */
export async function wantedSecretFiles(settings: Settings): Promise<readonly string[]> {
  const registries = createRegistries();
  const options = checkServerOptions(pickServerOptions(settings));
  const wishes = extensionWishes(options, registries);
  if (!wishes.isAny) return [];
  const { planExtensions } = await import('../extensions/plan.js');
  const { has, pointNames } = await import('../extensions/slots/slots.js');
  const asked = wishes.asked.filter(({ point, id }) => !has(registries, point, id));
  const user = userNumber(settings);
  const { wanted } = await planExtensions(wishes.options, asked, pointNames(registries), { user });
  return wanted.flatMap(({ secretFiles }) => [...secretFiles.values()]);
}
