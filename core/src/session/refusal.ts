import { codeOf } from '../errors.js';
import type { CloseReason } from '../events.js';
import { Reply } from '../protocol/socks5.js';

/** A request that is answered with a failure reply. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly reply: Reply;
  readonly reason: CloseReason;

  /**
   * @param detail in a few words for the log.
   * @param cause the error behind it, if there is one.
   */
  constructor(reply: Reply, reason: CloseReason, detail: string, cause?: unknown) {
    super(detail, { cause });
    this.reply = reply;
    this.reason = reason;
  }
}

/** Replies for the system's errors (RFC 1928 section 6); a connect that timed out is 06. */
const replies: Readonly<Record<string, Reply | undefined>> = {
  ENETUNREACH: Reply.networkUnreachable,
  ENETDOWN: Reply.networkUnreachable,
  EADDRNOTAVAIL: Reply.networkUnreachable,
  EAFNOSUPPORT: Reply.networkUnreachable,
  EHOSTUNREACH: Reply.hostUnreachable,
  EHOSTDOWN: Reply.hostUnreachable,
  ENOTFOUND: Reply.hostUnreachable,
  EAI_AGAIN: Reply.hostUnreachable,
  ECONNREFUSED: Reply.connectionRefused,
  ECONNRESET: Reply.connectionRefused,
  ETIMEDOUT: Reply.ttlExpired,
};

const words: Readonly<Record<string, string | undefined>> = {
  ENETUNREACH: 'network unreachable',
  EHOSTUNREACH: 'host unreachable',
  ENOTFOUND: 'the name does not resolve',
  EAI_AGAIN: 'the name cannot be resolved now',
  ECONNREFUSED: 'connection refused',
  ETIMEDOUT: 'connect timed out',
  EMFILE: 'out of file descriptors',
  ENFILE: 'out of file descriptors',
};

/** The refusal for a destination that could not be reached, by the system's error. */
export function unreachable(error: unknown): Refusal {
  const code = codeOf(error) ?? '';
  const reply = replies[code] ?? Reply.generalFailure;
  const detail = words[code] ?? (code || 'connecting failed');
  return new Refusal(reply, 'unreachable', detail, error);
}
