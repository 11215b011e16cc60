import type { Menu, MenuItemConstructorOptions } from 'electron';

/** An entry of the tray's menu, as it is to be. */
export interface TrayItem {
  /** What it is known by: no other one at the same time has it. */
  readonly key: string;
  /** Left out: a line between groups. */
  readonly label?: string;
  readonly enabled?: boolean;
  /** Left out: it is seen. */
  readonly visible?: boolean;
  /** Whether it is ticked, where it can be. */
  readonly checked?: boolean;
  readonly click?: () => void;
  readonly items?: readonly TrayItem[];
}

interface Parts {
  readonly build: (template: MenuItemConstructorOptions[]) => Menu;
  /** Makes a menu the icon's: a new one, or one whose entries are others. */
  readonly use: (menu: Menu) => void;
  /** Whether the icon has to be given a menu again for changes of its entries to be seen. */
  readonly copies: boolean;
}

/**
 * The menu of the tray's icon. As long as it has the same entries they are changed in place, so
 * that a menu that is open shows what is new and can be used; only other entries make it anew, once
 * it is closed.
 */
export class TrayMenu {
  readonly #parts: Parts;
  #menu: Menu | undefined;
  /** Which entries the menu has, whatever they say. */
  #shape = '';
  readonly #clicks = new Map<string, () => void>();
  #isOpen = false;
  #next: readonly TrayItem[] | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Shows entries: what is the same already is not touched. */
  show(items: readonly TrayItem[]): void {
    this.#take(items);
    const shape = JSON.stringify(shapeOf(items));
    if (this.#menu === undefined || shape !== this.#shape) this.#make(items, shape);
    else if (refresh(this.#menu, items) && this.#parts.copies) this.#parts.use(this.#menu);
  }

  #take(items: readonly TrayItem[]): void {
    for (const { key, click, items: own } of items) {
      if (click !== undefined) this.#clicks.set(key, click);
      if (own !== undefined) this.#take(own);
    }
  }

  #make(items: readonly TrayItem[], shape: string): void {
    if (this.#isOpen) {
      this.#next = items;
      return;
    }
    this.#next = undefined;
    this.#shape = shape;
    const menu = this.#parts.build(items.map((item) => this.#template(item)));
    menu.on('menu-will-show', () => {
      this.#isOpen = true;
    });
    menu.on('menu-will-close', () => {
      this.#isOpen = false;
      // The click that closes it comes after this.
      setImmediate(() => {
        if (this.#next !== undefined) this.show(this.#next);
      });
    });
    this.#menu = menu;
    this.#parts.use(menu);
  }

  #template(item: TrayItem): MenuItemConstructorOptions {
    const { key, label, enabled = true, visible = true, checked, items } = item;
    if (label === undefined) return { id: key, type: 'separator', visible };
    const common = { id: key, label, enabled, visible };
    if (items !== undefined) {
      return { ...common, submenu: items.map((one) => this.#template(one)) };
    }
    const click = () => {
      this.#clicks.get(key)?.();
      // The tick of a copy is as it was.
      if (checked !== undefined && this.#parts.copies && this.#menu) this.#parts.use(this.#menu);
    };
    return checked === undefined
      ? { ...common, click }
      : { ...common, type: 'checkbox', checked, click };
  }
}

function shapeOf(items: readonly TrayItem[]): unknown[] {
  return items.map(({ key, label, checked, items: own }) => [
    key,
    label === undefined,
    checked !== undefined,
    ...(own === undefined ? [] : [shapeOf(own)]),
  ]);
}

/** Makes the entries of a menu what they are to be. @returns whether any was something else. */
function refresh(menu: Menu, items: readonly TrayItem[]): boolean {
  let isOther = false;
  for (const [i, wanted] of items.entries()) {
    const item = menu.items[i];
    if (item === undefined) continue;
    const { label, enabled = true, visible = true, checked } = wanted;
    const change = (differs: boolean, apply: () => void) => {
      if (!differs) return;
      apply();
      isOther = true;
    };
    change(item.visible !== visible, () => {
      item.visible = visible;
    });
    if (label === undefined) continue;
    change(item.label !== label, () => {
      item.label = label;
    });
    change(item.enabled !== enabled, () => {
      item.enabled = enabled;
    });
    // The system has ticked the entry that was clicked, whether what it stands for follows or not.
    if (checked !== undefined) {
      change(item.checked !== checked, () => {
        item.checked = checked;
      });
    }
    if (wanted.items !== undefined && item.submenu) {
      isOther = refresh(item.submenu, wanted.items) || isOther;
    }
  }
  return isOther;
}
