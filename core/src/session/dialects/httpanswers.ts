import { codeOf } from '../../base/errors.js';
import { DomainError, formatAddress } from '../../protocol/address.js';
import { HttpError } from '../../protocol/httphead.js';
import { OriginFormError, type RequestHead } from '../../protocol/httprequest.js';
import { encodeAnswer, Status } from '../../protocol/httpresponse.js';
import { Reply } from '../../protocol/socks5.js';
import { AuthenticationRefusal, type Refusal, wordsOf } from '../refusal.js';

/** How clients are asked for name and password (RFC 7617 section 2). */
const CHALLENGE = {
  name: 'Proxy-Authenticate',
  value: 'Basic realm="PicoSOCKS5", charset="UTF-8"',
};

const ASKED = 'This proxy wants a user name and a password';

/**
 * The answer that asks a client to log in.
 *
 * @param goesOn whether its next request may come on the same connection.
 */
export function challenge({ method }: RequestHead, goesOn: boolean): Uint8Array {
  return encodeAnswer({
    status: Status.proxyAuthenticationRequired,
    words: ASKED,
    persistent: goesOn,
    headOnly: method === 'HEAD',
    fields: [CHALLENGE],
  });
}

/** What the server's errors, which no client is to blame for, are told as. */
const OUT_OF_FILES: ReadonlySet<string | undefined> = new Set(['EMFILE', 'ENFILE']);

/**
 * The answer to a request that is refused: the status, and in a sentence why. It tells nothing of
 * the rules.
 *
 * @param head of the request, if it could be read.
 * @returns undefined if the client was told already.
 */
export function encodeRefusal(refusal: Refusal, head?: RequestHead): Uint8Array | undefined {
  if (refusal instanceof AuthenticationRefusal) return undefined;
  if (refusal.reason === 'no-acceptable-method') return undefined;
  const [status, words] = answerTo(refusal, head);
  const fields =
    status === Status.methodNotAllowed
      ? [{ name: 'Allow', value: 'CONNECT, DELETE, GET, HEAD, PATCH, POST, PUT' }]
      : [];
  return encodeAnswer({ status, words, headOnly: head?.method === 'HEAD', fields });
}

function answerTo(
  refusal: Refusal,
  head: RequestHead | undefined,
): [status: number, words: string] {
  const { reason, reply, cause, diagnosis } = refusal;
  const where = head === undefined ? 'the destination' : formatAddress(head.destination);
  switch (reason) {
    case 'protocol-error':
      return [cause instanceof HttpError ? cause.status : Status.badRequest, faultOf(cause)];
    case 'not-allowed':
      return [Status.forbidden, `This proxy does not allow ${where}`];
    case 'quota-exceeded':
      return [Status.forbidden, 'The allowance for this proxy is used up'];
    case 'too-many-connections':
      return [Status.unavailable, 'There are too many connections to this proxy'];
    case 'unavailable':
      return [Status.unavailable, 'This proxy serves nobody at present'];
    case 'unsupported':
      if (diagnosis?.code === 'http-off') {
        return [Status.forbidden, 'This proxy serves SOCKS; HTTP is switched off'];
      }
      return reply === Reply.commandNotSupported
        ? [Status.methodNotAllowed, 'The request may not be forwarded any further']
        : [Status.badGateway, `This proxy does not connect to addresses such as that of ${where}`];
    case 'unreachable': {
      const code = codeOf(cause);
      if (OUT_OF_FILES.has(code)) return [Status.unavailable, 'This proxy is too busy'];
      const isLate = reply === Reply.ttlExpired || code === 'ETIMEDOUT';
      const status = isLate ? Status.gatewayTimeout : Status.badGateway;
      return [status, `Cannot connect to ${where}: ${wordsOf(cause) ?? 'it cannot be reached'}`];
    }
    default:
      return [Status.internalError, 'This proxy has failed'];
  }
}

/** What is wrong with a request, for who made it. */
function faultOf(cause: unknown): string {
  if (cause instanceof OriginFormError) {
    return (
      'This is a proxy, not a web site. Programs send their requests through it once its address ' +
      'is in their proxy settings, as an HTTP or as a SOCKS5 proxy'
    );
  }
  const isKnown = cause instanceof HttpError || cause instanceof DomainError;
  return `Bad request: ${isKnown ? cause.message : 'it is malformed'}`;
}
