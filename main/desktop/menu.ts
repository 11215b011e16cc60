import { Menu, type MenuItemConstructorOptions } from 'electron';
import { COMMANDS, type CommandId, type MenuPlace } from '../ipc/contract.js';
import { text } from '../words/words.js';

const IS_MACOS = process.platform === 'darwin';

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
        label: text(place.label),
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
    { role: 'resetZoom', label: text('menus.resetZoom') },
    { role: 'zoomIn', label: text('menus.zoomIn') },
    { role: 'zoomOut', label: text('menus.zoomOut') },
    { role: 'togglefullscreen', label: text('menus.fullScreen') },
    ...(development
      ? ([
          { role: 'reload', label: text('menus.reload') },
          { role: 'toggleDevTools', label: text('menus.developerTools') },
        ] as const)
      : []),
  ];
  const own = entriesOf('app', run).flatMap((entry) => [{ type: 'separator' as const }, entry]);
  const app: MenuItemConstructorOptions[] = [
    { role: 'about', label: text('menus.about') },
    ...own.slice(0, -1),
    ...(IS_MACOS
      ? ([
          { role: 'hide', label: text('menus.hide') },
          { role: 'hideOthers', label: text('menus.hideOthers') },
          { role: 'unhide', label: text('menus.unhide') },
        ] as const)
      : []),
    ...own.slice(-1),
  ];
  Menu.setApplicationMenu(
    Menu.buildFromTemplate([
      { label: 'PicoSOCKS5', submenu: app },
      { role: 'editMenu', label: text('menus.edit'), submenu: edit() },
      { label: text('menus.view'), submenu: view },
      { role: 'windowMenu', label: text('menus.window'), submenu: window() },
    ]),
  );
}

/** Electron has these menus, too, but in English only. */
function edit(): MenuItemConstructorOptions[] {
  return [
    { role: 'undo', label: text('menus.undo') },
    { role: 'redo', label: text('menus.redo') },
    { type: 'separator' },
    { role: 'cut', label: text('menus.cut') },
    { role: 'copy', label: text('menus.copy') },
    { role: 'paste', label: text('menus.paste') },
    { role: 'delete', label: text('menus.delete') },
    { type: 'separator' },
    { role: 'selectAll', label: text('menus.selectAll') },
  ];
}

function window(): MenuItemConstructorOptions[] {
  return [
    { role: 'minimize', label: text('menus.minimize') },
    { role: 'zoom', label: text('menus.zoom') },
    ...(IS_MACOS
      ? ([{ type: 'separator' }, { role: 'front', label: text('menus.front') }] as const)
      : ([{ role: 'close', label: text('menus.close') }] as const)),
  ];
}
