import type { Authenticated, AuthenticationMethod } from '../../auth/method.js';
import { AddressTypeError, DomainError } from '../../protocol/address.js';
import { type Parser, ProtocolError } from '../../protocol/parser.js';
import {
  encodeMethod,
  encodeReply,
  type Greeting,
  Method,
  parseGreeting,
  parseRequest,
  Reply,
  type Request,
  VERSION,
} from '../../protocol/socks5.js';
import type { Dialect, Dialogue, Identification } from '../dialect.js';
import { AuthenticationRefusal, Refusal } from '../refusal.js';

/** SOCKS 5 (RFC 1928). */
export const socks5: Dialect = {
  id: 'socks5',
  recognizes: ([first]) => (first === undefined ? undefined : first === VERSION),
  identify,
  readRequest,
  encode: encodeReply,
};

/** Method selection and the method's subnegotiation (RFC 1928 section 3). */
async function identify(dialogue: Dialogue, by: Identification): Promise<Authenticated> {
  const greeting = await dialogue.read(parseGreeting);
  const method = chooseMethod(greeting, by);
  dialogue.write(encodeMethod(method?.code ?? Method.noAcceptable));
  if (method === undefined) throw noAcceptableMethod(greeting);
  by.chose(method.id);
  const exchange = {
    ...by.authentication,
    client: by.client,
    read: <T>(parse: Parser<T>) => dialogue.read(parse),
    write: (bytes: Uint8Array) => dialogue.write(bytes),
  };
  const result = await method.authenticate(exchange).catch((error: unknown) => {
    if (error instanceof ProtocolError && method.refusal) dialogue.write(method.refusal);
    throw error;
  });
  if (by.identity !== undefined) return by.identity;
  if (!('failure' in result)) return result;
  throw new AuthenticationRefusal(method.id, result);
}

/**
 * The strongest method that the client offers and that is available; of whom it is known who it is,
 * none but the one that asks for nothing.
 */
function chooseMethod(
  { methods: offered }: Greeting,
  { methods, authentication, identity }: Identification,
): AuthenticationMethod | undefined {
  let chosen: AuthenticationMethod | undefined;
  for (const method of methods) {
    if (method.strength <= (chosen?.strength ?? -1)) continue;
    const isAvailable =
      identity === undefined ? method.available(authentication) : method.code === Method.none;
    if (offered.includes(method.code) && isAvailable) chosen = method;
  }
  return chosen;
}

function noAcceptableMethod({ methods }: Greeting): Refusal {
  const list = [...methods].map((code) => `0x${code.toString(16).padStart(2, '0')}`).join(' ');
  const diagnosis = { code: 'no-common-method', offered: [...methods] } as const;
  return new Refusal('no-acceptable-method', `the client offers ${list || 'none'}`, { diagnosis });
}

/** Who has got as far as a request gets a reply to it, whatever it is (RFC 1928 section 6). */
async function readRequest(dialogue: Dialogue): Promise<Request> {
  try {
    return await dialogue.read(parseRequest);
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause;
    const { message } = cause;
    if (cause instanceof AddressTypeError) {
      throw new Refusal('unsupported', message, { reply: Reply.addressTypeNotSupported, cause });
    }
    const reply = cause instanceof DomainError ? Reply.hostUnreachable : Reply.generalFailure;
    throw new Refusal('protocol-error', message, { reply, cause });
  }
}
