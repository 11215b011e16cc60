import type { Authentication, AuthenticationMethod, Identity } from '../auth/method.js';
import type { CloseReason } from '../events.js';
import { type Address, AddressTypeError, DomainError } from '../protocol/address.js';
import { type Opening, parseOpening } from '../protocol/opening.js';
import { type Parser, ProtocolError } from '../protocol/parser.js';
import { encodeReply4 } from '../protocol/socks4.js';
import {
  Command,
  encodeMethod,
  encodeReply,
  type Greeting,
  Method,
  parseRequest,
  Reply,
  type Request,
} from '../protocol/socks5.js';
import type { ClientStream } from './clientstream.js';
import { Refusal } from './refusal.js';

/** How clients can get as far as a request. */
export interface NegotiationHost {
  readonly methods: Iterable<AuthenticationMethod>;
  readonly authentication: Authentication;
  /** Whether clients may speak SOCKS 4 where anonymous access is allowed. */
  readonly socks4: boolean;
}

/** Told what comes out while a client negotiates. */
export interface NegotiationListener {
  /** How replies are written from now on. */
  speaks(encode: (reply: Reply, bound?: Address) => Uint8Array): void;
  /** @param method such as `userpass`; `socks4` for what SOCKS 4 has instead. */
  chose(method: string): void;
  authenticated(method: string, identity: Identity): void;
  failed(method: string, user: string | undefined, detail: string): void;
}

/** A client that is turned away without a reply of RFC 1928. */
export class Rejection extends Error {
  override readonly name = 'Rejection';
  readonly reason: CloseReason;

  constructor(reason: CloseReason, detail: string) {
    super(detail);
    this.reason = reason;
  }
}

/**
 * All that comes before a command: version, method, authentication, request.
 *
 * @param client the client's IP address.
 * @throws {Rejection}, {Refusal}, {ProtocolError} or {ClientLeft} if the client does not get there.
 */
export async function negotiate(
  stream: ClientStream,
  client: string,
  host: NegotiationHost,
  listener: NegotiationListener,
): Promise<Request> {
  const opening = await readOpening(stream, listener);
  if (opening.version === 4) {
    listener.speaks(encodeReply4);
    listener.chose('socks4');
    demandSocks4(host, opening.request);
    listener.authenticated('socks4', { user: undefined, group: undefined });
    return opening.request;
  }
  listener.speaks(encodeReply);
  const method = chooseMethod(opening.greeting, host);
  stream.write(encodeMethod(method?.code ?? Method.noAcceptable));
  if (method === undefined) throw noAcceptableMethod(opening.greeting);
  listener.chose(method.id);
  const exchange = {
    ...host.authentication,
    client,
    read: <T>(parse: Parser<T>) => stream.read(parse),
    write: (bytes: Uint8Array) => stream.write(bytes),
  };
  const result = await method.authenticate(exchange).catch((error: unknown) => {
    if (error instanceof ProtocolError && method.refusal) stream.write(method.refusal);
    throw error;
  });
  if ('failure' in result) {
    listener.failed(method.id, result.user, result.failure);
    throw new Rejection('authentication-failed', result.failure);
  }
  listener.authenticated(method.id, result);
  return readRequest(stream);
}

/** SOCKS 4 has no password: it is for anonymous clients only. */
function demandSocks4({ socks4, authentication }: NegotiationHost, { command }: Request): void {
  if (!socks4) throw new Refusal(Reply.notAllowed, 'unsupported', 'SOCKS 4 is switched off');
  if (!authentication.anonymous) {
    throw new Refusal(Reply.notAllowed, 'no-acceptable-method', 'SOCKS 4 cannot authenticate');
  }
  if (command !== Command.connect && command !== Command.bind) {
    throw new Refusal(Reply.commandNotSupported, 'unsupported', `command ${command} of SOCKS 4`);
  }
}

/** The strongest method that the client offers and that is available. */
function chooseMethod(
  { methods: offered }: Greeting,
  { methods, authentication }: NegotiationHost,
): AuthenticationMethod | undefined {
  let chosen: AuthenticationMethod | undefined;
  for (const method of methods) {
    if (method.strength <= (chosen?.strength ?? -1)) continue;
    if (offered.includes(method.code) && method.available(authentication)) chosen = method;
  }
  return chosen;
}

function noAcceptableMethod({ methods }: Greeting): Rejection {
  const list = [...methods].map((code) => `0x${code.toString(16).padStart(2, '0')}`).join(' ');
  return new Rejection('no-acceptable-method', `the client offers ${list || 'none'}`);
}

/** Only a request of SOCKS 4a has a domain this early. */
async function readOpening(stream: ClientStream, listener: NegotiationListener): Promise<Opening> {
  try {
    return await stream.read(parseOpening);
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    listener.speaks(encodeReply4);
    listener.chose('socks4');
    throw new Refusal(Reply.hostUnreachable, 'protocol-error', error.message);
  }
}

/** Who has got as far as a request gets a reply to it, whatever it is (RFC 1928 section 6). */
async function readRequest(stream: ClientStream): Promise<Request> {
  try {
    return await stream.read(parseRequest);
  } catch (error) {
    if (error instanceof AddressTypeError) {
      throw new Refusal(Reply.addressTypeNotSupported, 'unsupported', error.message);
    }
    if (!(error instanceof ProtocolError)) throw error;
    const reply = error instanceof DomainError ? Reply.hostUnreachable : Reply.generalFailure;
    throw new Refusal(reply, 'protocol-error', error.message);
  }
}
