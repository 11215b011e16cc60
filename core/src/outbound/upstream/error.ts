import { codeOf, messageOf, systemMessage } from '../../base/errors.js';
import { Reply } from '../../protocol/socks5.js';
import { DialError } from '../dial.js';

/**
 * What is wrong with an upstream, or what it says:
 *
 * - `unusable`: it cannot be reached, or does not take us in: nobody can be served through it.
 * - `failed`: it gave no proper answer to a request: another way may do.
 * - `refused`: it answered that it will not, or cannot.
 */
export type UpstreamFault = 'unusable' | 'failed' | 'refused';

export function isUpstreamFault(value: unknown): value is UpstreamFault {
  return value === 'unusable' || value === 'failed' || value === 'refused';
}

const verbs: Readonly<Record<UpstreamFault, string>> = {
  unusable: 'cannot be used',
  failed: 'failed',
  refused: 'answers',
};

export interface UpstreamErrorOptions {
  /** What the client is answered: 01, general failure, if it is left out. */
  readonly reply?: Reply;
  readonly cause?: unknown;
}

/** Why a request could not be served through an upstream. It shows no password. */
export class UpstreamError extends Error {
  override readonly name = 'UpstreamError';
  readonly upstream: string;
  readonly fault: UpstreamFault;
  readonly reply: Reply;

  /**
   * @param upstream its name.
   * @param problem in a few words.
   */
  constructor(
    upstream: string,
    fault: UpstreamFault,
    problem: string,
    { reply = Reply.generalFailure, cause }: UpstreamErrorOptions = {},
  ) {
    super(`upstream ${upstream} ${verbs[fault]}: ${problem}`, { cause });
    this.upstream = upstream;
    this.fault = fault;
    this.reply = reply;
  }
}

/** What the system's errors are called. */
const words: Readonly<Record<string, string | undefined>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  ECONNABORTED: 'connection aborted',
  EPIPE: 'connection reset',
  ETIMEDOUT: 'no answer in time',
  EHOSTUNREACH: 'host unreachable',
  ENETUNREACH: 'network unreachable',
  ENOTFOUND: 'its name does not resolve',
  EAI_AGAIN: 'its name cannot be resolved now',
};

/** Anything that was thrown on the way to an upstream, as a fault of it. */
export function toUpstreamError(
  upstream: string,
  fault: UpstreamFault,
  error: unknown,
): UpstreamError {
  if (error instanceof UpstreamError && error.upstream === upstream) return error;
  const code = codeOf(error);
  const problem = words[code ?? ''] ?? (error instanceof DialError ? code : systemMessage(error));
  // What is late may be the destination: the client learns that the time is up.
  const reply = code === 'ETIMEDOUT' ? Reply.ttlExpired : Reply.generalFailure;
  return new UpstreamError(upstream, fault, problem ?? messageOf(error), { reply, cause: error });
}
