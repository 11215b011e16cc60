/**
 * Forms that somebody has typed into and not finished, and the views that they are in. What is typed
 * there, often a password, is nowhere else: such a view is kept as it is while another one is shown.
 */

/** Forms with this attribute are kept with their view; others remember themselves what is typed. */
const KEPT = 'form[data-kept]';

const typedInto = new Set<Element>();
/** Views that are not shown, by their names. */
const aside = new Map<string, HTMLElement>();

function isThere(form: Element): boolean {
  return form.isConnected || [...aside.values()].some((view) => view.contains(form));
}

/**
 * Takes note of the forms that are typed into.
 *
 * @param root what they are in.
 * @returns what ends it.
 */
export function noteTyping(root: HTMLElement): () => void {
  const note = ({ target }: Event) => {
    const form = (target as Element).closest('form, dialog, .editor');
    if (form !== null) typedInto.add(form);
  };
  root.addEventListener('input', note);
  return () => root.removeEventListener('input', note);
}

/** What was typed into a form is done with, though the form stays. */
export function finish(form: Element): void {
  typedInto.delete(form);
}

/** Whether somebody has not finished what is typed. */
export function isUnfinished(): boolean {
  for (const form of typedInto) if (!isThere(form)) typedInto.delete(form);
  return typedInto.size > 0;
}

/** Whether something that is typed would be lost with the page, which nothing else remembers. */
export function isLosing(): boolean {
  return isUnfinished() && [...typedInto].some((form) => form.matches(KEPT));
}

/** Puts a view that is not shown any more aside, if something would be lost with it. */
export function putAside(name: string, view: HTMLElement): void {
  const forms = [...view.querySelectorAll(KEPT)];
  if (forms.some((form) => typedInto.has(form))) aside.set(name, view);
}

/** Takes a view back that was put aside. */
export function takeBack(name: string): HTMLElement | undefined {
  const view = aside.get(name);
  aside.delete(name);
  return view;
}
