import { parseDestination, type RuleDestination } from '../access/rules.js';
import { UserError } from '../base/errors.js';
import {
  hidePasswords,
  isUrl,
  parseUpstreamUrl,
  type UpstreamUrl,
} from '../outbound/upstream/url.js';

/** One of the ways of a rule of `--via`, as it was written. */
export type WrittenWay =
  | { readonly kind: 'block' }
  | { readonly kind: 'url'; readonly url: UpstreamUrl; readonly text: string }
  /** The name of an upstream, or the id of a registered way out: `direct`. */
  | { readonly kind: 'name'; readonly name: string };

/** A rule of `--via`, as it was written. */
export interface WrittenVia extends RuleDestination {
  readonly ways: readonly WrittenWay[];
  /** As it was written, but for passwords. */
  readonly text: string;
}

/** What an upstream or a registered way out may be called. */
const wayName = /^[\w.-]+$/;

/** Whether a text may be the name of an upstream. */
export function isWayName(text: string): boolean {
  return wayName.test(text);
}

/**
 * Reads a rule of `--via`: `[DEST[:PORTS]=]WAY[|WAY]...`.
 *
 * @throws {UserError} if it is malformed; no password is in it.
 */
export function parseVia(text: string): WrittenVia {
  const shown = hidePasswords(text);
  const equals = text.indexOf('=');
  const url = text.search(/:\/\//);
  const hasDestination = equals >= 0 && (url < 0 || equals < url);
  const written = hasDestination ? text.slice(0, equals).trim().toLowerCase() : '*';
  const destination = parseDestination(written);
  // A name is one, and stands for no network: it is never looked up.
  if (destination === undefined || (destination.host !== undefined && written.includes('/'))) {
    throw new UserError(
      `"${shown}": "${written}" is no destination; expected [DEST[:PORTS]=]WAY, such as ` +
        '*.example.com:443=socks5://192.0.2.1:1080 or 10.0.0.0/8=direct',
    );
  }
  const words = text.slice(hasDestination ? equals + 1 : 0).split('|');
  const ways = words.map((word) => parseWay(word.trim(), shown));
  if (ways.length > 1 && ways.some(({ kind }) => kind === 'block')) {
    throw new UserError(`"${shown}": block stands alone, as nothing is tried before or after it`);
  }
  return { ...destination, ways, text: shown };
}

function parseWay(word: string, shown: string): WrittenWay {
  if (word === 'block') return { kind: 'block' };
  if (isUrl(word)) {
    const url = parseUpstreamUrl(word);
    return { kind: 'url', url, text: word };
  }
  if (isWayName(word)) return { kind: 'name', name: word };
  throw new UserError(
    `"${shown}": "${hidePasswords(word)}" is no way; expected direct, block, ` +
      'SCHEME://[USER:PASSWORD@]HOST[:PORT], or the NAME of a section [upstream:NAME]',
  );
}
