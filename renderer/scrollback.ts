/** How many frames something has to show as much as it did. */
const PATIENCE = 60;

/**
 * Scrolls something to where it was, as soon as it shows as much.
 *
 * @param find what is scrolled, once it is there.
 * @param top px.
 * @param isWanted asked at each frame: if it is not any more, that is the end of it.
 */
export function scrollBack(
  find: () => HTMLElement | null,
  top: number,
  isWanted: () => boolean,
): void {
  let left = PATIENCE;
  const scroll = () => {
    if (!isWanted()) return;
    const element = find();
    const isThere = element !== null && element.scrollHeight - element.clientHeight >= top;
    if (!isThere && --left > 0) requestAnimationFrame(scroll);
    else if (element !== null) element.scrollTop = top;
  };
  requestAnimationFrame(scroll);
}
