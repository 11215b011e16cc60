/** Levels of protection (RFC 1961 section 4.3); 0 stands in no RFC, and is what curl asks for. */
export const Level = { clear: 0, integrity: 1, confidentiality: 2 } as const;
export type LevelName = keyof typeof Level;
export type Level = (typeof Level)[LevelName];

/** The octet by which a client leaves it to the server what is protected how. */
const SELECTIVE = 3;

/**
 * The level that a client gets: what it asks for, or the weakest that is stronger, or the strongest.
 *
 * @param asked its octet; who leaves the choice to the server gets the strongest.
 * @param granted those that it may have.
 * @returns undefined if there is none.
 */
export function grantLevel(asked: number, granted: readonly Level[]): Level | undefined {
  const levels = [...granted].sort((a, b) => a - b);
  const least = asked === SELECTIVE ? Level.confidentiality : asked;
  return levels.find((level) => level >= least) ?? levels.at(-1);
}
