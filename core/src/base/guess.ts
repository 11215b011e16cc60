/**
 * What somebody may have meant: the word that is the fewest typing mistakes away (Damerau's: a
 * letter too many, too few, another, or two exchanged), if they are few for its length.
 */
export function guess(word: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let fewest = Math.floor(word.length / 3) + 1;
  for (const candidate of known) {
    const mistakes = distance(word.toLowerCase(), candidate.toLowerCase(), fewest);
    if (mistakes < fewest) {
      fewest = mistakes;
      best = candidate;
    }
  }
  return best;
}

/** The guess as the end of a sentence: `; did you mean "user"?`, or nothing. */
export function didYouMean(
  word: string,
  known: Iterable<string>,
  write: (guess: string) => string = (text) => `"${text}"`,
): string {
  const best = guess(word, known);
  return best === undefined ? '' : `; did you mean ${write(best)}?`;
}

/** The optimal string alignment distance, or `limit` if it is no smaller. */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let least = Math.min(
        (last[j] as number) + 1,
        (row[j - 1] as number) + 1,
        (last[j - 1] as number) + (same ? 0 : 1),
      );
      if (a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        least = Math.min(least, (before[j - 2] as number) + 1);
      }
      row[j] = least;
    }
    before = last;
    last = row;
  }
  return Math.min(last[b.length] as number, limit);
}
