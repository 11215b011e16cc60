import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { app } from 'electron';

/** What a start at login is given, so that the window stays closed. */
export const HIDDEN = '--hidden';

/** A word of `Exec` in a desktop entry (Desktop Entry Specification, The Exec key). */
function quoted(word: string): string {
  return `"${word.replace(/[\\"`$]/g, '\\$&').replaceAll('%', '%%')}"`;
}

function command(): string[] {
  const program = process.env['APPIMAGE'] ?? process.execPath;
  return app.isPackaged ? [program, HIDDEN] : [program, app.getAppPath(), HIDDEN];
}

/**
 * Makes the app start at login, or no more.
 *
 * @throws the system's error.
 */
export function setStartAtLogin(enabled: boolean): void {
  if (process.platform === 'linux') {
    const folder = join(process.env['XDG_CONFIG_HOME'] ?? join(homedir(), '.config'), 'autostart');
    const file = join(folder, 'picosocks5.desktop');
    if (!enabled) {
      rmSync(file, { force: true });
      return;
    }
    mkdirSync(folder, { recursive: true });
    const exec = command().map(quoted).join(' ');
    writeFileSync(
      file,
      `[Desktop Entry]\nType=Application\nName=PicoSOCKS5\nExec=${exec}\nTerminal=false\n` +
        'X-GNOME-Autostart-enabled=true\n',
    );
    return;
  }
  const [path = process.execPath, ...args] = command();
  app.setLoginItemSettings({ openAtLogin: enabled, path, args });
}
