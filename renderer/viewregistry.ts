import type { ContributedView } from '../main/ipc/contract.js';
import { provideView } from './commands.js';
import { model, type ViewName } from './model.js';

/** A view of the window, as it describes itself. */
export interface ViewDescriptor {
  /** Declared in `PicoViews`. */
  readonly id: ViewName;
  /** In the language in force. */
  readonly title: () => string;
  /** The codicon of its entry in the activity bar. */
  readonly icon: string;
  /**
   * Its place in the activity bar, from 1 on: Ctrl with that number shows it; undefined for one that
   * is not there.
   */
  readonly order: number | undefined;
  /** The element that draws it. */
  readonly tag: keyof HTMLElementTagNameMap;
}

/** All there are, and those of the activity bar in its order. */
const registered = new Map<string, ViewDescriptor>();
let inBar: readonly ViewDescriptor[] = [];

/**
 * Adds a view: its entry in the activity bar, its command, and its key. An entry in the menus is a
 * row of main's table of commands.
 *
 * @throws if there is another one of that name or in that place.
 */
export function registerView(view: ViewDescriptor): void {
  const { id, order, title } = view;
  const other = registered.get(id) ?? inBar.find((one) => one.order === order);
  if (other !== undefined) throw new Error(`the view "${id}" collides with "${other.id}"`);
  registered.set(id, view);
  if (order === undefined) return;
  inBar = [...inBar, view].sort((a, b) => (a.order ?? 0) - (b.order ?? 0));
  provideView(id, title, `Ctrl+${order}`);
}

/** The views, in the order of the activity bar. */
export function views(): readonly ViewDescriptor[] {
  return inBar;
}

/** The id of a view of an extension that draws itself in the window; undefined for another one. */
export function contributedId(name: string): string | undefined {
  const id = /^contributed:(.*)$/s.exec(name)?.[1];
  const isThere = ({ id: own, kind }: ContributedView) => own === id && kind !== 'status';
  return model.app.extensions.views.some(isThere) ? id : undefined;
}

/** A view of the window by its name; the first one if there is none of that name any more. */
export function viewOf(name: string): ViewDescriptor | undefined {
  return registered.get(name) ?? inBar[0];
}
