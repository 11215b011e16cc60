import { domainToASCII } from 'node:url';
import { UserError } from 'picosocks5';
import { text } from '../words/words.js';
import { parseNetwork } from './network.js';

/** What stands for all host names without a dot. */
export const PLAIN_NAMES = '<local>';

const NAME = /^(\*\.)?[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/;

/** A destination that programs reach without the proxy. */
export type Bypass =
  | { readonly kind: 'plain' }
  /** In lower case and ASCII; `*.NAME` is all below it. */
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'network'; readonly octets: readonly number[]; readonly bits: number };

/**
 * Reads `ADDRESS[/BITS]`, a name, `*.NAME` or `<local>`, which is all names without a dot.
 *
 * @throws {UserError} if it is none of these.
 */
export function parseBypass(written: string): Bypass {
  const entry = written.trim().toLowerCase();
  if (entry === PLAIN_NAMES) return { kind: 'plain' };
  const network = parseNetwork(entry.replace(/^\[([^\]]*)\]/, '$1'));
  if (network !== undefined) return { kind: 'network', ...network };
  const star = entry.startsWith('*.') ? '*.' : '';
  const name = `${star}${domainToASCII(entry.slice(star.length)).replace(/\.$/, '')}`;
  if (NAME.test(name) && !/^[\d.]+$/.test(name)) return { kind: 'name', name };
  throw new UserError(text('systemProxy.bypassExpected', { entry: written, plain: PLAIN_NAMES }));
}

/** Reads a list; what of it cannot be used, as a file can have been edited, is left out. */
export function parseBypassList(list: readonly string[]): Bypass[] {
  return list.flatMap((written) => {
    try {
      return [parseBypass(written)];
    } catch {
      return [];
    }
  });
}

/** Networks that take more patterns than this cannot be said to Windows, but for the proxy's own. */
const MAX_PATTERNS = 128;

/**
 * The list as Windows has it, which knows `*` in place of prefixes, and IPv6 addresses in brackets:
 * what cannot be said goes through the proxy.
 */
export function windowsBypass(list: readonly string[]): string[] {
  return parseBypassList(list).flatMap(windowsPatterns);
}

function windowsPatterns(one: Bypass): string[] {
  switch (one.kind) {
    case 'plain':
      return [PLAIN_NAMES];
    case 'name':
      return [one.name];
    case 'network':
      return patterns(one.octets, one.bits);
  }
}

function patterns(octets: readonly number[], bits: number): string[] {
  if (octets.length === 16) {
    return bits === 128 ? [new URL(`http://[${wordsOf(octets).join(':')}]/`).hostname] : [];
  }
  const whole = Math.ceil(bits / 8);
  if (whole === 0) return ['*'];
  const count = 2 ** (whole * 8 - bits);
  if (count > MAX_PATTERNS) return [];
  const first = (octets[whole - 1] ?? 0) & ~(count - 1) & 0xff;
  return Array.from({ length: count }, (_, i) => {
    const kept = [...octets.slice(0, whole - 1), first + i];
    return whole === 4 ? kept.join('.') : `${kept.join('.')}.*`;
  });
}

/** The words of an IPv6 address, in hexadecimal. */
function wordsOf(octets: readonly number[]): string[] {
  return Array.from({ length: 8 }, (_, i) =>
    (((octets[2 * i] ?? 0) << 8) | (octets[2 * i + 1] ?? 0)).toString(16),
  );
}
