import { Menu, type MenuItemConstructorOptions } from 'electron';
import { COMMANDS, type CommandId, type MenuPlace } from '../ipc/contract.js';

/** A key of a command, as Electron names it. */
function accelerator(key: string | undefined) {
  return key === undefined ? {} : { accelerator: key.replace('Ctrl', 'CommandOrControl') };
}

/** The entries that the commands have in a menu. */
function entriesOf(menu: MenuPlace['menu'], run: (id: CommandId) => void) {
  return COMMANDS.flatMap(({ id, key, menus = [] }) =>
    menus
      .filter((place) => place.menu === menu)
      .map((place) => ({
        label: place.label,
        ...accelerator(place.key ?? key),
        click: () => run(id),
      })),
  );
}

/**
 * The menu of the application: macOS shows it, elsewhere it is hidden and gives editing keys.
 *
 * @param run runs a command.
 */
export function setApplicationMenu(run: (id: CommandId) => void, development: boolean): void {
  const view: MenuItemConstructorOptions[] = [
    ...entriesOf('view', run),
    { type: 'separator' },
    { role: 'resetZoom' },
    { role: 'zoomIn' },
    { role: 'zoomOut' },
    { role: 'togglefullscreen' },
    ...(development ? ([{ role: 'reload' }, { role: 'toggleDevTools' }] as const) : []),
  ];
  const own = entriesOf('app', run).flatMap((entry) => [{ type: 'separator' as const }, entry]);
  const app: MenuItemConstructorOptions[] = [
    { role: 'about' },
    ...own.slice(0, -1),
    ...(process.platform === 'darwin'
      ? ([{ role: 'hide' }, { role: 'hideOthers' }, { role: 'unhide' }] as const)
      : []),
    ...own.slice(-1),
  ];
  Menu.setApplicationMenu(
    Menu.buildFromTemplate([
      { label: 'PicoSOCKS5', submenu: app },
      { role: 'editMenu' },
      { label: 'View', submenu: view },
      { role: 'windowMenu' },
    ]),
  );
}
