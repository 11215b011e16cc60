import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { SESSION_PROGRAMS } from './desktopsession.js';
import { isCI, unless } from './programs.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** The Electron that the app runs in: the one that is chosen, or that of node_modules. */
export const ELECTRON = `${
  process.env['ELECTRON_OVERRIDE_DIST_PATH'] ?? `${root}node_modules/electron/dist`
}/electron`;

/** The `skip` option of a test that drives the app: its reason, or undefined. */
export function unlessDesktop(...programs: string[]): string | undefined {
  if (!existsSync(ELECTRON) && !isCI) return 'Electron is not there: npx install-electron';
  return unless(...SESSION_PROGRAMS, ...programs);
}
