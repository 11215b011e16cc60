import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { endianness } from 'node:os';
import { UserError } from 'picosocks5';

const MAGIC = 0xbeefc0de;
/** Of the format of files, as the npm package lmdb writes them. */
const VERSION = 2;
/** The second one is at the start of the second page, which is no larger than this, octets. */
const MAX_PAGE = 65_536;
/** What says that a tree has no page. */
const NONE = 2n ** 64n - 1n;
/** Where pages begin with less, and lmdb has to find out by itself. */
const NARROW = ['arm', 'ia32', 'mips', 'mipsel'];

/**
 * Looks whether a file is a database of LMDB, which ends the process where it is given anything else:
 * by its two meta pages (MDB_meta of mdb.c), and by whether the pages are there that one of them names.
 *
 * @param file that there is, and that has octets in it.
 * @throws {UserError} if it is none, or if it ends too early.
 */
export function demandLmdb(file: string): void {
  if (NARROW.includes(process.arch)) return;
  const fd = openSync(file, 'r');
  try {
    const head = Buffer.alloc(2 * MAX_PAGE);
    const length = readSync(fd, head, 0, head.length, 0);
    demandPages(file, head.subarray(0, length), fstatSync(fd).size);
  } finally {
    closeSync(fd);
  }
}

function demandPages(file: string, head: Buffer, size: number): void {
  const reader = new DataView(head.buffer, head.byteOffset, head.length);
  const isLittle = endianness() === 'LE';
  // Behind the header of a page, which has a number of it and one of the transaction.
  const metaAt = (page: number) => page + 24;
  const isMeta = (page: number) =>
    head.length >= page + 160 && reader.getUint32(metaAt(page), isLittle) === MAGIC;
  if (!isMeta(0)) {
    throw new UserError(
      `"${file}" is no database of users; expected a file that picosocks5 userdb FILE import ` +
        'has made (a password file is one without userdb:)',
    );
  }
  const version = reader.getUint32(metaAt(0) + 4, isLittle);
  if (version !== VERSION) {
    throw new UserError(
      `"${file}" is a database of another version of LMDB (${version}); expected ${VERSION}, as ` +
        'picosocks5 userdb FILE import makes it',
    );
  }
  const page = reader.getUint32(metaAt(0) + 24, isLittle);
  const pages = BigInt(Math.floor(size / Math.max(1, page)));
  const isThere = (meta: number) =>
    [64, 112].every((root) => {
      const number = reader.getBigUint64(metaAt(meta) + root, isLittle);
      return number === NONE || number < pages;
    });
  const isWhole = page >= 256 && page <= MAX_PAGE && isMeta(page);
  if (!isWhole || !(isThere(0) || isThere(page))) {
    throw new UserError(
      `the database of users "${file}" is damaged: it ends after ${size} octets, before what ` +
        'it says that it has; expected a whole copy of it',
    );
  }
}
