import { UserError } from '../base/errors.js';
import type { Address } from '../protocol/address.js';
import { parseIP } from '../protocol/ip.js';
import { parseDestination, RequestRules } from './rules.js';

/**
 * Whether a destination is one of those meant.
 *
 * @param addresses those of its name, where they are known.
 */
export type DestinationMatcher = (destination: Address, addresses?: readonly string[]) => boolean;

/**
 * Reads destinations as they are written in rules of `--request`: `*`, `ADDRESS[/BITS]`, a name or
 * `*.NAME`, each with `:PORTS` if it likes. A name is about that name, and is not looked up.
 *
 * @throws {UserError} naming one that is malformed.
 */
export function destinationMatcher(patterns: readonly string[]): DestinationMatcher {
  const rules = new RequestRules(
    patterns.map((text) => {
      const destination = parseDestination(text.trim().toLowerCase());
      if (destination === undefined) {
        throw new UserError(
          `"${text}" is no destination; expected ADDRESS[/BITS], NAME or *.NAME, and :PORTS, such ` +
            'as *.example.com:443 or 192.0.2.0/24',
        );
      }
      return { ...destination, allow: true, command: undefined, text };
    }),
  );
  return (destination, addresses = []) =>
    [destination.host, ...addresses].some(
      (host) =>
        rules.match({ command: 'connect', destination, address: parseIP(host) }) !== undefined,
    );
}
