import { stat } from 'node:fs/promises';
import { eachPasswordLine, hasQuota, monotonic, type PasswordLine, UserError } from 'picosocks5';
import { costOf, kindOf, type UserDatabase } from './database.js';
import { hashOf } from './format.js';

/** Octets of lines that are sorted at once. */
const PART = 768 * 1024 * 1024;
/** Users that are written at once. */
const BATCH = 100_000;
/** How many of the file's users stand for what checking them costs. */
const SAMPLE = 256;
const HASHES = 2 ** 32;

/** Told how far it is: of the lines that the file has, once that is known. */
export type Progress = (stage: 'check' | 'import', done: number, all: number | undefined) => void;

/** Writes a text in UTF-8: one of ASCII in less time than a call of Buffer's takes. @returns its end. */
function put(octets: Buffer, text: string, at: number): number {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7f) return at + octets.write(text, at);
    octets[at + i] = unit;
  }
  return at + text.length;
}

/** Writes a number of 32 bits, the high octet first. @returns where it ends. */
function putNumber(octets: Buffer, number: number, at: number): number {
  octets[at] = number >>> 24;
  octets[at + 1] = number >>> 16;
  octets[at + 2] = number >>> 8;
  octets[at + 3] = number;
  return at + 4;
}

function numberAt(octets: Buffer, at: number): number {
  const octet = (i: number) => octets[at + i] as number;
  return ((octet(0) << 24) | (octet(1) << 16) | (octet(2) << 8) | octet(3)) >>> 0;
}

/** Lines whose hashes are in a range, to be sorted by them. */
class Part {
  /** Of each line: octets of the key, the key, octets of the value, the value. */
  #octets = Buffer.allocUnsafeSlow(16 * 1024 * 1024);
  #length = 0;
  /** Of each line: where it begins, and the hash; together a number that sorts by the hash. */
  #order = new Uint32Array(2 * 65_536);
  #count = 0;

  get size(): number {
    return this.#length;
  }

  add(hash: number, user: string, rest: string): void {
    const most = 4 + 2 + 3 * user.length + 4 + 3 * rest.length;
    if (this.#length + most > this.#octets.length) {
      const larger = Buffer.allocUnsafeSlow(2 * this.#octets.length + most);
      this.#octets.copy(larger, 0, 0, this.#length);
      this.#octets = larger;
    }
    if (2 * this.#count === this.#order.length) {
      const larger = new Uint32Array(2 * this.#order.length);
      larger.set(this.#order);
      this.#order = larger;
    }
    this.#order[2 * this.#count] = this.#length;
    this.#order[2 * this.#count + 1] = hash;
    this.#count++;
    const octets = this.#octets;
    const at = this.#length;
    const key = at + 2;
    const keyEnd = put(octets, user, putNumber(octets, hash, key));
    octets[at] = (keyEnd - key) & 0xff;
    octets[at + 1] = (keyEnd - key) >>> 8;
    const value = keyEnd + 4;
    const end = put(octets, rest, value);
    putNumber(octets, end - value, keyEnd);
    this.#length = end;
  }

  /** All users in the order of their keys' hashes, each with all lines. */
  *users(): Generator<readonly [key: Buffer, value: Buffer]> {
    const order = this.#order.subarray(0, 2 * this.#count);
    // As one number of 64 bits: on all machines that run Node the low half comes first.
    new BigUint64Array(order.buffer, order.byteOffset, this.#count).sort();
    let same = new Map<string, [key: Buffer, value: Buffer]>();
    let hash = -1;
    let last: [key: Buffer, value: Buffer] | undefined;
    for (let i = 0; i < this.#count; i++) {
      const at = order[2 * i] as number;
      const octets = this.#octets;
      const keyLength = (octets[at] as number) | ((octets[at + 1] as number) << 8);
      const start = at + 2 + keyLength;
      const key = octets.subarray(at + 2, start);
      const value = octets.subarray(start + 4, start + 4 + numberAt(octets, start));
      const nextHash = order[2 * i + 1] as number;
      if (nextHash !== hash) {
        if (same.size > 0) {
          yield* same.values();
          same = new Map();
        } else if (last !== undefined) yield last;
        hash = nextHash;
        last = [key, value];
        continue;
      }
      // Lines of one user, or of users with one hash: in the order of the file.
      if (last !== undefined) same.set(last[0].toString('latin1'), last);
      last = undefined;
      const name = key.toString('latin1');
      const before = same.get(name);
      if (before === undefined) same.set(name, [key, value]);
      else before[1] = Buffer.concat([before[1], Buffer.from('\n'), value]);
    }
    if (same.size > 0) yield* same.values();
    else if (last !== undefined) yield last;
  }
}

/**
 * Writes all users of a password file into a database, in the place of what these users had there.
 * The whole file is checked before anything is written.
 *
 * @returns how many users there were.
 * @throws {UserError} naming the line that is wrong; nothing is changed then.
 */
export async function importUsers(
  database: UserDatabase,
  file: string,
  progress: Progress,
): Promise<number> {
  const before = await stampOf(file);
  const size = before.size;
  const parts = Math.max(1, Math.ceil(size / PART));
  const kinds = new Set<'plain' | 'crypt'>();
  const costs = new Sampled();
  let quotas = false;
  let lines = 0;
  let shown = monotonic();
  const tellLines = (stage: 'check', count: number) => {
    if (monotonic() - shown < 100) return;
    shown = monotonic();
    progress(stage, count, undefined);
  };
  let part = new Part();
  const octets = Buffer.alloc(256 * 3);
  const hash = (user: string) => hashOf(octets, 0, put(octets, user, 0));
  const range = HASHES / parts;
  await eachPasswordLine(
    file,
    (line: PasswordLine) => {
      lines++;
      if (line.user !== '') {
        kinds.add(line.kind);
        quotas ||= hasQuota(line.account);
        costs.add(line.rest);
      }
      const own = hash(line.user);
      if (own < range) part.add(own, line.user, line.rest);
    },
    () => tellLines('check', lines),
  );
  let users = 0;
  let written = 0;
  for (let number = 0; number < parts; number++) {
    if (number > 0) {
      part = new Part();
      const [from, to] = [range * number, range * (number + 1)];
      await eachPasswordLine(file, (line) => {
        const own = hash(line.user);
        if (own >= from && own < to) part.add(own, line.user, line.rest);
      });
      const { size: nowSize, time } = await stampOf(file);
      if (nowSize !== size || time !== before.time) {
        throw new UserError(`"${file}" has changed while it was imported: import it again`);
      }
    }
    const all = part.users();
    for (let isOver = false; !isOver; ) {
      database.change(() => {
        for (let i = 0; i < BATCH; i++) {
          const next = all.next();
          if (next.done === true) {
            isOver = true;
            return;
          }
          const [key, value] = next.value;
          database.putRaw(key, value);
          written++;
          if (key.length > 4) users++;
        }
      });
      progress('import', written, parts === 1 ? lines : undefined);
      await new Promise(setImmediate);
    }
  }
  database.change(() => database.tell([...kinds], quotas, costs.toArray(), users));
  return users;
}

/** What some of the users cost to check, spread evenly over all. */
class Sampled {
  #kept: string[] = [];
  #step = 1;
  #count = 0;

  add(rest: string): void {
    if (this.#count++ % this.#step > 0) return;
    this.#kept.push(rest);
    if (this.#kept.length < 2 * SAMPLE) return;
    this.#kept = this.#kept.filter((_, i) => i % 2 === 0);
    this.#step *= 2;
  }

  toArray(): (string | null)[] {
    return this.#kept.slice(0, SAMPLE).map((rest) => {
      const [, secret = ''] = rest.split(':');
      return kindOf(secret) === 'plain' ? null : costOf(secret);
    });
  }
}

async function stampOf(file: string): Promise<{ readonly size: number; readonly time: number }> {
  const { size, mtimeMs: time } = await stat(file).catch(() => ({ size: 0, mtimeMs: 0 }));
  return { size, time };
}
