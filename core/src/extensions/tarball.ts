import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { codeOf, messageOf, systemMessage, UserError } from '../base/errors.js';
import { Bounds } from './bounds.js';

/** Octets of a header, and what all content is padded to (POSIX.1-2024, pax, "ustar"). */
const BLOCK = 512;
/** The largest header that carries a long name, octets. */
const MAX_EXTENDED = 64 * 1024;
const MAX_NAME = 1024;
/** As many octets of a file are written at once. */
const CHUNK = 64 * 1024;

/**
 * Unpacks a tarball as `npm pack` makes it: files and folders, whose first folder is left out.
 * Nothing is written outside of the folder: names that lead out of it, links and devices are errors,
 * and so is more than {@link Bounds} allow, however small it was made.
 *
 * @param folder an empty one.
 * @returns the SHA-512 of the tarball, in Base64.
 * @throws {UserError} naming the tarball and what is wrong in it: then part of it may be there.
 */
export async function unpackTarball(file: string, folder: string): Promise<string> {
  const hash = createHash('sha512');
  const source = createReadStream(file);
  const gunzip = createGunzip();
  source.on('data', (chunk) => hash.update(chunk));
  source.once('error', (error) => gunzip.destroy(error));
  source.pipe(gunzip);
  try {
    const bounds = new Bounds(file);
    await unpack(new Octets(gunzip, bounds), folder, bounds);
    return hash.digest('base64');
  } catch (error) {
    if (error instanceof UserError) throw error;
    if (error instanceof TarError) throw new UserError(`"${file}": ${error.message}`);
    const isGzip = codeOf(error)?.startsWith('Z_') === true;
    if (isGzip) throw new UserError(`"${file}" is no tarball (.tgz): ${messageOf(error)}`);
    throw new UserError(`"${file}" cannot be unpacked: ${systemMessage(error)}`);
  } finally {
    source.destroy();
    gunzip.destroy();
  }
}

class TarError extends Error {}

async function unpack(octets: Octets, folder: string, bounds: Bounds): Promise<void> {
  let next: { path?: string; size?: number } = {};
  for (;;) {
    const header = await octets.block();
    // A block of zeros ends it, as the end of the file does.
    if (header === undefined || header.every((octet) => octet === 0)) break;
    const { name, size, mode, type } = readHeader(header);
    if (type === 'x' || type === 'L' || type === 'g' || type === 'K') {
      if (size > MAX_EXTENDED) throw new TarError('a header in it is too long');
      const content = await octets.padded(size);
      if (type === 'x') next = { ...next, ...readPax(content) };
      if (type === 'L') next.path = textOf(content);
      continue;
    }
    const path = next.path ?? name;
    const length = next.size ?? size;
    next = {};
    const parts = safeParts(path);
    if (type === '5') {
      bounds.file();
      await makeFolder(join(folder, ...parts));
    } else if (type === '0' || type === '\0' || type === '7') {
      bounds.file();
      if (parts.length === 0 || isConfiguration(parts)) await octets.skip(length);
      else await writeFile(join(folder, ...parts), path, octets, length, (mode & 0o111) !== 0);
      await octets.skip(padding(length));
    } else {
      const kind = type === '1' || type === '2' ? 'a link' : 'neither a file nor a folder';
      throw new TarError(`${JSON.stringify(path)} in it is ${kind}: expected files`);
    }
  }
  await octets.rest();
}

/** Whether a file tells npm what to do, which an extension has no say in. */
export function isConfiguration(parts: readonly string[]): boolean {
  return parts.length === 1 && parts[0]?.toLowerCase() === '.npmrc';
}

async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o755 });
}

async function writeFile(
  path: string,
  name: string,
  octets: Octets,
  size: number,
  isProgram: boolean,
): Promise<void> {
  await makeFolder(dirname(path));
  const handle = await open(path, 'wx', isProgram ? 0o755 : 0o644).catch((error: unknown) => {
    if (codeOf(error) !== 'EEXIST') throw error;
    throw new TarError(`${JSON.stringify(name)} stands in it twice`);
  });
  try {
    for (let left = size; left > 0; ) {
      const part = await octets.take(Math.min(left, CHUNK));
      await handle.writeFile(part);
      left -= part.length;
    }
  } finally {
    await handle.close();
  }
}

interface Header {
  readonly name: string;
  readonly size: number;
  readonly mode: number;
  readonly type: string;
}

function readHeader(block: Buffer): Header {
  const sum = block.reduce(
    // The checksum counts as if it were of spaces.
    (total, octet, i) => total + (i >= 148 && i < 156 ? 32 : octet),
    0,
  );
  if (numberOf(block, 148, 8) !== sum) throw new TarError('it is damaged, or no tarball');
  const isUstar = block.toString('latin1', 257, 262) === 'ustar';
  const prefix = isUstar ? textOf(block.subarray(345, 500)) : '';
  const name = textOf(block.subarray(0, 100));
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    size: numberOf(block, 124, 12),
    mode: numberOf(block, 100, 8),
    type: block.toString('latin1', 156, 157),
  };
}

/** A number in octal, as long as it is no larger than what fits; GNU's binary form is refused. */
function numberOf(block: Buffer, start: number, length: number): number {
  const text = block
    .toString('latin1', start, start + length)
    .replace(/[\0 ]+$/, '')
    .trim();
  if (!/^[0-7]*$/.test(text)) throw new TarError('it is damaged, or no tarball');
  return Number.parseInt(text || '0', 8);
}

function textOf(octets: Buffer): string {
  const end = octets.indexOf(0);
  return octets.toString('utf8', 0, end === -1 ? octets.length : end);
}

/** Records of `LENGTH KEY=VALUE\n` (POSIX.1-2024, pax). */
function readPax(content: Buffer): { path?: string; size?: number } {
  const found: { path?: string; size?: number } = {};
  for (let at = 0; at < content.length; ) {
    const space = content.indexOf(32, at);
    const digits = content.toString('latin1', at, space === -1 ? at : space);
    const end = at + Number(digits);
    const equals = content.indexOf(61, space);
    if (!/^[1-9]\d{0,6}$/.test(digits) || end > content.length || equals < space || equals >= end) {
      throw new TarError('a header in it is damaged');
    }
    const key = content.toString('utf8', space + 1, equals);
    const value = content.toString('utf8', equals + 1, end - 1);
    if (key === 'path') found.path = value;
    if (key === 'size') found.size = sizeOf(value);
    at = end;
  }
  return found;
}

function sizeOf(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new TarError('a header in it is damaged');
  return Number(text);
}

/**
 * The folders and the file of a name, without its first folder.
 *
 * @throws {TarError} if it could lead out of a folder on any system.
 */
function safeParts(path: string): string[] {
  const [, ...parts] = path.replace(/\/+$/, '').split('/');
  const isSafe =
    path.length <= MAX_NAME &&
    !path.startsWith('/') &&
    !/^\.\.(\/|$)/.test(path) &&
    !/[\p{Cc}\\:]/u.test(path) &&
    parts.every((part) => part === '.' || !/[. ]$/.test(part));
  if (!isSafe) {
    throw new TarError(`the name ${JSON.stringify(path.slice(0, MAX_NAME))} in it is not safe`);
  }
  return parts.filter((part) => part !== '.' && part !== '');
}

function padding(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}

/** Takes octets of a stream, as many as are asked for. */
class Octets {
  readonly #chunks: AsyncIterator<Buffer>;
  readonly #bounds: Bounds;
  #left: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>, bounds: Bounds) {
    this.#chunks = source[Symbol.asyncIterator]();
    this.#bounds = bounds;
  }

  /** A block; undefined at the end. */
  async block(): Promise<Buffer | undefined> {
    return (await this.#fill()) ? this.#exactly(BLOCK) : undefined;
  }

  /** Content with what it is padded by, which is left out. */
  async padded(size: number): Promise<Buffer> {
    const content = await this.#exactly(size);
    await this.skip(padding(size));
    return content;
  }

  /** From one octet to as many. */
  async take(most: number): Promise<Buffer> {
    if (!(await this.#fill())) throw new TarError('it ends before its end');
    const part = this.#left.subarray(0, most);
    this.#left = this.#left.subarray(part.length);
    return part;
  }

  async skip(size: number): Promise<void> {
    for (let left = size; left > 0; ) left -= (await this.take(left)).length;
  }

  /** Reads to the end, so that the whole was checked. */
  async rest(): Promise<void> {
    while (await this.#fill()) this.#left = Buffer.alloc(0);
  }

  async #exactly(size: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let left = size; left > 0; ) {
      const part = await this.take(left);
      parts.push(part);
      left -= part.length;
    }
    return Buffer.concat(parts);
  }

  /** @returns whether there is at least one octet. */
  async #fill(): Promise<boolean> {
    while (this.#left.length === 0) {
      const { value, done } = await this.#chunks.next();
      if (done === true) return false;
      this.#bounds.octets(value.length);
      this.#left = value;
    }
    return true;
  }
}
