/** What a click presses: its element, and what that promised to do. */
function pressed(event: MouseEvent): readonly [Element | null, string] {
  const button = (event.target as Element).closest('button, a, [role=option]');
  return [button, button?.ariaLabel ?? button?.textContent?.trim() ?? ''];
}

/**
 * Lets the second click of a double click press what the first one pressed, and nothing else: what
 * has come under the pointer meanwhile was not meant.
 *
 * @returns what ends it.
 */
export function guardDoubleClicks(root: HTMLElement): () => void {
  let first: readonly [Element | null, string] = [null, ''];
  const guard = (event: MouseEvent) => {
    const now = pressed(event);
    if (event.detail <= 1) first = now;
    else if (now[0] !== null && (now[0] !== first[0] || now[1] !== first[1])) {
      event.stopPropagation();
      event.preventDefault();
    }
  };
  root.addEventListener('click', guard, true);
  return () => root.removeEventListener('click', guard, true);
}

/**
 * Lets a key that is held press once: what gets the focus after something was deleted, or a form that
 * was opened, was not meant. Where one types, Enter makes lines and Delete deletes as long as it is held.
 *
 * @returns what ends it.
 */
export function guardHeldKeys(): () => void {
  const guard = (event: KeyboardEvent) => {
    const { key, repeat } = event;
    const target = event.target as Element;
    const isHeld =
      (key === 'Enter' && !target.matches('textarea')) ||
      (key === 'Delete' && !target.matches('input, textarea'));
    if (!repeat || !isHeld) return;
    event.stopPropagation();
    event.preventDefault();
  };
  window.addEventListener('keydown', guard, true);
  return () => window.removeEventListener('keydown', guard, true);
}
