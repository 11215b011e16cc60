import { createHmac } from 'node:crypto';
import { type Parsed, ProtocolError } from './parser.js';

/** VER of every CHAP message (draft-ietf-aft-socks-chap-01). */
const VERSION = 0x01;

/** ATTRIBUTE of one value in a message. */
export const Attribute = {
  status: 0x00,
  textMessage: 0x01,
  userIdentity: 0x02,
  challenge: 0x03,
  response: 0x04,
  charset: 0x05,
  identifier: 0x10,
  algorithms: 0x11,
} as const;

/** HMAC-MD5, the one algorithm that is used. */
export const HMAC_MD5 = 0x85;

/** Values by their ATTRIBUTE; of one that is given twice, the last. */
export type Attributes = ReadonlyMap<number, Uint8Array>;

/**
 * Reads a message, the same both ways:
 *
 *     +-----+-------+-----------+--------+----------+
 *     | VER | NAVAS | ATTRIBUTE | LENGTH |  VALUE   | ...
 *     +-----+-------+-----------+--------+----------+
 *     |  1  |   1   |     1     |   1    | 0 to 255 |
 *     +-----+-------+-----------+--------+----------+
 */
export function parseChap(bytes: Uint8Array): Parsed<Attributes> | undefined {
  const [version, count] = bytes;
  if (version !== undefined && version !== VERSION) {
    throw new ProtocolError(`unknown CHAP version ${version}`);
  }
  if (count === undefined) return undefined;
  let length = 2;
  const attributes = new Map<number, Uint8Array>();
  for (let i = 0; i < count; i++) {
    const attribute = bytes[length];
    const size = bytes[length + 1];
    if (attribute === undefined || size === undefined) return undefined;
    const end = length + 2 + size;
    if (bytes.length < end) return undefined;
    attributes.set(attribute, Uint8Array.from(bytes.subarray(length + 2, end)));
    length = end;
  }
  return { value: attributes, length };
}

/**
 * Writes a message.
 *
 * @throws {RangeError} if a value is longer than 255 octets.
 */
export function encodeChap(...attributes: readonly (readonly [number, Uint8Array])[]): Uint8Array {
  const parts = attributes.map(([attribute, value]) => {
    if (value.length > 255) throw new RangeError('value longer than 255 octets');
    return Uint8Array.of(attribute, value.length, ...value);
  });
  return Buffer.concat([Uint8Array.of(VERSION, attributes.length), ...parts]);
}

/** The RESPONSE to a CHALLENGE: HMAC-MD5 of it under the plain secret. */
export function chapResponse(secret: Uint8Array, challenge: Uint8Array): Uint8Array {
  return createHmac('md5', secret).update(challenge).digest();
}

/** Whether a STATUS says success: all its octets are zero. */
export function isSuccess(status: Uint8Array | undefined): boolean {
  return status?.every((octet) => octet === 0) ?? false;
}
