import type { ViewName } from '../model.js';
import { scrollBack } from '../scrollback.js';

/** Where each view is scrolled to: one that is shown for the first time begins at its top. */
export class Places {
  readonly #tops = new Map<ViewName, number>();
  /** What is shown at present. */
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
    const isWanted = () => {
      const { activeElement: active } = document;
      const isElsewhere = active !== scroller && scroller.contains(active);
      return this.#shown === view && scroller.scrollTop === 0 && !isElsewhere;
    };
    if (top > 0) scrollBack(() => scroller, top, isWanted);
  }
}
