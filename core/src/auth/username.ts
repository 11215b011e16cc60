import { isAscii } from 'node:buffer';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A user name as clients send it: UTF-8, or ISO 8859-1 where it is not UTF-8. */
export function decodeUserName(octets: Uint8Array): string {
  const { buffer, byteOffset, byteLength } = octets;
  if (isAscii(octets)) return Buffer.from(buffer, byteOffset, byteLength).toString('latin1');
  try {
    return utf8.decode(octets);
  } catch {
    return Buffer.from(octets).toString('latin1');
  }
}
