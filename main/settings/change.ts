import type { Kept } from './file.js';
import type { Settings } from './store.js';

/**
 * Carries a change of what is kept out: all of it, or nothing.
 *
 * @param apply gives the server what is kept; it throws if it cannot take that, and runs on as it was.
 * @throws {UserError} why nothing was changed.
 */
export async function carryOut(
  settings: Settings,
  change: Partial<Kept>,
  apply: () => Promise<void>,
): Promise<void> {
  const before = settings.kept;
  settings.replace(change);
  try {
    await apply();
  } catch (error) {
    const changed = Object.keys(change) as (keyof Kept)[];
    settings.replace(Object.fromEntries(changed.map((key) => [key, before[key]])));
    await apply().catch(() => {});
    throw error;
  }
}
