import type { Credentials } from './userpass.js';

/** VER of RFC 1929's subnegotiation. */
const USERPASS_VERSION = 0x01;
/** The longest name, and the longest password, of RFC 1929. */
const MAX_LENGTH = 255;

const SCHEME = 'basic';

/** Whether the octets of Proxy-Authorization are of the scheme Basic (RFC 9110 section 11.4). */
export function isBasic(authorization: Uint8Array): boolean {
  const scheme = Buffer.from(authorization.subarray(0, SCHEME.length)).toString('latin1');
  const next = authorization[SCHEME.length];
  return scheme.toLowerCase() === SCHEME && (next === undefined || next === 0x20);
}

/**
 * Reads the name and password of Basic (RFC 7617 section 2): Base64 of both, with the first colon
 * between.
 *
 * @param authorization of which {@link isBasic} is true.
 * @returns copies, for who has used them to wipe; of what is malformed, an empty name, which no user
 *   has, and a password that is none.
 */
export function parseBasic(authorization: Uint8Array): Credentials {
  const encoded = Buffer.from(authorization.subarray(SCHEME.length)).toString('latin1').trim();
  const isBase64 = /^[A-Za-z0-9+/]*={0,2}$/.test(encoded);
  const octets = Buffer.from(isBase64 ? encoded : '', 'base64');
  const colon = octets.indexOf(0x3a);
  if (colon < 0) return { user: Buffer.of(), password: octets.length > 0 ? octets : Buffer.of(0) };
  return { user: octets.subarray(0, colon), password: octets.subarray(colon + 1) };
}

/**
 * Writes name and password as a client of RFC 1929 sends them: what checks those checks these. What
 * has no room there is no user's: it is cut to a name that nobody has.
 */
export function encodeCredentials({ user, password }: Credentials): Uint8Array {
  const fits = user.length <= MAX_LENGTH && password.length <= MAX_LENGTH;
  const name = fits ? user : new Uint8Array();
  const word = password.subarray(0, MAX_LENGTH);
  const bytes = new Uint8Array(3 + name.length + word.length);
  bytes[0] = USERPASS_VERSION;
  bytes[1] = name.length;
  bytes.set(name, 2);
  bytes[2 + name.length] = word.length;
  bytes.set(word, 3 + name.length);
  user.fill(0);
  password.fill(0);
  return bytes;
}
