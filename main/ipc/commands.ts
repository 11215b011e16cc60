import { type PlainKey, text } from '../words/words.js';
import type { ServerStatus, Theme } from './contract.js';

/** What decides whether a command can be run, and how it is called: known on both sides. */
export interface CommandState {
  readonly server: Pick<ServerStatus, 'state' | 'url'>;
  readonly hasUsers: boolean;
  readonly startAtLogin: boolean;
  /** Whether this computer is to use the proxy. */
  readonly systemProxy: boolean;
  /** Whether extensions are off since the app has failed with them. */
  readonly safeMode: boolean;
  /** Whether a newer version is ready to be used. */
  readonly updateReady: boolean;
}

/** An entry of the application's menu. */
export interface MenuPlace {
  readonly menu: 'app' | 'view';
  readonly label: PlainKey;
  /** Where it is not that of the command. */
  readonly key?: string;
}

/** An entry of the tray's menu: there are lines between the groups. */
export interface TrayPlace {
  readonly group: 0 | 1 | 2 | 3;
  readonly label: PlainKey | ((state: CommandState) => string);
  /** Whether it is there at all; it always is if this is left out. */
  readonly shown?: (state: CommandState) => boolean;
}

interface Descriptor {
  /** Its title in the palette is the text of that name, see {@link titleOf}. */
  readonly id: string;
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
  readonly done?: PlainKey;
  /** Whether the server's state says why it failed, so that it need not be told once more. */
  readonly failsInState?: true;
}

/** The views that the window itself has: each has a text for its title. */
export type OwnViewName =
  Extract<PlainKey, `views.${string}`> extends `views.${infer Name}` ? Name : never;

const runs = ({ server: { state } }: CommandState) => state === 'running';
const isUp = ({ server: { state } }: CommandState) => state === 'running' || state === 'stopping';

/**
 * What the menus and keys of main have to know of a view, which describes itself to the window.
 *
 * @param order its place among the views, from 1 on: that is its key as well.
 */
function view<Id extends OwnViewName>(id: Id, order: number, ...menus: MenuPlace[]) {
  const label: PlainKey = `views.${id}`;
  return {
    id: `view.${id}` as const,
    runs: 'window' as const,
    key: `Ctrl+${order}`,
    menus: [{ menu: 'view' as const, label }, ...menus],
  };
}

function theme<Id extends Theme>(id: Id) {
  return { id: `theme.${id}` as const, runs: 'window' as const };
}

const TABLE = [
  { id: 'connections.pause', runs: 'window' },
  { id: 'connections.follow', runs: 'window' },
  { id: 'connections.find', runs: 'window', key: 'Ctrl+F' },
  { id: 'connections.clear', runs: 'window' },
  { id: 'connections.copy', runs: 'window' },
  { id: 'connections.csv', runs: 'window' },
  { id: 'connections.jsonl', runs: 'window' },
  {
    id: 'connections.disconnect',
    runs: 'window',
  },
  { id: 'connections.disconnect-all', runs: 'window' },
  {
    id: 'connections.route',
    runs: 'window',
  },
  {
    id: 'connections.deny',
    runs: 'window',
  },
  {
    id: 'server.start',
    runs: 'app',
    tray: { group: 1, label: 'menus.startServer', shown: (state) => !isUp(state) },
    enabled: ({ server: { state } }) => state === 'stopped' || state === 'error',
    failsInState: true,
  },
  {
    id: 'server.stop',
    runs: 'app',
    tray: { group: 1, label: 'menus.stopServer', shown: isUp },
    enabled: runs,
  },
  {
    id: 'server.toggle',
    runs: 'app',
    palette: false,
    enabled: ({ server: { state } }) => state !== 'starting' && state !== 'stopping',
    failsInState: true,
  },
  {
    id: 'server.restart',
    runs: 'app',
    enabled: runs,
    failsInState: true,
  },
  {
    id: 'server.copy',
    runs: 'app',
    tray: {
      group: 1,
      label: ({ server: { url } }) =>
        url === undefined ? text('menus.copyAddress') : text('menus.copyUrl', { url }),
    },
    enabled: ({ server: { url } }) => url !== undefined,
    done: 'menus.addressCopied',
  },
  {
    id: 'server.system-proxy',
    runs: 'app',
    tray: { group: 1, label: 'systemProxy.title' },
    checked: ({ systemProxy }) => systemProxy,
  },
  {
    id: 'app.open',
    runs: 'app',
    palette: false,
    tray: { group: 2, label: 'menus.open' },
  },
  view('overview', 1),
  { ...view('connections', 2), tray: { group: 0, label: 'views.connections' } },
  view('users', 3),
  view('routing', 4),
  view('extensions', 5),
  view('log', 6),
  {
    ...view('settings', 7, { menu: 'app', label: 'menus.settings', key: 'Ctrl+,' }),
    tray: { group: 2, label: 'views.settings' },
  },
  view('servers', 8),
  { id: 'servers.new', runs: 'window' },
  { id: 'users.new', runs: 'window' },
  { id: 'users.import', runs: 'window' },
  {
    id: 'users.export',
    runs: 'window',
    enabled: ({ hasUsers }) => hasUsers,
  },
  { id: 'users.refresh', runs: 'app' },
  { id: 'routing.route', runs: 'window' },
  { id: 'routing.rule', runs: 'window' },
  { id: 'upstreams.new', runs: 'window' },
  {
    id: 'extensions.install-folder',
    runs: 'app',
  },
  { id: 'extensions.install-file', runs: 'app' },
  { id: 'extensions.develop', runs: 'app' },
  { id: 'extensions.enable-chosen', runs: 'window' },
  { id: 'extensions.disable-chosen', runs: 'window' },
  { id: 'extensions.reload-chosen', runs: 'window' },
  { id: 'extensions.remove-chosen', runs: 'window' },
  {
    id: 'extensions.resume',
    runs: 'app',
    enabled: ({ safeMode }) => safeMode,
  },
  theme('system'),
  theme('light'),
  theme('dark'),
  theme('high-contrast'),
  theme('high-contrast-light'),
  {
    id: 'app.palette',
    runs: 'window',
    key: 'Ctrl+Shift+P',
    palette: false,
  },
  { id: 'app.welcome', runs: 'window' },
  { id: 'app.updates', runs: 'window', menus: [{ menu: 'app', label: 'menus.updates' }] },
  { id: 'updates.check', runs: 'app' },
  {
    id: 'updates.restart',
    runs: 'app',
    tray: { group: 3, label: 'updates.restart', shown: ({ updateReady }) => updateReady },
    enabled: ({ updateReady }) => updateReady,
  },
  {
    id: 'app.keys',
    runs: 'window',
    key: 'Ctrl+Shift+K',
    menus: [{ menu: 'app', label: 'menus.keys' }],
  },
  { id: 'log.follow', runs: 'window' },
  { id: 'log.clear', runs: 'window' },
  { id: 'log.copy', runs: 'window' },
  { id: 'log.open', runs: 'app' },
  { id: 'log.debug', runs: 'app' },
  { id: 'settings.json', runs: 'window' },
  { id: 'settings.export-all', runs: 'window' },
  { id: 'settings.import-all', runs: 'window' },
  { id: 'app.log', runs: 'app' },
  {
    id: 'app.settings-folder',
    runs: 'app',
  },
  {
    id: 'app.start-at-login',
    runs: 'app',
    palette: false,
    tray: { group: 2, label: 'menus.startAtLogin' },
    checked: ({ startAtLogin }) => startAtLogin,
  },
  {
    id: 'app.quit',
    runs: 'app',
    key: 'Ctrl+Q',
    menus: [{ menu: 'app', label: 'menus.quitApp' }],
    tray: { group: 3, label: 'menus.quit' },
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

type OwnTitleId = Exclude<CommandId, `view.${string}` | `theme.${string}`>;

/** A command as the palette lists it, in the language in force. */
export function titleOf(id: CommandId): string {
  const [kind, name] = id.split('.');
  if (kind === 'view') return text('commands.view', { view: text(`views.${name as OwnViewName}`) });
  if (kind === 'theme') return text('commands.theme', { theme: text(`themes.${name as Theme}`) });
  return text(`commands.${id as OwnTitleId}`);
}
