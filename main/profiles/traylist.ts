import type { TrayList } from '../desktop/tray.js';
import type { ProfilesState } from '../ipc/contract.js';
import { text } from '../words/words.js';

/**
 * The profiles as a menu of the tray, and none of them; the one that is in use is ticked.
 *
 * @param use uses one, or none.
 */
export function profileList(
  { profiles, active }: ProfilesState,
  use: (name: string | undefined) => void,
): TrayList {
  const label = text('profiles.profile');
  if (profiles.length === 0) return { key: 'profiles', label, items: [] };
  const entry = (name: string | undefined) => ({
    key: `profile ${name ?? ''}`,
    label: name ?? text('profiles.noneLabel'),
    checked: name === active,
    click: () => use(name),
  });
  const names = profiles.map(({ name }) => name);
  return { key: 'profiles', label, items: [undefined, ...names].map(entry) };
}
