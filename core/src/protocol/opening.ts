import type { Parsed } from './parser.js';
import { parseRequest4, VERSION4 } from './socks4.js';
import { type Greeting, parseGreeting, type Request } from './socks5.js';

/** A client's first message: the greeting of SOCKS 5, or all that SOCKS 4 has to say. */
export type Opening =
  | { readonly version: 5; readonly greeting: Greeting }
  | { readonly version: 4; readonly request: Request };

/** Reads a client's first message, told apart by its first octet. */
export function parseOpening(bytes: Uint8Array): Parsed<Opening> | undefined {
  if (bytes[0] === VERSION4) {
    const request = parseRequest4(bytes);
    return request && { value: { version: 4, request: request.value }, length: request.length };
  }
  const greeting = parseGreeting(bytes);
  return greeting && { value: { version: 5, greeting: greeting.value }, length: greeting.length };
}
