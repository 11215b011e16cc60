const FOCUSABLE =
  'button:enabled, a[href], input:enabled, select:enabled, textarea:enabled, [tabindex="0"]';

function focusablesOf(element: Element): HTMLElement[] {
  return [...element.querySelectorAll<HTMLElement>(FOCUSABLE)].filter(
    (candidate) => candidate.offsetParent !== null,
  );
}

/** What has the focus because what had it went away: nobody has put it there. */
let given: Element | null = null;

function give(element: HTMLElement | null): void {
  given = element;
  element?.focus();
}

/**
 * Gives the focus at the end of something, unless the user has put it elsewhere meanwhile.
 *
 * @param from what had it when that began.
 */
export function passFocus(from: Element | null, to: HTMLElement | null | undefined): void {
  const { activeElement: active } = document;
  const isFree = active === null || active === document.body;
  if (isFree || active === from || active === given) to?.focus();
}

/**
 * Passes the focus to a button of a list's row; without one, to where another is added.
 *
 * @param from as {@link passFocus} has it.
 */
export function passFocusToRow(
  list: Element,
  row: Element | null | undefined,
  button: 'edit' | 'trash',
  from: Element | null,
): void {
  const target = row?.querySelector<HTMLElement>(`[data-action="${button}"]`);
  passFocus(from, target ?? list.querySelector<HTMLElement>('button.add'));
}

/** An element around the one that has the focus, and the how manieth of its elements that is. */
interface Place {
  readonly around: Element;
  readonly index: number;
}

function placesOf(element: Element, ends: readonly (Element | null)[]): Place[] {
  const places: Place[] = [];
  for (let around = element.parentElement; around !== null; around = around.parentElement) {
    if (ends.includes(around)) break;
    places.push({ around, index: focusablesOf(around).indexOf(element as HTMLElement) });
  }
  return places;
}

/**
 * Keeps the focus near: where the element that has it goes away, or cannot be used any more, what
 * has come in its place gets it, not the page as a whole.
 *
 * @param fallback what gets the focus where nothing is left around: what comes in it in place of all
 *   that was there, such as another view, is not near.
 * @returns what ends it.
 */
export function keepFocus(root: HTMLElement, fallback: () => HTMLElement | null): () => void {
  let last: Element | undefined;
  let places: readonly Place[] = [];
  let isWaiting = false;

  const restore = () => {
    isWaiting = false;
    const { activeElement: active } = document;
    if (last === undefined || (active !== null && active !== document.body)) return;
    // Who clicks beside everything means it.
    if (last.isConnected && last.matches(FOCUSABLE)) return;
    for (const { around, index } of places) {
      const left = around.isConnected ? focusablesOf(around) : [];
      const near = left[Math.min(Math.max(index, 0), left.length - 1)];
      if (near !== undefined) {
        give(near);
        return;
      }
    }
    give(fallback());
  };
  const look = () => {
    if (isWaiting) return;
    isWaiting = true;
    // What is drawn in answer to the same event comes first, and may give the focus itself.
    requestAnimationFrame(() => setTimeout(restore));
  };
  const note = ({ target }: FocusEvent) => {
    last = target as Element;
    if (last !== given) given = null;
    places = placesOf(last, [root, fallback()]);
  };
  root.addEventListener('focusin', note);
  const observer = new MutationObserver(look);
  const attributeFilter = ['disabled', 'hidden'];
  observer.observe(root, { childList: true, subtree: true, attributes: true, attributeFilter });
  return () => {
    root.removeEventListener('focusin', note);
    observer.disconnect();
  };
}
