import { gzipSync } from 'node:zlib';
import { temporaryFile } from './files.js';
import type { Scope } from './scope.js';

/** What stands in a tarball; more than one of a name may. */
export interface TarEntry {
  readonly name: string;
  readonly content?: string | Uint8Array;
  /** The type of POSIX.1: `0` a file, `1` a hard link, `2` a symbolic link, `5` a folder. */
  readonly type?: string;
  readonly link?: string;
  /** What its header says of its size, octets. */
  readonly size?: number;
}

/** The octets of an archive, without the blocks that end it. */
export function tar(entries: readonly TarEntry[]): Buffer {
  const blocks = entries.flatMap(({ name, content = '', type = '0', link = '', size }) => {
    const octets = Buffer.from(content);
    const header = Buffer.alloc(512);
    header.write(name, 0, 100);
    header.write('0000644\0', 100);
    header.write(`${(size ?? octets.length).toString(8).padStart(11, '0')}\0`, 124);
    header.write('        ', 148);
    header.write(type, 156);
    header.write(link, 157, 100);
    header.write('ustar\0' + '00', 257);
    const sum = header.reduce((total, octet) => total + octet, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    return [header, octets, Buffer.alloc((512 - (octets.length % 512)) % 512)];
  });
  return Buffer.concat(blocks);
}

/** A record of a pax header, with its length. */
export function pax(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length;
  while (String(length).length + rest.length !== length) length++;
  return length + rest;
}

/** Writes a tarball, gzipped, that is removed when the test ends. @returns its path. */
export function tarball(t: Scope, entries: readonly TarEntry[], name = 'hostile.tgz'): string {
  const octets = Buffer.concat([tar(entries), Buffer.alloc(1024)]);
  return temporaryFile(t, gzipSync(octets, { level: 1 }), name);
}
