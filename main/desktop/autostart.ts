import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
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

function entryFile(): string {
  const folder = process.env['XDG_CONFIG_HOME'] || join(homedir(), '.config');
  return join(folder, 'autostart/picosocks5.desktop');
}

function entry(): string {
  const exec = command().map(quoted).join(' ');
  return (
    `[Desktop Entry]\nType=Application\nName=PicoSOCKS5\nExec=${exec}\nTerminal=false\n` +
    'X-GNOME-Autostart-enabled=true\n'
  );
}

/** Writes the entry whole: half of one would start nothing. */
function writeEntry(content: string): void {
  const file = entryFile();
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, content);
  renameSync(`${file}.new`, file);
}

function readEntry(): string | undefined {
  try {
    return readFileSync(entryFile(), 'utf8');
  } catch {
    return undefined;
  }
}

/**
 * Makes the app start at login, or no more.
 *
 * @throws the system's error.
 */
export function setStartAtLogin(enabled: boolean): void {
  if (process.platform === 'linux') {
    if (enabled) writeEntry(entry());
    else rmSync(entryFile(), { force: true });
    return;
  }
  const [path = process.execPath, ...args] = command();
  app.setLoginItemSettings({ openAtLogin: enabled, path, args });
}

/**
 * Sees that a start at login starts this program: an update or its user may have moved it. What the
 * desktop has written into the entry, such as that it is switched off there, stays.
 *
 * @throws the system's error.
 */
export function repairStartAtLogin(): void {
  // macOS knows the app itself, wherever it is; and its user may have switched the start off there.
  if (process.platform === 'darwin') return;
  if (process.platform === 'win32') {
    const [path = process.execPath, ...args] = command();
    if (!app.getLoginItemSettings({ path, args }).openAtLogin) setStartAtLogin(true);
    return;
  }
  const before = readEntry();
  const exec = /^Exec=.*$/m;
  const [line = ''] = exec.exec(entry()) ?? [];
  const repaired =
    before !== undefined && exec.test(before) ? before.replace(exec, () => line) : entry();
  if (repaired !== before) writeEntry(repaired);
}
