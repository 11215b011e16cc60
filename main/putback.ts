/**
 * Puts one that was taken out of a list back, where it was.
 *
 * @param at its place in the list, from 0 on; one that is shorter now has it at its end.
 */
export function putBack<T>(others: readonly T[], one: T, at: number): T[] {
  return [...others.slice(0, at), one, ...others.slice(at)];
}
