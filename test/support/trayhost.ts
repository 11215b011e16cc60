import { fileURLToPath } from 'node:url';
import { Daemon, within } from './daemon.js';
import type { Scope } from './scope.js';

/** The Python that Debian's packages python3-dbus and python3-gi are for. */
const PYTHON = '/usr/bin/python3';
const MODULES = '/usr/lib/python3/dist-packages';
const SCRIPT = fileURLToPath(new URL('../../support/trayhost.py', import.meta.url));

/** What the tray host needs, for `unless`. */
export const TRAY_HOST_PROGRAMS = [PYTHON, `${MODULES}/dbus`, `${MODULES}/gi`] as const;

/** An entry of the icon's menu, as it is seen: hidden ones are left out. */
export interface MenuEntry {
  readonly id: number;
  readonly type: 'standard' | 'separator';
  readonly label: string;
  readonly enabled: boolean;
  readonly toggle: '' | 'checkmark' | 'radio';
  readonly checked: boolean;
  /** Those of its submenu. */
  readonly entries: readonly MenuEntry[];
}

/** What the icon looks like, and says. */
export interface TrayLook {
  readonly title: string;
  readonly status: 'Active' | 'Passive' | 'NeedsAttention';
  readonly tooltip: string;
  /** The name or file of the image; empty if the program sends the image itself. */
  readonly name: string;
  readonly width: number;
  readonly height: number;
  /** Another image has another; empty if there is no image. */
  readonly hash: string;
}

interface Message {
  readonly item?: string | null;
  readonly reply?: unknown;
  readonly error?: string;
}

/** What shows tray icons on a desktop, and what a person does with one: the last that came. */
export class TrayHost {
  readonly #daemon: Daemon;
  readonly #replies: ((message: Message) => void)[] = [];
  readonly #waiting = new Set<() => void>();
  #item: string | undefined;
  #over = false;

  constructor(daemon: Daemon) {
    this.#daemon = daemon;
    void this.#read();
  }

  /** Waits until a program shows an icon. @returns the icon's name on the bus. */
  async item(): Promise<string> {
    await this.#until('a tray icon', () => this.#item !== undefined);
    return this.#item ?? '';
  }

  /** Waits until no program with an icon is left; Electron keeps a destroyed icon till its end. */
  async gone(): Promise<void> {
    await this.#until('the end of the tray icon', () => this.#item === undefined);
  }

  /** What the icon looks like now. */
  icon(): Promise<TrayLook> {
    return this.#do({ do: 'icon' });
  }

  /** The menu as it is now. */
  menu(): Promise<readonly MenuEntry[]> {
    return this.#do({ do: 'menu' });
  }

  /** Clicks the entry with this label, or else the only one with this text in it. */
  async click(label: string): Promise<void> {
    await this.#do({ do: 'click', label });
  }

  /** Clicks the icon itself. */
  async activate(): Promise<void> {
    await this.#do({ do: 'activate' });
  }

  async #do<T>(command: Readonly<Record<string, string>>): Promise<T> {
    await this.item();
    const answered = new Promise<Message>((resolve) => this.#replies.push(resolve));
    this.#daemon.child.stdin?.write(`${JSON.stringify(command)}\n`);
    const { reply, error } = await within('the tray host', answered);
    if (error !== undefined) throw new Error(error);
    return reply as T;
  }

  async #until(what: string, condition: () => boolean): Promise<void> {
    let look = () => {};
    const met = new Promise<void>((resolve, reject) => {
      look = () => {
        if (condition()) resolve();
        else if (this.#over) reject(this.#daemon.ended());
      };
    });
    this.#waiting.add(look);
    look();
    await within(what, met).finally(() => this.#waiting.delete(look));
  }

  async #read(): Promise<void> {
    for await (const line of this.#daemon.lines) {
      const message = JSON.parse(line) as Message;
      if (message.item === undefined) this.#replies.shift()?.(message);
      else this.#item = message.item ?? undefined;
      for (const look of this.#waiting) look();
    }
    this.#over = true;
    for (const look of this.#waiting) look();
    for (const answer of this.#replies.splice(0)) answer({ error: this.#daemon.ended().message });
  }
}

/** Starts what shows tray icons in a session; it ends with the test. */
export async function startTrayHost(scope: Scope, env: NodeJS.ProcessEnv): Promise<TrayHost> {
  const daemon = new Daemon(scope, PYTHON, [SCRIPT], env);
  await daemon.line();
  return new TrayHost(daemon);
}
