import { formatNumber } from '../main/words/format.js';

export * from '../main/words/format.js';

/** `1 connection`, `2 connections`. */
export function count(number: number, noun: string): string {
  return `${formatNumber(number)} ${noun}${number === 1 ? '' : 's'}`;
}

/** Words for a reason such as `not-allowed`. */
export function words(reason: string): string {
  return reason.replaceAll('-', ' ');
}
