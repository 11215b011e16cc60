import { randomBytes } from 'node:crypto';
import type { Stats } from 'node:fs';
import { type FileHandle, open as openFile, stat as statFile } from 'node:fs/promises';
import { messageOf, systemMessage, UserError } from '../base/errors.js';
import { exposure } from '../base/exposure.js';
import { Turn } from '../base/turn.js';
import { parseHash } from './crypt/formats.js';
import { whyUnsupported } from './crypt/support.js';
import { type LineTable, LineTableBuilder } from './linetable.js';
import { hasContent, type PasswordEntry, parseLine } from './passwordfile.js';
import type { AuthenticationSource, AuthenticationSourceFormat, Secret } from './source.js';
import { decodeUserName } from './username.js';

type Warn = (message: string) => void;

/** Octets of a line at most. */
const MAX_LINE = 64 * 1024;
/** Groups are remembered up to this many; with more, none is. */
const MAX_GROUPS = 10_000;
/** Of warnings of one kind, so many are told. */
const MAX_WARNINGS = 10;
/** Octets that are read at once. */
const CHUNK = 1024 * 1024;

const LINE_FEED = 0x0a;
const BYTE_ORDER_MARK = Buffer.from('\ufeff');

/** A password file: its octets as they are, of which each line is read when its user comes. */
class PasswordFile implements AuthenticationSource {
  readonly name: string;
  readonly kinds: ReadonlySet<Secret['kind']>;
  readonly groups?: ReadonlySet<string>;
  readonly decoys: readonly Secret[];
  readonly #octets: Buffer;
  readonly #table: LineTable;
  readonly #serverSecret: Uint8Array | undefined;

  constructor(name: string, octets: Buffer, content: Content, table: LineTable) {
    this.name = name;
    this.#octets = octets;
    this.#table = table;
    this.#serverSecret = content.serverSecret;
    this.kinds = content.kinds;
    this.decoys = table.sample.map((start) => toDecoy(entryAt(octets, start).secret));
    if (content.groups.size <= MAX_GROUPS) this.groups = content.groups;
  }

  find(user: string): readonly Secret[] {
    return this.#table.find(user).map((start) => entryAt(this.#octets, start).secret);
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
  serverSecret: Uint8Array | undefined;
}

/** The line that begins at an offset, without its line feed. */
function lineAt(octets: Buffer, start: number): Buffer {
  const end = octets.indexOf(LINE_FEED, start);
  return octets.subarray(start, end < 0 ? octets.length : end);
}

function entryAt(octets: Buffer, start: number, line = 0): PasswordEntry {
  return parseLine(decodeUserName(lineAt(octets, start)), line);
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

  tell(warn: Warn): void {
    for (const message of this.#first) warn(message);
    const more = this.#count - this.#first.length;
    if (more > 0) warn(this.#others(more));
  }
}

/** Reads the lines of one file. */
class Reading {
  readonly #file: string;
  readonly #octets: Buffer;
  readonly #whyUnsupported: typeof whyUnsupported;
  readonly #turn = new Turn();
  readonly #builder = new LineTableBuilder();
  readonly #content: Content = {
    kinds: new Set(),
    groups: new Set(),
    serverSecret: undefined,
  };
  /** Formats of hashes that this system can check. */
  readonly #formats = new Set<string>();
  readonly #old: Warnings;
  readonly #idle: Warnings;
  /** The line of the server's secret. */
  #serverLine = 0;

  constructor(file: string, octets: Buffer, why: typeof whyUnsupported) {
    this.#file = file;
    this.#octets = octets;
    this.#whyUnsupported = why;
    this.#old = new Warnings((more) => `${file}: ${more} more lines of the old form USER:SECRET`);
    this.#idle = new Warnings((more) => `${file}: ${more} more lines whose secrets never count`);
  }

  async source(warn: Warn): Promise<PasswordFile> {
    const octets = this.#octets;
    let line = 1;
    let start = octets.subarray(0, 3).equals(BYTE_ORDER_MARK) ? 3 : 0;
    while (start < octets.length) {
      const raw = lineAt(octets, start);
      try {
        const check = this.#take(raw, start, line);
        if (check !== undefined) await check;
      } catch (error) {
        throw new UserError(`${this.#file}:${line}: ${messageOf(error)}`);
      }
      start += raw.length + 1;
      line++;
      if (this.#turn.step()) await this.#turn.next();
    }
    const userAt = (offset: number) => entryAt(octets, offset).user;
    const table = await this.#builder.finish(userAt, (late, earlier, user) =>
      this.#idle.add(() => `${this.#file}:${late}: ${idleUser(user, earlier)}`),
    );
    this.#old.tell(warn);
    this.#idle.tell(warn);
    return new PasswordFile(this.#file, octets, this.#content, table);
  }

  /** @returns a promise only where something has to be waited for: not for each line. */
  #take(raw: Buffer, start: number, line: number): Promise<void> | undefined {
    if (raw.length > MAX_LINE) throw new Error(`the line is longer than ${MAX_LINE} bytes`);
    const text = decodeUserName(raw);
    if (!hasContent(text)) return undefined;
    const { user, secret, old } = parseLine(text, line);
    if (old) {
      const advice = 'the old form USER:SECRET; USER:GROUP:SECRET is better';
      this.#old.add(() => `${this.#file}:${line}: ${advice}`);
    }
    if (user === '') this.#takeOwn(secret, line);
    else {
      this.#builder.add(user, secret.kind, start, line);
      const { kinds, groups } = this.#content;
      kinds.add(secret.kind);
      if (secret.group !== undefined && groups.size <= MAX_GROUPS) groups.add(secret.group);
    }
    return secret.kind === 'crypt' ? this.#demandSupport(secret.hash) : undefined;
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
    const { format } = parseHash(hash);
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
  /** undefined where it cannot be told. */
  readonly stats: Stats | undefined;
}

async function readWhole(file: string): Promise<Whole> {
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
  const whole = async (file: string): Promise<Whole> =>
    read === undefined
      ? readWhole(file)
      : { octets: await read(file), stats: await statFile(file).catch(() => undefined) };
  return {
    id: 'password',
    async open(file, warn) {
      const { octets, stats } = await whole(file).catch((error: unknown) => {
        throw new UserError(`cannot read the password file "${file}": ${systemMessage(error)}`);
      });
      const source = await new Reading(file, octets, why).source(warn);
      const told = stats?.isFile() && process.platform !== 'win32' ? stats : undefined;
      const exposed = told && exposure('password file', file, told);
      if (exposed !== undefined) warn(exposed);
      return source;
    },
  };
}
