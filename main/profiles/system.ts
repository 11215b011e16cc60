import type { NetworkFacts } from './networks.js';

/** How a probe asks the system: tests give recorded answers. */
export interface System {
  /** What a program prints; an empty text if it is not there, fails or takes too long. */
  run(program: string, ...args: string[]): Promise<string>;
  /** What a file says; an empty text if it cannot be read. */
  read(file: string): Promise<string>;
}

/** The facts that are known of a network. */
export function factsOf(
  gateway: string | undefined,
  wifi: string | undefined,
  domains: readonly string[],
  addresses: readonly string[],
): NetworkFacts {
  const own = domains.map((domain) => domain.toLowerCase().replace(/^\.|\.$/g, ''));
  return {
    ...(gateway !== undefined && { gateway }),
    ...(wifi !== undefined && wifi !== '' && { wifi }),
    domains: [...new Set(own)].filter((domain) => domain !== ''),
    addresses: [...new Set(addresses)],
  };
}

/** The first group of a pattern in a text. */
export function find(text: string, pattern: RegExp): string | undefined {
  return pattern.exec(text)?.[1]?.trim();
}

/** The first group of every place where a pattern is in a text. */
export function findAll(text: string, pattern: RegExp): string[] {
  return Array.from(text.matchAll(pattern), ([, found = '']) => found.trim());
}
