/** What a soak has seen of a server. */
export interface Observed {
  /** Its memory early, and at the end, at rest both times, KB; undefined: not to be judged. */
  readonly memory: readonly [early: number, late: number] | undefined;
  /** The files that it had open after one connection, and at the end. */
  readonly files: readonly [before: number, late: number];
  /** What was lost or corrupted. */
  readonly faults: readonly string[];
}

/** How much memory may grow: a part, and KB. */
const GROWTH = [1.2, 16_384] as const;

/** What a soak has found wrong; nothing if all is well. */
export function verdict({ memory, files, faults }: Observed): readonly string[] {
  const [early, late] = memory ?? [0, 0];
  const more = files[1] - files[0];
  const grown = late > Math.max(early * GROWTH[0], early + GROWTH[1]);
  return [
    ...(faults.length > 0 ? [`${faults.length} connections lost or corrupted data`] : []),
    ...(more > 0 ? [`${more} more files are open than before`] : []),
    ...(grown ? [`memory has grown from ${early} to ${late} KB`] : []),
  ];
}
