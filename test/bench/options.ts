import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

/** What a run of the benchmark measures, and how long. */
export interface Options {
  readonly rounds: number;
  /** In how many of them, the first ones, memory is measured: it differs least. */
  readonly memoryRounds: number;
  /** How long a server is loaded at a time, s. */
  readonly seconds: number;
  /** How long a server is used at least before it is measured, s: a compiler has to know it. */
  readonly warmUp: number;
  /** What runs the servers that are written for Node. */
  readonly node: string;
  /** The first of the ports that servers listen at. */
  readonly port: number;
  /** Ids of measures; undefined: all. */
  readonly only: readonly string[] | undefined;
  /** Ids of servers; undefined: all. */
  readonly subjects: readonly string[] | undefined;
  /** The file that the results are written to. */
  readonly json: string | undefined;
  /** A built checkout of an earlier version, to compare with. */
  readonly baseline: string | undefined;
}

/** What `--quick` stands for, each of which an option of its own overrides: two minutes. */
const QUICK = {
  rounds: 4,
  memoryRounds: 1,
  warmUp: 2,
  only: ['rate50', 'latency', 'idle3000'],
  subjects: ['picosocks5', 'baseline', 'microsocks'],
} as const;

const FULL = { rounds: 3, warmUp: 3 } as const;

/** The program that a checkout runs, below its folder. */
export const PROGRAM = join('core', 'bin', 'picosocks5.cjs');

/** @throws {Error} unless the option, if it is given, is a number from a least one on. */
function number(name: string, text: string | undefined, least: number): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value >= least) return value;
  throw new Error(`--${name}: expected a number of at least ${least}, not "${text}"`);
}

/** @throws {Error} unless the option, if it is given, is a whole number from 1 on. */
function count(name: string, text: string | undefined, most: number): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\d+$/.test(text) ? Number(text) : 0;
  if (value >= 1 && value <= most) return value;
  throw new Error(`--${name}: expected a whole number from 1 to ${most}, not "${text}"`);
}

function checkout(folder: string | undefined): string | undefined {
  if (folder === undefined) return undefined;
  const missing = [PROGRAM, join('core', 'dist')].find((name) => !existsSync(join(folder, name)));
  if (missing === undefined) return resolve(folder);
  throw new Error(
    `--baseline: "${folder}" is no built checkout, it has no ${missing}; npm ci there`,
  );
}

/**
 * Reads the benchmark's command line.
 *
 * @throws {Error} that says what is wrong with it.
 */
export function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      'warm-up': { type: 'string' },
      node: { type: 'string' },
      port: { type: 'string' },
      only: { type: 'string' },
      subjects: { type: 'string' },
      json: { type: 'string' },
      baseline: { type: 'string' },
    },
  });
  const { quick } = values;
  const baseline = checkout(values.baseline);
  const rounds = count('rounds', values.rounds, 1000) ?? (quick ? QUICK : FULL).rounds;
  const few = QUICK.subjects.filter((id) => id !== 'baseline' || baseline !== undefined);
  return {
    rounds,
    memoryRounds: quick ? QUICK.memoryRounds : rounds,
    seconds: number('seconds', values.seconds, 0.1) ?? 2,
    warmUp: number('warm-up', values['warm-up'], 0.1) ?? (quick ? QUICK : FULL).warmUp,
    node: values.node ?? process.execPath,
    port: count('port', values.port, 60_000) ?? 21_080,
    only: values.only?.split(',') ?? (quick ? QUICK.only : undefined),
    subjects: values.subjects?.split(',') ?? (quick ? few : undefined),
    json: values.json,
    baseline,
  };
}

/**
 * What of a list is chosen by ids, in the order of the list.
 *
 * @throws {Error} that lists all ids, if one of them is none of these.
 */
export function chosen<T extends { readonly id: string }>(
  list: readonly T[],
  ids: readonly string[] | undefined,
): readonly T[] {
  const known = list.map(({ id }) => id);
  const unknown = ids?.find((id) => !known.includes(id));
  if (unknown !== undefined) throw new Error(`"${unknown}" is none of: ${known.join(', ')}`);
  return list.filter(({ id }) => ids?.includes(id) ?? true);
}
