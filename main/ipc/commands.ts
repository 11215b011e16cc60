import type { ServerStatus } from './contract.js';

/** What decides whether a command can be run, and how it is called: known on both sides. */
export interface CommandState {
  readonly server: Pick<ServerStatus, 'state' | 'url'>;
  readonly hasUsers: boolean;
  readonly startAtLogin: boolean;
  /** Whether extensions are off since the app has failed with them. */
  readonly safeMode: boolean;
}

/** An entry of the application's menu. */
export interface MenuPlace {
  readonly menu: 'app' | 'view';
  readonly label: string;
  /** Where it is not that of the command. */
  readonly key?: string;
}

/** An entry of the tray's menu: there are lines between the groups. */
export interface TrayPlace {
  readonly group: 0 | 1 | 2 | 3;
  readonly label: string | ((state: CommandState) => string);
  /** Whether it is there at all; it always is if this is left out. */
  readonly shown?: (state: CommandState) => boolean;
}

interface Descriptor {
  readonly id: string;
  /** As the palette lists it. */
  readonly title: string;
  /** Who runs it. A command of the app is a request of the same name, and needs no window. */
  readonly runs: 'app' | 'window';
  /** As `Ctrl+Shift+P`; Ctrl is Cmd on macOS. */
  readonly key?: string;
  /** False for what nobody needs who is in the window. */
  readonly palette?: false;
  readonly menus?: readonly MenuPlace[];
  readonly tray?: TrayPlace;
  /** Whether it can be run; it always can if this is left out. */
  readonly enabled?: (state: CommandState) => boolean;
  /** Whether its entry is ticked, where it switches something. */
  readonly checked?: (state: CommandState) => boolean;
  /** What the window says once it is done. */
  readonly done?: string;
  /** Whether the server's state says why it failed, so that it need not be told once more. */
  readonly failsInState?: true;
}

const runs = ({ server: { state } }: CommandState) => state === 'running';
const isUp = ({ server: { state } }: CommandState) => state === 'running' || state === 'stopping';

/**
 * What the menus and keys of main have to know of a view, which describes itself to the window.
 *
 * @param order its place among the views, from 1 on: that is its key as well.
 */
function view<Id extends string>(id: Id, title: string, order: number, ...menus: MenuPlace[]) {
  return {
    id: `view.${id}` as const,
    title: `View: ${title}`,
    runs: 'window' as const,
    key: `Ctrl+${order}`,
    menus: [{ menu: 'view' as const, label: title }, ...menus],
  };
}

function theme<Id extends string>(id: Id, title: string) {
  return { id: `theme.${id}` as const, title: `Theme: ${title}`, runs: 'window' as const };
}

const TABLE = [
  { id: 'connections.pause', title: 'Connections: Pause or go on', runs: 'window' },
  { id: 'connections.follow', title: 'Connections: Follow the newest', runs: 'window' },
  { id: 'connections.clear', title: 'Connections: Clear those that are over', runs: 'window' },
  { id: 'connections.copy', title: 'Connections: Copy as text', runs: 'window' },
  { id: 'connections.csv', title: 'Connections: Export as CSV', runs: 'window' },
  { id: 'connections.jsonl', title: 'Connections: Export as JSON Lines', runs: 'window' },
  {
    id: 'connections.disconnect',
    title: 'Connections: Disconnect the chosen one',
    runs: 'window',
  },
  {
    id: 'connections.route',
    title: 'Connections: Route the destination of the chosen one',
    runs: 'window',
  },
  {
    id: 'connections.deny',
    title: 'Connections: Deny the destination of the chosen one',
    runs: 'window',
  },
  {
    id: 'server.start',
    title: 'Server: Start',
    runs: 'app',
    tray: { group: 1, label: 'Start server', shown: (state) => !isUp(state) },
    enabled: ({ server: { state } }) => state === 'stopped' || state === 'error',
    failsInState: true,
  },
  {
    id: 'server.stop',
    title: 'Server: Stop',
    runs: 'app',
    tray: { group: 1, label: 'Stop server', shown: isUp },
    enabled: runs,
  },
  {
    id: 'server.restart',
    title: 'Server: Restart with the present settings',
    runs: 'app',
    enabled: runs,
    failsInState: true,
  },
  {
    id: 'server.copy',
    title: 'Server: Copy address',
    runs: 'app',
    tray: {
      group: 1,
      label: ({ server: { url } }) => (url === undefined ? 'Copy address' : `Copy ${url}`),
    },
    enabled: ({ server: { url } }) => url !== undefined,
    done: 'Address copied.',
  },
  {
    id: 'app.open',
    title: 'App: Open the window',
    runs: 'app',
    palette: false,
    tray: { group: 2, label: 'Open PicoSOCKS5' },
  },
  view('overview', 'Overview', 1),
  { ...view('connections', 'Connections', 2), tray: { group: 0, label: 'Connections' } },
  view('users', 'Users', 3),
  view('routing', 'Routing', 4),
  {
    ...view('settings', 'Settings', 5, { menu: 'app', label: 'Settings…', key: 'Ctrl+,' }),
    tray: { group: 2, label: 'Settings' },
  },
  view('extensions', 'Extensions', 6),
  { id: 'users.new', title: 'Users: Add a user', runs: 'window' },
  { id: 'users.import', title: 'Users: Import a password file', runs: 'window' },
  {
    id: 'users.export',
    title: 'Users: Export a password file',
    runs: 'window',
    enabled: ({ hasUsers }) => hasUsers,
  },
  { id: 'users.refresh', title: 'Users: Look into the keychain again', runs: 'app' },
  { id: 'routing.route', title: 'Routing: Add a route', runs: 'window' },
  { id: 'routing.rule', title: 'Routing: Add a request rule', runs: 'window' },
  { id: 'upstreams.new', title: 'Routing: Add an upstream server', runs: 'window' },
  {
    id: 'extensions.install-folder',
    title: 'Extensions: Install from a folder',
    runs: 'app',
  },
  { id: 'extensions.install-file', title: 'Extensions: Install from a .tgz', runs: 'app' },
  { id: 'extensions.develop', title: 'Extensions: Load a development folder', runs: 'app' },
  { id: 'extensions.enable-chosen', title: 'Extensions: Enable the chosen one', runs: 'window' },
  { id: 'extensions.disable-chosen', title: 'Extensions: Disable the chosen one', runs: 'window' },
  { id: 'extensions.reload-chosen', title: 'Extensions: Reload the chosen one', runs: 'window' },
  { id: 'extensions.remove-chosen', title: 'Extensions: Remove the chosen one', runs: 'window' },
  {
    id: 'extensions.resume',
    title: 'Extensions: Leave the safe mode',
    runs: 'app',
    enabled: ({ safeMode }) => safeMode,
  },
  theme('system', 'As the system'),
  theme('light', 'Light'),
  theme('dark', 'Dark'),
  theme('high-contrast', 'High contrast'),
  theme('high-contrast-light', 'High contrast, light'),
  {
    id: 'app.palette',
    title: 'Show all commands',
    runs: 'window',
    key: 'Ctrl+Shift+P',
    palette: false,
  },
  { id: 'app.log', title: 'App: Open the folder of the log', runs: 'app' },
  {
    id: 'app.settings-folder',
    title: 'App: Open the folder of the settings file',
    runs: 'app',
  },
  {
    id: 'app.start-at-login',
    title: 'App: Start at login, or no more',
    runs: 'app',
    palette: false,
    tray: { group: 2, label: 'Start at login' },
    checked: ({ startAtLogin }) => startAtLogin,
  },
  {
    id: 'app.quit',
    title: 'App: Quit',
    runs: 'app',
    key: 'Ctrl+Q',
    menus: [{ menu: 'app', label: 'Quit PicoSOCKS5' }],
    tray: { group: 3, label: 'Quit' },
  },
] as const satisfies readonly Descriptor[];

type Row = (typeof TABLE)[number];

export type CommandId = Row['id'];
/** What the app runs, on request of the window, a menu or the tray. */
export type AppCommandId = Extract<Row, { readonly runs: 'app' }>['id'];
/** What the window runs: main shows it first. */
export type WindowCommandId = Exclude<CommandId, AppCommandId>;

/** Something that the user can do, from a button, a key, the palette, a menu or the tray. */
export interface Command extends Descriptor {
  readonly id: CommandId;
}

/** All that can be done, in the order of the palette: menus, tray, palette and keys are made of it. */
export const COMMANDS: readonly Command[] = TABLE;

/** Whether the app runs a command, not the window. */
export function isOfApp(id: CommandId): id is AppCommandId {
  return COMMANDS.some((command) => command.id === id && command.runs === 'app');
}
