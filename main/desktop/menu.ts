import { Menu, type MenuItemConstructorOptions } from 'electron';
import { COMMANDS, type CommandId, keyOf, type MenuPlace } from '../ipc/contract.js';
import { text } from '../words/words.js';
import { accelerator } from './hotkeys.js';

/** Runs a command. */
type Run = (id: CommandId) => void;

const IS_MACOS = process.platform === 'darwin';

/** The entries that the commands have in a menu. */
function entriesOf(menu: MenuPlace['menu'], run: Run, keys: readonly string[]) {
  return COMMANDS.flatMap(({ id, key, menus = [] }) =>
    menus
      .filter((place) => place.menu === menu)
      .map((place) => {
        const shown = place.key ?? keyOf(id, key, keys);
        return {
          label: text(place.label),
          ...(shown !== undefined && { accelerator: accelerator(shown) }),
          click: () => run(id),
        };
      }),
  );
}

/**
 * The menu of the application: macOS shows it, elsewhere it is hidden and gives editing keys.
 *
 * @param run runs a command.
 * @param keys the setting of that name.
 */
export function setApplicationMenu(run: Run, keys: readonly string[], development: boolean): void {
  const view: MenuItemConstructorOptions[] = [
    ...entriesOf('view', run, keys),
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
  const own = entriesOf('app', run, keys).flatMap((entry) => [
    { type: 'separator' as const },
    entry,
  ]);
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
