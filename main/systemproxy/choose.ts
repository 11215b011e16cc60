import { UserError } from 'picosocks5';
import { text } from '../words/words.js';
import type { Backend, BackendId } from './backend.js';
import { GnomeBackend } from './gnome.js';
import { KdeBackend } from './kde.js';
import { MacosBackend } from './macos.js';
import type { Runner } from './runner.js';
import { WindowsBackend } from './windows.js';

/** What tells which settings a system has. */
export interface Surroundings {
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly run: Runner;
}

/** The proxy settings that the programs of this system use; undefined if it has none that are known. */
export async function chooseBackend(system: Surroundings): Promise<Backend | undefined> {
  for (const id of candidates(system)) {
    const backend = await backendOf(id, system).catch(() => undefined);
    if (backend !== undefined) return backend;
  }
  return undefined;
}

function candidates({ platform, env }: Surroundings): readonly BackendId[] {
  if (platform === 'win32') return ['windows'];
  if (platform === 'darwin') return ['macos'];
  // XDG_CURRENT_DESKTOP has names with colons between (Desktop Entry Specification, OnlyShowIn).
  const desktops = (env['XDG_CURRENT_DESKTOP'] ?? '').split(':');
  return desktops.includes('KDE') ? ['kde', 'gnome'] : ['gnome'];
}

/** @throws {UserError} if the system does not have such settings. */
export async function backendOf(id: BackendId, { run }: Surroundings): Promise<Backend> {
  switch (id) {
    case 'windows':
      return new WindowsBackend(run);
    case 'macos':
      return new MacosBackend(run);
    case 'gnome': {
      const backend = new GnomeBackend(run);
      if (Object.keys(await backend.read()).length > 0) return backend;
      throw new UserError(text('systemProxy.gnomeMissing'));
    }
    case 'kde': {
      const newer = new KdeBackend(run, '6');
      const isNewer = await newer.read().then(
        () => true,
        () => false,
      );
      if (isNewer) return newer;
      const older = new KdeBackend(run, '5');
      await older.read();
      return older;
    }
  }
}
