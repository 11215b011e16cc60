import type { Notification } from '../main/ipc/contract.js';
import { request } from './bridge.js';
import { recall, remember } from './memory.js';
import { model, type ViewName } from './model.js';
import { scrollBack } from './scrollback.js';
import { isUnfinished, noteTyping } from './unfinished.js';

/** Where a view was scrolled to. */
interface Scrolled {
  readonly view: ViewName | undefined;
  /** Of the view itself, and of the table in it, px; undefined: at the end, which it follows. */
  readonly page: number;
  readonly table: number | undefined;
}

const NOWHERE: Scrolled = { view: undefined, page: 0, table: undefined };

function tableIn(view: HTMLElement): HTMLElement | null {
  return view.querySelector<HTMLElement>('.grid');
}

/** Keeps in mind where the view is scrolled to. */
function keepPlace(view: HTMLElement): void {
  const table = tableIn(view);
  const isAtEnd = table === null || table.scrollHeight - table.clientHeight - table.scrollTop < 3;
  const place: Scrolled = {
    view: model.view,
    page: view.scrollTop,
    table: isAtEnd ? undefined : table.scrollTop,
  };
  remember('scrolled', place);
}

/** Scrolls to where the view was, and the table in it. */
function takePlace(view: HTMLElement): void {
  const { view: name, page, table } = recall('scrolled', NOWHERE);
  const isShown = () => model.view === name;
  if (!isShown()) return;
  scrollBack(() => view, page, isShown);
  if (table !== undefined) scrollBack(() => tableIn(view), table, isShown);
}

/** Whether something would be lost with the page. */
function isBusy(): boolean {
  // What can be undone is known to this page only, and for a moment.
  const isUndoable = model.toasts.some(
    ({ action, told }) => action !== undefined && told.action === undefined,
  );
  return model.busy > 0 || isUndoable || isUnfinished();
}

/** Keeps notifications in mind that nobody has dismissed. */
function keepToasts(): void {
  remember('toasts', { told: model.toasts.map(({ told }) => told) });
}

/** Shows the notifications of the page before. */
function takeToasts(): void {
  const { told } = recall('toasts', { told: [] as Notification[] });
  remember('toasts', { told: [] });
  for (const notification of told) model.tell(notification);
}

/**
 * Lets a page that nobody looks at be given back, if nothing would be lost with it, and makes one
 * that is loaded again look as the last one did.
 *
 * @param view the element that views are in.
 * @returns what ends it.
 */
export function restWhileUnseen(view: HTMLElement): () => void {
  takePlace(view);
  takeToasts();
  const endTyping = noteTyping(view);
  const end = window.picosocks5.subscribe('unseen', () => {
    if (isBusy()) return;
    keepPlace(view);
    keepToasts();
    request('window.rest').catch(() => {});
  });
  return () => {
    endTyping();
    end();
  };
}
