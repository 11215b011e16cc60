import { join } from 'node:path';
import { Menu, nativeImage, Tray } from 'electron';
import {
  COMMANDS,
  type Command,
  type CommandId,
  type CommandState,
  type ContributedCommand,
  type ServerState,
  type ServerStatus,
} from '../ipc/contract.js';
import { formatRate } from '../words/format.js';
import { text } from '../words/words.js';
import { type TrayItem, TrayMenu } from './traymenu.js';

const ICONS = join(import.meta.dirname, '../../../build/dist/icons');

/** A menu within the tray's menu, of what there is at present: one without entries is not seen. */
export interface TrayList {
  readonly key: string;
  readonly label: string;
  readonly items: readonly TrayItem[];
}

/** What the tray shows: what its commands go by, and more of the server. */
export interface TrayState extends CommandState {
  readonly server: Pick<ServerStatus, 'state' | 'url' | 'listening' | 'problem'>;
  readonly connections: number;
  /** Bytes a second from clients, and to them. */
  readonly rateUp: number;
  readonly rateDown: number;
  /** Commands of extensions that are to stand in the menu. */
  readonly contributed: readonly ContributedCommand[];
  readonly lists: readonly TrayList[];
}

/** The commands of the tray's menu, by their groups. */
const GROUPS: readonly (readonly Command[])[] = [0, 1, 2, 3].map((group) =>
  COMMANDS.filter(({ tray }) => tray?.group === group),
);

/** The group that lists and commands of extensions stand behind, and how many of these do. */
const MORE_AFTER = 1;
const MAX_CONTRIBUTED = 20;

const IS_LINUX = process.platform === 'linux';

function iconOf(state: ServerState) {
  const name = state === 'running' || state === 'error' ? state : 'stopped';
  const file = { darwin: `tray-${name}Template.png`, win32: `tray-${name}.ico` }[
    process.platform as string
  ];
  return nativeImage.createFromPath(join(ICONS, file ?? `tray-${name}.png`));
}

/**
 * The icon in the system's tray, and its menu. On Linux each change makes the menu anew for the
 * desktop, even one of the tooltip, and an app is not told that it is open: so what changes all the
 * time, connections and speed, is in the menu and the tooltip elsewhere, but not there.
 */
export class TrayIcon {
  readonly #tray: Tray;
  readonly #menu: TrayMenu;
  readonly #run: (id: CommandId) => void;
  readonly #runContributed: (id: string) => void;
  #state: TrayState | undefined;
  /** What the icon and its tooltip were made of. */
  #icon = '';
  #tip = '';

  /**
   * @param run runs a command of the menu.
   * @param runContributed runs a command of an extension.
   */
  constructor(run: (id: CommandId) => void, runContributed: (id: string) => void) {
    this.#run = run;
    this.#runContributed = runContributed;
    this.#tray = new Tray(iconOf('stopped'));
    this.#menu = new TrayMenu({
      build: (template) => Menu.buildFromTemplate(template),
      use: (menu) => {
        if (!this.#tray.isDestroyed()) this.#tray.setContextMenu(menu);
      },
      copies: IS_LINUX,
    });
    // On macOS a click opens the menu.
    if (process.platform !== 'darwin') this.#tray.on('click', () => run('app.open'));
  }

  /** Shows the present state; nothing is done while it is the same. */
  show(state: TrayState): void {
    this.#state = state;
    const { server } = state;
    const where = server.listening.join(', ');
    const name = text(`states.${server.state}`);
    const title = where === '' ? name : text('tray.at', { state: name, where });
    const icon = server.problem === undefined ? server.state : 'error';
    if (icon !== this.#icon) this.#tray.setImage(iconOf(icon));
    this.#icon = icon;

    const live = IS_LINUX || where === '' ? [] : [trafficOf(state)];
    const tip = [`PicoSOCKS5: ${server.problem ?? title}`, ...live].join('\n');
    if (tip !== this.#tip) this.#tray.setToolTip(tip);
    this.#tip = tip;
    this.#menu.show(this.#items(state, title));
  }

  dispose(): void {
    this.#tray.destroy();
  }

  #items(state: TrayState, title: string): TrayItem[] {
    const { problem } = state.server;
    const more = [...this.#lists(state), ...this.#contributed(state.contributed)];
    const line = (key: string, label: string, visible: boolean) => ({
      ...{ key, label, visible, enabled: false },
    });
    return [
      line('state', title, true),
      line('problem', problem ?? '', problem !== undefined),
      ...(IS_LINUX ? [] : [line('traffic', trafficOf(state), state.server.state === 'running')]),
      ...GROUPS.flatMap((group, i) => [
        ...(i === 0 ? [] : [{ key: `line ${i}` }]),
        ...group.flatMap((command) => this.#command(command, state)),
        ...(i === MORE_AFTER && more.length > 0 ? [{ key: 'lineMore' }, ...more] : []),
      ]),
    ];
  }

  #lists({ lists }: TrayState): TrayItem[] {
    return lists.flatMap((list) => (list.items.length === 0 ? [] : [list]));
  }

  /** Those of an extension whose titles begin alike, as `Network: 3G`, are in a menu of their own. */
  #contributed(all: readonly ContributedCommand[]): TrayItem[] {
    const commands = all.slice(0, MAX_CONTRIBUTED);
    const menus = new Map<string, TrayItem[]>();
    for (const { id, title, extension } of commands) {
      const [, beginning, rest] = /^(.+?): (.+)$/.exec(title) ?? [];
      const isOf = (one: ContributedCommand) =>
        one.extension === extension && one.title.startsWith(`${beginning}: `);
      const isOne = beginning === undefined || commands.filter(isOf).length < 2;
      const menu = isOne ? title : beginning;
      const label = (isOne ? title : rest) ?? title;
      const entry = { key: `extension ${id}`, label, click: () => this.#runContributed(id) };
      menus.set(menu, [...(menus.get(menu) ?? []), entry]);
    }
    return [...menus].flatMap(([label, items]) =>
      items.length < 2 ? items : [{ key: `menu ${label}`, label, items }],
    );
  }

  #command({ id, tray, enabled, checked }: Command, state: TrayState): TrayItem[] {
    if (tray === undefined) return [];
    const { label, shown } = tray;
    return [
      {
        key: id,
        label: typeof label === 'string' ? text(label) : label(state),
        visible: shown?.(state) ?? true,
        enabled: enabled?.(state) ?? true,
        click: () => this.#click(id),
        ...(checked && { checked: checked(state) }),
      },
    ];
  }

  #click(id: CommandId): void {
    this.#run(id);
    // One that failed at once leaves its tick as it was.
    if (this.#state !== undefined) this.show(this.#state);
  }
}

/** `3 connections, ↑ 1.2 MB/s ↓ 340 kB/s`. */
function trafficOf({ connections, rateUp, rateDown }: TrayState): string {
  const [up, down] = [formatRate(rateUp), formatRate(rateDown)];
  return text('tray.traffic', { count: connections, up, down });
}

/** The problems of late as a menu: each leads to what it is about. */
export function problemList(
  problems: readonly { readonly message: string; readonly about: CommandId }[],
  run: (id: CommandId) => void,
  clear: () => void,
): TrayList {
  const items: TrayItem[] = problems.map(({ message, about }, i) => ({
    key: `problem ${i}`,
    label: shortened(message),
    click: () => run(about),
  }));
  const end = [
    { key: 'problemsLine' },
    { key: 'problemsClear', label: text('tray.clear'), click: clear },
  ];
  return {
    key: 'problems',
    label: text('tray.problems'),
    items: items.length === 0 ? [] : [...items, ...end],
  };
}

/** Menus grow as wide as their longest entry. */
function shortened(message: string): string {
  return message.length > 90 ? `${message.slice(0, 89)}…` : message;
}
