import { bytes, port16 } from './sockets.js';

/** The twelve octets that a PROXY header of version 2 begins with. */
export const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');

/** A PROXY header of version 2. @param kind address family and transport. */
export function v2(versionAndCommand: number, kind: number, ...rest: Uint8Array[]): Buffer {
  const body = Buffer.concat(rest);
  return bytes(SIGNATURE, versionAndCommand, kind, port16(body.length), body);
}

/** A PROXY header of version 1 for a client at an IPv4 or IPv6 address. */
export function v1(host: string, port: number): Buffer {
  const [family, here] = host.includes(':') ? ['TCP6', '::1'] : ['TCP4', '127.0.0.1'];
  return bytes(`PROXY ${family} ${host} ${here} ${port} 1080\r\n`);
}
