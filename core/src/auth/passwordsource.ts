import { randomBytes } from 'node:crypto';
import type { Stats } from 'node:fs';
import { type FileHandle, open as openFile, stat as statFile } from 'node:fs/promises';
import { messageOf, systemMessage, UserError } from '../base/errors.js';
import { exposure } from '../base/exposure.js';
import { Turn } from '../base/turn.js';
import { hasQuota, parseAccount } from './account.js';
import { whyUnsupported } from './crypt/support.js';
import { LineScan } from './linescan.js';
import { LineTable, newSeed } from './linetable.js';
import {
  hasContent,
  type PasswordEntry,
  parseLine,
  parseSecret,
  secretsOf,
} from './passwordfile.js';
import type { AuthenticationSource, AuthenticationSourceFormat, Secret } from './source.js';
import { decodeUserName } from './username.js';

type Warn = (message: string) => void;
type CryptSecret = Extract<Secret, { kind: 'crypt' }>;

/** Groups are remembered up to this many; with more, none is. */
const MAX_GROUPS = 10_000;
/** Of warnings of one kind, so many are told. */
const MAX_WARNINGS = 10;
/** Octets that are read at once. */
const CHUNK = 1024 * 1024;
/** Octets in which line feeds are counted at once. */
const PIECE = 64 * 1024;

const LINE_FEED = 0x0a;
const BYTE_ORDER_MARK = Buffer.from('\ufeff');

/** A password file: its octets as they are, of which each line is read when its user comes. */
class PasswordFile implements AuthenticationSource {
  readonly name: string;
  readonly kinds: ReadonlySet<Secret['kind']>;
  readonly groups?: ReadonlySet<string>;
  readonly decoys: readonly Secret[];
  readonly quotas: boolean;
  readonly #octets: Buffer;
  readonly #table: LineTable;
  readonly #serverSecret: Uint8Array | undefined;

  constructor(name: string, octets: Buffer, content: Content, table: LineTable) {
    this.name = name;
    this.#octets = octets;
    this.#table = table;
    this.#serverSecret = content.serverSecret;
    this.kinds = content.kinds;
    this.quotas = content.quotas;
    this.decoys = table.sample.map((start) => toDecoy(entryAt(octets, start).secret));
    if (content.groups.size <= MAX_GROUPS) this.groups = content.groups;
  }

  find(user: string): readonly Secret[] {
    return secretsOf(this.#table.find(user).map((start) => entryAt(this.#octets, start)));
  }

  serverSecret(): Uint8Array | undefined {
    return this.#serverSecret;
  }
}

/** What costs as much to compare as a secret: hashes as they are, but no password. */
function toDecoy(secret: Secret): Secret {
  const ofNobody = { group: undefined };
  return secret.kind === 'crypt'
    ? { kind: 'crypt', hash: secret.hash, ...ofNobody }
    : { kind: 'plain', password: randomBytes(16), ...ofNobody };
}

/** What is found while lines are read. */
interface Content {
  readonly kinds: Set<Secret['kind']>;
  readonly groups: Set<string>;
  /** Whether a user has a quota. */
  quotas: boolean;
  serverSecret: Uint8Array | undefined;
}

function entryAt(octets: Buffer, start: number, line = 0): PasswordEntry {
  const end = octets.indexOf(LINE_FEED, start);
  return parseLine(decodeUserName(octets.subarray(start, end < 0 ? octets.length : end)), line);
}

/** Warnings of one kind: the first ones in full, of the others how many there are. */
class Warnings {
  readonly #first: string[] = [];
  readonly #others: (count: number) => string;
  #count = 0;

  constructor(others: (count: number) => string) {
    this.#others = others;
  }

  add(message: () => string): void {
    this.#count++;
    if (this.#count <= MAX_WARNINGS) this.#first.push(message());
  }

  /** Takes so many more, of which only the number is told. */
  count(more: number): void {
    this.#count += more;
  }

  tell(warn: Warn): void {
    for (const message of this.#first) warn(message);
    const more = this.#count - this.#first.length;
    if (more > 0) warn(this.#others(more));
  }
}

/** A line that never counts, and where the one begins that counts in its place. */
interface IdleLine {
  readonly line: number;
  readonly user: string;
  readonly earlier: number;
}

/** Reads the lines of one file. */
class Reading {
  readonly #file: string;
  readonly #octets: Buffer;
  readonly #whyUnsupported: typeof whyUnsupported;
  readonly #turn = new Turn();
  readonly #scan: LineScan;
  readonly #table: LineTable;
  readonly #content: Content = {
    kinds: new Set(),
    groups: new Set(),
    quotas: false,
    serverSecret: undefined,
  };
  /** Formats of hashes that this system can check. */
  readonly #formats = new Set<string>();
  readonly #old: Warnings;
  readonly #idle: Warnings;
  /** Those of which it is told in full. */
  readonly #idleLines: IdleLine[] = [];
  #idleCount = 0;
  /** The line of the server's secret. */
  #serverLine = 0;
  readonly #kindAt = (start: number) => entryAt(this.#octets, start).secret.kind;

  constructor(file: string, { octets, lines }: Whole, why: typeof whyUnsupported) {
    this.#file = file;
    this.#octets = octets;
    this.#whyUnsupported = why;
    const seed = newSeed();
    this.#scan = new LineScan(octets, seed);
    this.#table = new LineTable(octets, lines, seed, (start) => entryAt(octets, start).user);
    this.#old = new Warnings((more) => `${file}: ${more} more lines of the old form USER:SECRET`);
    this.#idle = new Warnings((more) => `${file}: ${more} more lines whose secrets never count`);
  }

  async source(warn: Warn): Promise<PasswordFile> {
    const octets = this.#octets;
    let line = 1;
    let start = octets.subarray(0, 3).equals(BYTE_ORDER_MARK) ? 3 : 0;
    while (start < octets.length) {
      try {
        this.#scan.read(start);
        const check = this.#take(start, line);
        if (check !== undefined) await check;
      } catch (error) {
        throw new UserError(`${this.#file}:${line}: ${messageOf(error)}`);
      }
      start = this.#scan.end + 1;
      line++;
      if (this.#turn.step()) await this.#turn.next();
    }
    await this.#tellIdle();
    this.#old.tell(warn);
    this.#idle.tell(warn);
    return new PasswordFile(this.#file, octets, this.#content, this.#table);
  }

  /** @returns a promise only where something has to be waited for: not for each line. */
  #take(start: number, line: number): Promise<void> | undefined {
    return this.#scan.isSimple ? this.#takeSimple(start, line) : this.#takeAny(start, line);
  }

  /** Takes a line of ASCII with all of its fields: as almost all are, of a large file. */
  #takeSimple(start: number, line: number): Promise<void> | undefined {
    const scan = this.#scan;
    const user = scan.user;
    const { kinds, groups } = this.#content;
    if (groups.size <= MAX_GROUPS && scan.hasGroup) groups.add(scan.group);
    const account = scan.account;
    if (account !== undefined) this.#content.quotas ||= hasQuota(parseAccount(account));
    if (scan.isBase64) {
      kinds.add('plain');
      this.#add(user, scan.hash, start, 'plain', line);
      return undefined;
    }
    const { kind, hash } = parseSecret(scan.secret, undefined) as CryptSecret;
    kinds.add(kind);
    this.#add(user, scan.hash, start, kind, line);
    return this.#demandSupport(hash);
  }

  #takeAny(start: number, line: number): Promise<void> | undefined {
    const text = decodeUserName(this.#octets.subarray(start, this.#scan.end));
    if (!hasContent(text)) return undefined;
    const { user, secret, account, old } = parseLine(text, line);
    if (old) {
      const advice = 'the old form USER:SECRET; USER:GROUP:SECRET is better';
      this.#old.add(() => `${this.#file}:${line}: ${advice}`);
    }
    if (user === '') this.#takeOwn(secret, line);
    else {
      const { kinds, groups } = this.#content;
      kinds.add(secret.kind);
      if (secret.group !== undefined && groups.size <= MAX_GROUPS) groups.add(secret.group);
      this.#content.quotas ||= hasQuota(account);
      this.#add(user, this.#scan.hashOf(user), start, secret.kind, line);
    }
    return secret.kind === 'crypt' ? this.#demandSupport(secret.hash) : undefined;
  }

  #add(user: string, hash: number, start: number, kind: Secret['kind'], line: number): void {
    const earlier = this.#table.add(user, hash, start, kind, this.#kindAt);
    if (earlier === undefined) return;
    this.#idleCount++;
    if (this.#idleLines.length < MAX_WARNINGS) this.#idleLines.push({ line, user, earlier });
  }

  /** Tells of lines that never count: only now the numbers of the earlier ones are looked for. */
  async #tellIdle(): Promise<void> {
    const numbers = new Map<number, number>();
    let [number, start] = [1, 0];
    for (const earlier of this.#idleLines.map((one) => one.earlier).sort((a, b) => a - b)) {
      number += await countFeeds(this.#octets, start, earlier);
      start = earlier;
      numbers.set(earlier, number);
    }
    for (const { line, user, earlier } of this.#idleLines) {
      const place = numbers.get(earlier) as number;
      this.#idle.add(() => `${this.#file}:${line}: ${idleUser(user, place)}`);
    }
    this.#idle.count(this.#idleCount - this.#idleLines.length);
  }

  /** Takes a secret of the server itself: the first one, which has to be plain. */
  #takeOwn(secret: Secret, line: number): void {
    const place = `${this.#file}:${line}`;
    if (secret.kind === 'crypt') {
      const why = "a hash cannot be the server's own secret, which has to be $base64$";
      this.#idle.add(() => `${place}: ${why}`);
    } else if (this.#content.serverSecret === undefined) {
      this.#content.serverSecret = secret.password;
      this.#serverLine = line;
    } else {
      const earlier = this.#serverLine;
      this.#idle.add(() => `${place}: the server's own secret stands in line ${earlier} already`);
    }
  }

  #demandSupport(hash: string): Promise<void> | undefined {
    // $6$ and so on: what was parsed has that.
    const format = hash.slice(0, hash.indexOf('$', 1));
    if (this.#formats.has(format)) return undefined;
    this.#formats.add(format);
    return this.#whyUnsupported(hash).then((reason) => {
      if (reason !== undefined) throw new Error(reason);
    });
  }
}

function idleUser(user: string, earlier: number): string {
  return (
    `another secret of user ${JSON.stringify(user)}, for whom line ${earlier} counts: ` +
    'remove one of the lines'
  );
}

interface Whole {
  readonly octets: Buffer;
  /** How many lines there are at most. */
  readonly lines: number;
  /** undefined where it cannot be told. */
  readonly stats: Stats | undefined;
}

/** How many line feeds there are from an offset to another, counted while others have their turn. */
async function countFeeds(octets: Buffer, from: number, to: number): Promise<number> {
  const turn = new Turn();
  let count = 0;
  for (let start = from; start < to; start += PIECE) {
    const end = Math.min(start + PIECE, to);
    for (let i = start; i < end; i++) if (octets[i] === LINE_FEED) count++;
    if (turn.step()) await turn.next();
  }
  return count;
}

async function readWhole(file: string): Promise<Omit<Whole, 'lines'>> {
  const handle = await openFile(file);
  try {
    const stats = await handle.stat();
    return { stats, octets: await readAll(handle, stats) };
  } finally {
    await handle.close();
  }
}

/** Reads to the end of a file, in pieces. */
async function readAll(handle: FileHandle, stats: Stats): Promise<Buffer> {
  if (!stats.isFile()) return handle.readFile();
  // One octet more tells the end from a file that grows.
  let octets = Buffer.allocUnsafeSlow(stats.size + 1);
  let length = 0;
  for (;;) {
    if (length === octets.length) octets = Buffer.concat([octets], 2 * length);
    const size = Math.min(CHUNK, octets.length - length);
    const { bytesRead } = await handle.read(octets, length, size, length);
    if (bytesRead === 0) return octets.subarray(0, length);
    length += bytesRead;
  }
}

/** The format of password files, which are read before they are opened. */
export interface PasswordFileFormat extends AuthenticationSourceFormat {
  open(file: string, warn: (message: string) => void): Promise<AuthenticationSource>;
}

/**
 * The format `password` of `--auth`. Hashes that this system cannot check are found at once. A
 * large file is read in pieces, between which others have their turn.
 *
 * Warned of are lines of the old form, secrets that never count, and a file that others than its
 * owner can read or change.
 *
 * @param read what reads a file, if it is not read here.
 * @param why says why a hash cannot be checked, if it cannot.
 */
export function passwordFileFormat(
  read?: (file: string) => Promise<Buffer>,
  why = whyUnsupported,
): PasswordFileFormat {
  const whole = async (file: string): Promise<Whole> => {
    const content =
      read === undefined
        ? await readWhole(file)
        : { octets: await read(file), stats: await statFile(file).catch(() => undefined) };
    const { octets } = content;
    return { ...content, lines: (await countFeeds(octets, 0, octets.length)) + 1 };
  };
  return {
    id: 'password',
    async open(file, warn) {
      const content = await whole(file).catch((error: unknown) => {
        throw new UserError(`cannot read the password file "${file}": ${systemMessage(error)}`);
      });
      const { stats } = content;
      const source = await new Reading(file, content, why).source(warn);
      const told = stats?.isFile() && process.platform !== 'win32' ? stats : undefined;
      const exposed = told && exposure('password file', file, told);
      if (exposed !== undefined) warn(exposed);
      return source;
    },
  };
}
