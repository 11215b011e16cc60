import { messageOf, UserError } from '../base/errors.js';
import { type Account, plainAccount, stricter } from './account.js';
import { hasContent, parseLine } from './passwordfile.js';
import { decodeUserName } from './username.js';

const LINE_FEED = 0x0a;
const BYTE_ORDER_MARK = Buffer.from('\ufeff');

/** What the lines of a user have said so far, besides the secrets. */
export interface UserBefore {
  readonly group: string | undefined;
  readonly account: Account;
}

/** A password file with other lines for a user. */
export interface Edited {
  readonly octets: Buffer;
  /** How many lines the user had. */
  readonly before: number;
}

/**
 * Puts new lines for a user in the place of the first one, and removes the others. All else stays
 * as it is, octet by octet.
 *
 * @param name the file's, for messages.
 * @param linesFor makes the new lines, without their line feeds; told of the user so far.
 * @throws {UserError} naming the line, if it is no password file.
 */
export function replaceUser(
  octets: Buffer,
  name: string,
  user: string,
  linesFor: (before: UserBefore) => readonly string[],
): Edited {
  const hasMark = octets.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK);
  const parts: Buffer[] = hasMark ? [BYTE_ORDER_MARK] : [];
  const firstEnd = octets.indexOf(LINE_FEED);
  const ending = firstEnd > 0 && octets[firstEnd - 1] === 0x0d ? '\r\n' : '\n';
  const linesOf = (told: UserBefore) =>
    Buffer.from(
      linesFor(told)
        .map((line) => line + ending)
        .join(''),
    );
  const known: { group: string | undefined; account: Account } = {
    group: undefined,
    account: plainAccount,
  };
  /** Where the new lines come. */
  let place = -1;
  let before = 0;
  let number = 0;
  let start = hasMark ? BYTE_ORDER_MARK.length : 0;
  while (start < octets.length) {
    number++;
    const feed = octets.indexOf(LINE_FEED, start);
    const end = feed < 0 ? octets.length : feed;
    const text = decodeUserName(octets.subarray(start, end));
    const entry = hasContent(text) ? parseAt(text, name, number) : undefined;
    if (entry?.user === user) {
      if (before === 0) {
        known.group = entry.secret.group;
        place = parts.length;
      }
      known.account = stricter(known.account, entry.account);
      before++;
    } else {
      parts.push(octets.subarray(start, end), Buffer.from(feed < 0 ? ending : '\n'));
    }
    start = end + 1;
  }
  parts.splice(place < 0 ? parts.length : place, 0, linesOf(known));
  return { octets: Buffer.concat(parts), before };
}

function parseAt(text: string, name: string, number: number) {
  try {
    return parseLine(text, number);
  } catch (error) {
    throw new UserError(`${name}:${number}: ${messageOf(error)}`);
  }
}
