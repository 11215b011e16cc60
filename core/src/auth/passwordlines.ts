import { open as openFile } from 'node:fs/promises';
import { messageOf, systemMessage, UserError } from '../base/errors.js';
import { type Account, parseAccount, plainAccount } from './account.js';
import { LineScan } from './linescan.js';
import { hasContent, parseLine, parseSecret } from './passwordfile.js';
import type { Secret } from './source.js';
import { decodeUserName } from './username.js';

/** Octets that are read at once. */
const CHUNK = 4 * 1024 * 1024;

const LINE_FEED = 0x0a;
const BYTE_ORDER_MARK = Buffer.from('\ufeff');

/** A line of a password file that says something. */
export interface PasswordLine {
  /** Empty for the server's own secret. */
  readonly user: string;
  /** What stands behind the user: `GROUP:SECRET`, perhaps with `:ACCOUNT`. */
  readonly rest: string;
  readonly kind: Secret['kind'];
  readonly account: Account;
  /** Where the line begins in the file, in octets. */
  readonly offset: number;
}

/**
 * Reads a password file of any length, in pieces, and checks each line.
 *
 * @param visit is told of each line that says something, in their order.
 * @param progress is told between two pieces how many octets were read; the next one waits for it.
 * @throws {UserError} if it cannot be read, or naming the line that is wrong.
 */
export async function eachPasswordLine(
  file: string,
  visit: (line: PasswordLine) => void,
  progress: (octets: number) => void | Promise<void> = () => {},
): Promise<void> {
  const unreadable = (error: unknown) =>
    new UserError(`cannot read the password file "${file}": ${systemMessage(error)}`);
  const handle = await openFile(file).catch((error: unknown) => {
    throw unreadable(error);
  });
  try {
    let chunk = Buffer.allocUnsafeSlow(CHUNK);
    /** Octets of the chunk that are read, and where it begins in the file. */
    let [length, base, number] = [0, 0, 1];
    for (;;) {
      if (length === chunk.length) chunk = Buffer.concat([chunk], 2 * length);
      const read = await handle.read(chunk, length, chunk.length - length).catch((error) => {
        throw unreadable(error);
      });
      length += read.bytesRead;
      const isLast = read.bytesRead === 0;
      const end = isLast ? length : chunk.lastIndexOf(LINE_FEED, length - 1) + 1;
      const start = base === 0 && chunk.subarray(0, 3).equals(BYTE_ORDER_MARK) ? 3 : 0;
      if (end > start) {
        number = visitLines(chunk.subarray(0, end), start, { file, number, base }, visit);
        chunk.copyWithin(0, end, length);
        length -= end;
        base += end;
        const waited = progress(base);
        if (waited !== undefined) await waited;
      }
      if (isLast) return;
    }
  } finally {
    await handle.close();
  }
}

interface Place {
  readonly file: string;
  readonly number: number;
  readonly base: number;
}

/** @returns the number of the line behind. */
function visitLines(
  octets: Buffer,
  from: number,
  { file, number: first, base }: Place,
  visit: (line: PasswordLine) => void,
): number {
  const scan = new LineScan(octets, 0);
  let number = first;
  for (let start = from; start < octets.length; start = scan.end + 1, number++) {
    let line: PasswordLine | undefined;
    try {
      scan.read(start);
      line = scan.isSimple ? simpleLine(scan, base + start) : anyLine(octets, scan, start, base);
    } catch (error) {
      throw new UserError(`${file}:${number}: ${messageOf(error)}`);
    }
    if (line !== undefined) visit(line);
  }
  return number;
}

function simpleLine(scan: LineScan, offset: number): PasswordLine {
  const kind = scan.isBase64 ? 'plain' : parseSecret(scan.secret, undefined).kind;
  const text = scan.account;
  const account = text === undefined ? plainAccount : parseAccount(text);
  return { user: scan.user, rest: scan.rest, kind, account, offset };
}

function anyLine(
  octets: Buffer,
  { end }: LineScan,
  start: number,
  base: number,
): PasswordLine | undefined {
  const text = decodeUserName(octets.subarray(start, end)).replace(/\r$/, '');
  if (!hasContent(text)) return undefined;
  const { user, secret, account, old } = parseLine(text, 0);
  const behind = text.slice(user.length + 1);
  return {
    user,
    rest: old ? `:${behind}` : behind,
    kind: secret.kind,
    account,
    offset: base + start,
  };
}
