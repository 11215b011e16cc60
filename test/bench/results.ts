import type { Figure, Measure } from './measures.js';

/** What one round gave. */
export interface Sample {
  readonly value: number;
  /** CPU time for the same work; undefined: not counted. */
  readonly cpu?: number | undefined;
}

/** A line of the table: a figure, and the unit of its CPU time. */
export interface Line extends Figure {
  readonly cpuUnit?: string | undefined;
}

/** All that a run has measured; JSON as it is. */
export interface Results {
  /** Day, machine, versions. */
  readonly about: Readonly<Record<string, string>>;
  readonly subjects: readonly { readonly id: string; readonly title: string }[];
  readonly lines: readonly Line[];
  /** By subject and figure, in the order of the rounds; null where it was not measured. */
  readonly samples: Record<string, Record<string, (Sample | null)[]>>;
}

/** The lines of the table that some measures make. */
export function linesOf(measures: readonly Measure[]): readonly Line[] {
  return measures.flatMap(({ figures, cpu, cpuFigure }) => {
    const beside = cpuFigure === undefined ? cpu?.unit : undefined;
    const lines = figures.map((figure, i) => ({
      ...figure,
      cpuUnit: i === 0 ? beside : undefined,
    }));
    return cpuFigure === undefined ? lines : [...lines, cpuFigure];
  });
}

export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** @returns the medians of all rounds; undefined if there are none. */
export function medianOf(results: Results, subject: string, figure: string): Sample | undefined {
  const samples = (results.samples[subject]?.[figure] ?? []).flatMap((sample) => sample ?? []);
  if (samples.length === 0) return undefined;
  const times = samples.flatMap(({ cpu }) => (cpu === undefined ? [] : [cpu]));
  return {
    value: median(samples.map(({ value }) => value)),
    cpu: times.length === 0 ? undefined : median(times),
  };
}

/** What of a sample is looked at. */
export type Part = 'value' | 'cpu';

/**
 * How two figures compare: the median of what they do round by round, as rounds differ less within
 * themselves than from each other.
 */
export function ratio(
  { samples }: Results,
  [subject, figure]: readonly [subject: string, figure: string],
  [otherSubject, otherFigure]: readonly [subject: string, figure: string],
  part: Part,
): number {
  const others = samples[otherSubject]?.[otherFigure] ?? [];
  const ratios = (samples[subject]?.[figure] ?? []).flatMap((sample, round) => {
    const other = others[round]?.[part];
    const own = sample?.[part];
    return own === undefined || other === undefined ? [] : [own / other];
  });
  return median(ratios);
}
