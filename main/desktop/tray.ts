import { join } from 'node:path';
import { Menu, type MenuItemConstructorOptions, nativeImage, Tray } from 'electron';
import {
  COMMANDS,
  type Command,
  type CommandId,
  type CommandState,
  type ContributedCommand,
  type ServerState,
  type ServerStatus,
} from '../ipc/contract.js';
import { text } from '../words/words.js';

const ICONS = join(import.meta.dirname, '../../../build/dist/icons');

/** What the tray shows: what its commands go by, and more of the server. */
export interface TrayState extends CommandState {
  readonly server: Pick<ServerStatus, 'state' | 'url' | 'listening' | 'problem'>;
  readonly connections: number;
  /** Commands of extensions that are to stand in the menu. */
  readonly contributed: readonly ContributedCommand[];
}

/** The commands of the tray's menu, by their groups. */
const GROUPS: readonly (readonly Command[])[] = [0, 1, 2, 3].map((group) =>
  COMMANDS.filter(({ tray }) => tray?.group === group),
);

/** The group that commands of extensions stand behind, and how many of them do. */
const CONTRIBUTED_AFTER = 1;
const MAX_CONTRIBUTED = 20;

function iconOf(state: ServerState) {
  const name = state === 'running' || state === 'error' ? state : 'stopped';
  const file = { darwin: `tray-${name}Template.png`, win32: `tray-${name}.ico` }[
    process.platform as string
  ];
  return nativeImage.createFromPath(join(ICONS, file ?? `tray-${name}.png`));
}

/**
 * The icon in the system's tray, and its menu. A menu that is made anew while it is open does
 * nothing any more when it is clicked, and on Linux an app is not told that it is open: so what
 * changes all the time, such as a count, is not in the menu but in the icon's tooltip; and not even
 * there on Linux, where a new tooltip makes the menu anew.
 */
export class TrayIcon {
  readonly #tray: Tray;
  readonly #run: (id: CommandId) => void;
  readonly #runContributed: (id: string) => void;
  #state: TrayState | undefined;
  /** What the icon, its tooltip and its menu were made of. */
  #icon = '';
  #tip = '';
  #made = '';
  /** Whether the menu is seen to be open, and what it becomes when it closes. */
  #isOpen = false;
  #next: MenuItemConstructorOptions[] | undefined;

  /**
   * @param run runs a command.
   * @param runContributed runs a command of an extension.
   */
  constructor(run: (id: CommandId) => void, runContributed: (id: string) => void) {
    this.#run = run;
    this.#runContributed = runContributed;
    this.#tray = new Tray(iconOf('stopped'));
    // On macOS a click opens the menu.
    if (process.platform !== 'darwin') this.#tray.on('click', () => run('app.open'));
  }

  /** Shows the present state; nothing is done while it is the same. */
  show(state: TrayState): void {
    this.#state = state;
    const { server, connections } = state;
    const where = server.listening.join(', ');
    const title = `${text(`states.${server.state}`)}${where && `: ${where}`}`;
    const icon = server.problem === undefined ? server.state : 'error';
    if (icon !== this.#icon) this.#tray.setImage(iconOf(icon));
    this.#icon = icon;

    const live = `${connections} connection${connections === 1 ? '' : 's'}`;
    const count = where === '' || process.platform === 'linux' ? '' : `, ${live}`;
    const tip = `PicoSOCKS5: ${server.problem ?? title}${count}`;
    if (tip !== this.#tip) this.#tray.setToolTip(tip);
    this.#tip = tip;

    const entries = this.#entries(state, title);
    const made = JSON.stringify(entries);
    if (made !== this.#made) this.#setMenu(entries);
    this.#made = made;
  }

  dispose(): void {
    this.#tray.destroy();
  }

  #setMenu(entries: MenuItemConstructorOptions[]): void {
    if (this.#isOpen) {
      this.#next = entries;
      return;
    }
    this.#next = undefined;
    const menu = Menu.buildFromTemplate(entries);
    menu.on('menu-will-show', () => {
      this.#isOpen = true;
    });
    menu.on('menu-will-close', () => {
      this.#isOpen = false;
      // The click that closes it comes after this.
      setImmediate(() => {
        if (this.#next !== undefined && !this.#tray.isDestroyed()) this.#setMenu(this.#next);
      });
    });
    this.#tray.setContextMenu(menu);
  }

  #entries(state: TrayState, title: string): MenuItemConstructorOptions[] {
    const { problem } = state.server;
    const about = [title, ...(problem === undefined ? [] : [problem])];
    const lines = about.map((label) => ({ label, enabled: false }));
    const separator = { type: 'separator' as const };
    const contributed = this.#contributed(state.contributed.slice(0, MAX_CONTRIBUTED));
    return GROUPS.flatMap((group, i) => [
      ...(i === 0 ? lines : [separator]),
      ...group.flatMap((command) => this.#entry(command, state)),
      ...(i === CONTRIBUTED_AFTER && contributed.length > 0 ? [separator, ...contributed] : []),
    ]);
  }

  /** Those of an extension whose titles begin alike, as `Network: 3G`, are in a menu of their own. */
  #contributed(commands: readonly ContributedCommand[]): MenuItemConstructorOptions[] {
    const menus = new Map<string, MenuItemConstructorOptions[]>();
    for (const { id, title, extension } of commands) {
      const [, beginning, rest] = /^(.+?): (.+)$/.exec(title) ?? [];
      const isOf = (one: ContributedCommand) =>
        one.extension === extension && one.title.startsWith(`${beginning}: `);
      const isOne = beginning === undefined || commands.filter(isOf).length < 2;
      const menu = isOne ? title : beginning;
      const entry = { label: isOne ? title : rest, click: () => this.#runContributed(id) };
      menus.set(menu, [...(menus.get(menu) ?? []), entry as MenuItemConstructorOptions]);
    }
    return [...menus].flatMap(([label, entries]) =>
      entries.length < 2 ? entries : [{ label, submenu: entries }],
    );
  }

  #entry({ id, tray, enabled, checked }: Command, state: TrayState): MenuItemConstructorOptions[] {
    if (tray === undefined || !(tray.shown?.(state) ?? true)) return [];
    const { label } = tray;
    return [
      {
        label: typeof label === 'string' ? text(label) : label(state),
        enabled: enabled?.(state) ?? true,
        click: () => this.#run(id),
        ...(checked && {
          type: 'checkbox',
          checked: checked(state),
          click: () => this.#tick(id),
        }),
      },
    ];
  }

  /** The system has ticked the entry already, whether what it stands for follows or not. */
  #tick(id: CommandId): void {
    this.#made = '';
    this.#run(id);
    if (this.#state !== undefined) this.show(this.#state);
  }
}
