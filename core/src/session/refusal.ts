import type { AuthenticationFailure } from '../auth/identity.js';
import { codeOf, messageOf, UnavailableError } from '../base/errors.js';
import type { CloseReason, Diagnosis } from '../log/events.js';
import { DialError } from '../outbound/dial.js';
import { LookupError } from '../outbound/lookup.js';
import { familyName, familyOf, type Preference } from '../outbound/prefer.js';
import { UpstreamError } from '../outbound/upstream/error.js';
import { OriginFormError } from '../protocol/httprequest.js';
import { ProtocolError } from '../protocol/parser.js';
import { NotSocksError, Reply } from '../protocol/socks5.js';

export interface RefusalOptions {
  /** How the client is answered; nothing is said if it is left out. */
  readonly reply?: Reply;
  /** The error behind it. */
  readonly cause?: unknown;
  /** What the client got wrong, where a machine can tell. */
  readonly diagnosis?: Diagnosis;
}

/** Why a client is not served: thrown by any stage, told and answered in one place. */
export class Refusal extends Error {
  override readonly name: string = 'Refusal';
  readonly reason: CloseReason;
  readonly reply: Reply | undefined;
  readonly diagnosis: Diagnosis | undefined;

  /** @param detail in a few words for the log. */
  constructor(reason: CloseReason, detail: string, options: RefusalOptions = {}) {
    const { reply, cause, diagnosis } = options;
    super(detail, { cause });
    this.reason = reason;
    this.reply = reply;
    this.diagnosis = diagnosis ?? diagnose(cause);
  }
}

function diagnose(cause: unknown): Diagnosis | undefined {
  if (cause instanceof NotSocksError) return { code: 'not-socks', octet: cause.octet };
  return cause instanceof OriginFormError ? { code: 'http-origin' } : undefined;
}

/** A client that did not prove who it is; its method has told it. */
export class AuthenticationRefusal extends Refusal {
  override readonly name = 'AuthenticationRefusal';
  readonly method: string;
  /** The name it gave, if it gave one. */
  readonly user: string | undefined;
  /** Whether it was told that it may try again on the same connection. */
  readonly goesOn: boolean;
  /** What was wrong with the login, where a machine can tell. */
  readonly login: Pick<AuthenticationFailure, 'code' | 'lockout'>;

  constructor(method: string, failed: AuthenticationFailure, goesOn = false) {
    const { user, failure, code, lockout } = failed;
    super('authentication-failed', failure);
    this.method = method;
    this.user = user;
    this.goesOn = goesOn;
    this.login = { ...(code && { code }), ...(lockout && { lockout }) };
  }
}

/** The refusal of what a rule or another policy denies. @param by what does. */
export function notAllowed(by: string): Refusal {
  return new Refusal('not-allowed', by, { reply: Reply.notAllowed });
}

/** The refusal of one more than a limit allows. */
export function tooMany(what: string): Refusal {
  return new Refusal('too-many-connections', `too many ${what}`, { reply: Reply.notAllowed });
}

/**
 * What the system's errors are answered with (RFC 1928 section 6), and are called in the log; a
 * connect that timed out is 06.
 */
const answers: Readonly<Record<string, readonly [reply: Reply, words: string] | undefined>> = {
  ENETUNREACH: [Reply.networkUnreachable, 'network unreachable'],
  ENETDOWN: [Reply.networkUnreachable, 'the network is down'],
  ENONET: [Reply.networkUnreachable, 'this machine is not on the network'],
  EADDRNOTAVAIL: [Reply.networkUnreachable, 'no address to connect from'],
  EAFNOSUPPORT: [Reply.networkUnreachable, 'this machine does not have the address family'],
  EPROTONOSUPPORT: [Reply.networkUnreachable, 'this machine does not have the address family'],
  EINVAL: [Reply.networkUnreachable, 'no connection can be made to this address'],
  EHOSTUNREACH: [Reply.hostUnreachable, 'host unreachable'],
  EHOSTDOWN: [Reply.hostUnreachable, 'the host is down'],
  ENOTFOUND: [Reply.hostUnreachable, 'the name does not resolve'],
  EAI_AGAIN: [Reply.hostUnreachable, 'the name cannot be resolved now'],
  ECONNREFUSED: [Reply.connectionRefused, 'connection refused'],
  ECONNRESET: [Reply.connectionRefused, 'connection reset'],
  ECONNABORTED: [Reply.connectionRefused, 'connection aborted'],
  ETIMEDOUT: [Reply.ttlExpired, 'connect timed out'],
  EACCES: [Reply.notAllowed, 'the system does not allow it'],
  EPERM: [Reply.notAllowed, 'the system does not allow it'],
  EADDRINUSE: [Reply.generalFailure, 'no local port is free to connect from'],
  EMFILE: [Reply.generalFailure, 'out of file descriptors'],
  ENFILE: [Reply.generalFailure, 'out of file descriptors'],
};

/** What the system's error is called in the log, where it is a usual one. */
export function wordsOf(error: unknown): string | undefined {
  return answers[codeOf(error) ?? '']?.[1];
}

/** Whether a message is only another form of a code: the system's errors, and those of dialling. */
function saysOnlyItsCode(error: unknown): boolean {
  return error instanceof DialError || (error instanceof Error && 'syscall' in error);
}

/**
 * The refusal for a destination that could not be reached: the reply by the system's code, the
 * detail in the words of who tried, where they say more than the code.
 */
export function unreachable(error: unknown): Refusal {
  if (error instanceof UpstreamError) {
    return new Refusal('unreachable', error.message, {
      reply: error.reply,
      cause: error.cause ?? error,
    });
  }
  const code = codeOf(error) ?? '';
  const [reply, words] = answers[code] ?? [Reply.generalFailure, code];
  const own = saysOnlyItsCode(error) ? '' : messageOf(error);
  return new Refusal('unreachable', own || words || 'connecting failed', { reply, cause: error });
}

/** The refusal of an IP address whose family is not served. */
export function otherFamily(address: string, prefer: Preference | undefined): Refusal {
  const detail = `${familyName(familyOf(address))} is not used: prefer is ${prefer}`;
  return new Refusal('unsupported', detail, { reply: Reply.addressTypeNotSupported });
}

/** The refusal for a name that has no address to be judged by, whatever the resolver says. */
export function unresolved(error: unknown): Refusal {
  const code = codeOf(error);
  const words =
    code === 'ETIMEDOUT' ? 'the name was not resolved in time' : answers[code ?? '']?.[1];
  const own = error instanceof LookupError ? error.message : words;
  const reply = Reply.hostUnreachable;
  return new Refusal('unreachable', own ?? messageOf(error), { reply, cause: error });
}

/** Any error as a refusal. @param asked whether the client waits for the answer to a request. */
export function toRefusal(error: unknown, asked: boolean): Refusal {
  if (error instanceof Refusal) return error;
  const detail = messageOf(error);
  if (error instanceof ProtocolError)
    return new Refusal('protocol-error', detail, { cause: error });
  const answer = asked ? { reply: Reply.generalFailure } : {};
  const reason = error instanceof UnavailableError ? 'unavailable' : 'internal-error';
  return new Refusal(reason, detail, { ...answer, cause: error });
}
