import { Menu, type MenuItemConstructorOptions } from 'electron';

/**
 * The menu of the application: macOS shows it, elsewhere it is hidden and gives editing keys.
 *
 * @param run runs a command of the window.
 */
export function setApplicationMenu(run: (command: string) => void, development: boolean): void {
  const view: MenuItemConstructorOptions[] = [
    ...(['Overview', 'Connections', 'Users', 'Settings'] as const).map((label, i) => ({
      label,
      accelerator: `CommandOrControl+${i + 1}`,
      click: () => run(`view.${label.toLowerCase()}`),
    })),
    { type: 'separator' },
    { role: 'resetZoom' },
    { role: 'zoomIn' },
    { role: 'zoomOut' },
    { role: 'togglefullscreen' },
    ...(development ? ([{ role: 'reload' }, { role: 'toggleDevTools' }] as const) : []),
  ];
  const app: MenuItemConstructorOptions[] = [
    { role: 'about' },
    { type: 'separator' },
    { label: 'Settings…', accelerator: 'CommandOrControl+,', click: () => run('view.settings') },
    { type: 'separator' },
    ...(process.platform === 'darwin'
      ? ([{ role: 'hide' }, { role: 'hideOthers' }, { role: 'unhide' }] as const)
      : []),
    { label: 'Quit PicoSOCKS5', accelerator: 'CommandOrControl+Q', click: () => run('app.quit') },
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
