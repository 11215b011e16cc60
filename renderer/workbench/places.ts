import type { ViewName } from '../model.js';

/** How many frames a view has to show as much as it did. */
const PATIENCE = 60;

/** Where each view is scrolled to: one that is shown for the first time begins at its top. */
export class Places {
  readonly #tops = new Map<ViewName, number>();
  /** What is shown at present, and what was when it was asked to come back to its place. */
  #shown: ViewName | undefined;

  /** Keeps in mind where a view is scrolled to that goes. @param scroller what it is in. */
  leave(view: ViewName, scroller: HTMLElement): void {
    this.#tops.set(view, scroller.scrollTop);
  }

  /**
   * Scrolls to where a view was, as soon as it shows as much; not if somebody scrolls before, or goes
   * to something in it.
   */
  enter(view: ViewName, scroller: HTMLElement): void {
    this.#shown = view;
    scroller.scrollTop = 0;
    const top = this.#tops.get(view) ?? 0;
    let left = PATIENCE;
    const scroll = () => {
      const { activeElement: active } = document;
      const isElsewhere = active !== scroller && scroller.contains(active);
      if (this.#shown !== view || scroller.scrollTop !== 0 || isElsewhere) return;
      const isThere = scroller.scrollHeight - scroller.clientHeight >= top;
      if (isThere || --left === 0) scroller.scrollTop = top;
      else requestAnimationFrame(scroll);
    };
    if (top > 0) requestAnimationFrame(scroll);
  }
}
