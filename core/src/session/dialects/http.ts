import { createHash } from 'node:crypto';
import type { AuthenticationMethod, Identity } from '../../auth/method.js';
import type { Address } from '../../protocol/address.js';
import { encodeCredentials, isBasic, parseBasic } from '../../protocol/httpbasic.js';
import { maxForwards, type RequestHead, requestHeadParser } from '../../protocol/httprequest.js';
import { encodeConnected } from '../../protocol/httpresponse.js';
import type { Parsed, Parser } from '../../protocol/parser.js';
import { Command, Reply } from '../../protocol/socks5.js';
import { Forwarder } from '../../relay/forwarder.js';
import type { Transport } from '../../transport/transport.js';
import { ClientLeft } from '../conversation.js';
import type {
  Dialect,
  DialectRequest,
  Dialogue,
  Identification,
  Relaying,
  RelayOptions,
} from '../dialect.js';
import { AuthenticationRefusal, Refusal } from '../refusal.js';
import { challenge, encodeRefusal } from './httpanswers.js';

/** How often a client is asked for name and password before its connection ends. */
const MAX_ASKED = 4;
/** A body that is no longer than this is read over to keep the connection, bytes. */
const MAX_SKIPPED = 16 * 1024;

/** What an SSH client says first, which is no method of HTTP. */
const SSH = Buffer.from('SSH-');

/**
 * HTTP as a proxy speaks it (RFC 9110 section 3.7): CONNECT, and requests for http:// addresses,
 * which are forwarded. A method begins with a capital letter, and no other dialect does.
 */
export const http: Dialect = {
  id: 'http',
  recognizes,
  identify,
  readRequest,
  encode: (reply) =>
    reply === Reply.succeeded
      ? encodeConnected()
      : (encodeRefusal(new Refusal('unreachable', '', { reply })) as Uint8Array),
  encodeRefusal: (refusal, request) =>
    encodeRefusal(refusal, request instanceof HttpRequest ? request.head : undefined),
};

function recognizes(octets: Uint8Array): boolean | undefined {
  const [first] = octets;
  if (first === undefined) return undefined;
  if (first < 0x41 || first > 0x5a) return false;
  if (first !== SSH[0]) return true;
  const isDifferent = octets.subarray(0, SSH.length).some((octet, i) => octet !== SSH[i]);
  if (isDifferent) return true;
  return octets.length < SSH.length ? undefined : false;
}

/**
 * Who a client is: by Proxy-Authorization (RFC 9110 section 11.7) of the request, which is read once
 * more as such. A client that has to log in and does not is asked to, on the same connection.
 */
async function identify(dialogue: Dialogue, by: Identification): Promise<Identity> {
  if (!by.http) throw switchedOff();
  if (by.identity !== undefined) return by.identity;
  const { authentication, methods } = by;
  const method = [...methods].find((one) => one.id === 'userpass');
  const canLogIn = method?.available(authentication) ?? false;
  for (let asked = 0; ; asked++) {
    const head = await dialogue.peek(requestHeadParser()).catch((error: unknown) => {
      if (asked > 0 && error instanceof ClientLeft) throw notLoggedIn();
      throw error;
    });
    const { authorization } = head;
    try {
      const isTried = canLogIn && authorization !== undefined && isBasic(authorization);
      if (isTried)
        return await logIn(dialogue, by, method as AuthenticationMethod, head, authorization);
    } finally {
      authorization?.fill(0);
    }
    if (authentication.anonymous) {
      by.chose('none');
      return { user: undefined, group: undefined };
    }
    const goesOn = canGoOn(head) && asked < MAX_ASKED;
    if (goesOn) await dialogue.read(wholeRequestParser());
    dialogue.write(challenge(head, goesOn));
    if (!goesOn) throw notLoggedIn();
  }
}

/** Checks name and password as RFC 1929's would be (RFC 7617 section 2). */
async function logIn(
  dialogue: Dialogue,
  by: Identification,
  method: AuthenticationMethod,
  head: RequestHead,
  authorization: Uint8Array,
): Promise<Identity> {
  by.chose('basic');
  const message = encodeCredentials(parseBasic(authorization));
  try {
    const result = await method.authenticate({
      ...by.authentication,
      client: by.client,
      read: <T>(parse: Parser<T>) => Promise.resolve((parse(message) as Parsed<T>).value),
      write() {},
    });
    if (!('failure' in result)) return result;
    const goesOn = canGoOn(head);
    if (goesOn) await dialogue.read(wholeRequestParser());
    dialogue.write(challenge(head, goesOn));
    throw new AuthenticationRefusal('basic', result, goesOn);
  } finally {
    message.fill(0);
  }
}

/** Whether a request can be read over, and another one be expected behind it. */
function canGoOn({ method, framing, persistent, expectsContinue }: RequestHead): boolean {
  if (!persistent || expectsContinue) return false;
  if (method === 'CONNECT' || framing.kind === 'none') return true;
  return framing.kind === 'length' && framing.length <= MAX_SKIPPED;
}

/** Makes a reader of a request and its body, if {@link canGoOn} says that it can be read over. */
function wholeRequestParser(): Parser<undefined> {
  const parse = requestHeadParser();
  let head: Parsed<RequestHead> | undefined;
  return (bytes) => {
    head ??= parse(bytes);
    if (head === undefined) return undefined;
    const { framing, authorization } = head.value;
    authorization?.fill(0);
    const length = head.length + (framing.kind === 'length' ? framing.length : 0);
    if (bytes.length < length) return undefined;
    bytes.fill(0, 0, length);
    return { value: undefined, length };
  };
}

function notLoggedIn(): Refusal {
  return new Refusal('no-acceptable-method', 'the client sent no name and password');
}

function switchedOff(): Refusal {
  return new Refusal('unsupported', 'HTTP is switched off', { diagnosis: { code: 'http-off' } });
}

/** Makes a reader of a request's head that leaves nothing of it behind. */
function takenHeadParser(): Parser<RequestHead> {
  const parse = requestHeadParser();
  return (bytes) => {
    const parsed = parse(bytes);
    // All of it has been copied; it may hold a password.
    if (parsed !== undefined) bytes.fill(0, 0, parsed.length);
    return parsed;
  };
}

async function readRequest(dialogue: Dialogue): Promise<DialectRequest> {
  const head = await dialogue.read(takenHeadParser());
  const login = loginOf(head);
  if (head.method === 'CONNECT') return new HttpRequest(head);
  if (maxForwards(head) === 0) throw notForwarded();
  return new ForwardedRequest(head, login);
}

function notForwarded(): Refusal {
  const reply = Reply.commandNotSupported;
  return new Refusal('unsupported', 'the request may not be forwarded any further', { reply });
}

/** Tells logins apart without telling them; what it is made of is wiped. */
function loginOf({ authorization }: RequestHead): string {
  if (authorization === undefined) return '';
  const digest = createHash('sha256').update(authorization).digest('base64');
  authorization.fill(0);
  return digest;
}

/** CONNECT. */
class HttpRequest implements DialectRequest {
  readonly command = Command.connect;
  readonly head: RequestHead;

  constructor(head: RequestHead) {
    this.head = head;
  }

  get destination(): Address {
    return this.head.destination;
  }
}

/** A request that is forwarded, and those after it that go to the same host. */
class ForwardedRequest extends HttpRequest {
  readonly #login: string;

  /** @param login of the client, as {@link loginOf} has it. */
  constructor(head: RequestHead, login: string) {
    super(head);
    this.#login = login;
  }

  relay(
    client: Transport,
    remote: Transport,
    { traffic, throttles, handshakeTimeout: headTimeout }: RelayOptions,
  ): Relaying {
    const isSame = follows(this.destination, this.#login);
    const forwarder = new Forwarder(client, remote, { isSame, traffic, throttles, headTimeout });
    const end = forwarder.run(this.head);
    return {
      end,
      get resting() {
        return forwarder.resting;
      },
    };
  }
}

/**
 * Tells which requests may follow on a connection to a destination: those to the same one, of the
 * same login.
 */
function follows({ host, port }: Address, login: string): (request: RequestHead) => boolean {
  return (request) => {
    const isSameLogin = loginOf(request) === login;
    const { destination, method } = request;
    const isThere = destination.host === host && destination.port === port;
    return isSameLogin && isThere && method !== 'CONNECT' && maxForwards(request) !== 0;
  };
}
