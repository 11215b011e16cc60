/** What a network is like. */
export interface Conditions {
  /** ms that an answer takes longer: half of it each way. */
  readonly delay: number;
  /** ms by which it is longer at random. */
  readonly jitter: number;
  /** Bytes a second in each direction, for all together; 0: no limit. */
  readonly rate: number;
  /** Percent of connections that are refused or reset; 100: nothing gets through. */
  readonly loss: number;
}

/** A network that people know by name. */
export interface Preset extends Conditions {
  /** As the setting and the command `conditions.use` have it. */
  readonly name: string;
  /** The command that switches to it. */
  readonly command: string;
}

const K = 1024;

/** Rates and times as measured on such networks, rounded. */
export const PRESETS: readonly Preset[] = [
  { name: 'none', command: 'conditions.none', delay: 0, jitter: 0, rate: 0, loss: 0 },
  { name: '4G', command: 'conditions.4g', delay: 80, jitter: 20, rate: 1100 * K, loss: 0 },
  { name: '3G', command: 'conditions.3g', delay: 300, jitter: 50, rate: 200 * K, loss: 0 },
  { name: 'slow 3G', command: 'conditions.slow3g', delay: 800, jitter: 150, rate: 50 * K, loss: 0 },
  { name: '2G', command: 'conditions.2g', delay: 900, jitter: 300, rate: 30 * K, loss: 1 },
  {
    name: 'satellite',
    command: 'conditions.satellite',
    delay: 650,
    jitter: 50,
    rate: 2500 * K,
    loss: 0,
  },
  { name: 'flaky', command: 'conditions.flaky', delay: 100, jitter: 400, rate: 0, loss: 10 },
  { name: 'offline', command: 'conditions.offline', delay: 0, jitter: 0, rate: 0, loss: 100 },
];

/** @throws {Error} if there is no such preset. @param name in any case. */
export function presetOf(name: string): Preset {
  const word = name.trim().toLowerCase();
  const found = PRESETS.find((one) => one.name.toLowerCase() === word);
  if (found !== undefined) return found;
  const names = PRESETS.map((one) => `"${one.name}"`).join(', ');
  throw new Error(`there is no preset "${name}"; expected one of ${names}`);
}

/** What conditions are, in a few words. */
export function describe({ delay, jitter, rate, loss }: Conditions): string {
  if (loss === 100) return 'nothing gets through';
  const words = [
    ...(delay > 0 || jitter > 0
      ? [`${delay} ms${jitter > 0 ? ` and up to ${jitter} more` : ''}`]
      : []),
    ...(rate > 0 ? [`${rateWords(rate)}/s`] : []),
    ...(loss > 0 ? [`${loss} % lost`] : []),
  ];
  return words.length > 0 ? words.join(', ') : 'as it is';
}

/** A rate as it is written. */
export function rateWords(rate: number): string {
  if (rate === 0) return '-';
  if (rate < K) return `${rate}`;
  const [size, unit] = rate < K * K ? [K, 'K'] : [K * K, 'M'];
  return `${Number((rate / size).toFixed(1))}${unit}`;
}
