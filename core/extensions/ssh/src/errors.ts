/** Whose fault it is that a request fails, as the server takes it from an extension. */
export type Fault = 'unusable' | 'failed' | 'refused';

/** Why a request could not be served through an SSH server. No secret is in it. */
export class SshError extends Error {
  override readonly name = 'SshError';
  readonly fault: Fault;
  /** The system's, by which the client is answered. */
  readonly code: string | undefined;

  /** Whether the server is there, and it is for people to mend. */
  isLogin = false;

  constructor(fault: Fault, problem: string, code?: string, cause?: unknown) {
    super(problem, { cause });
    this.fault = fault;
    this.code = code;
  }

  /** The error for a server that is there, and that one does not log in at. */
  static login(problem: string): SshError {
    const error = new SshError('unusable', problem);
    error.isLogin = true;
    return error;
  }
}

/** Why a channel was not opened (RFC 4254 section 5.1). */
const reasons: Readonly<Record<number, readonly [words: string, code: string] | undefined>> = {
  1: ['it does not allow that', 'EACCES'],
  2: ['it cannot connect', 'EHOSTUNREACH'],
  3: ['it does not forward connections', 'EACCES'],
  4: ['it is short of resources', 'EAGAIN'],
};

/** What OpenSSH says of a connection that it could not make: strerror(3), gai_strerror(3). */
const descriptions: readonly (readonly [pattern: RegExp, code: string])[] = [
  [/refused/i, 'ECONNREFUSED'],
  [/network is (unreachable|down)/i, 'ENETUNREACH'],
  [/no route to host|host is (unreachable|down)/i, 'EHOSTUNREACH'],
  [/timed out/i, 'ETIMEDOUT'],
  [/temporary failure in name resolution/i, 'EAI_AGAIN'],
  [/not known|no address associated|nodename nor servname|name resolution/i, 'ENOTFOUND'],
];

/** A channel that was not opened, as the client is told. */
export function refusalOf(error: Error & { reason?: unknown }): SshError {
  const { reason } = error;
  const known = typeof reason === 'number' ? reasons[reason] : undefined;
  if (known === undefined) return new SshError('failed', 'it opens no channel', undefined, error);
  const [words, code] = known;
  const said = error.message.replace(/^\(SSH\) Channel open failure: ?/, '').trim();
  const found = reason === 2 ? descriptions.find(([pattern]) => pattern.test(said)) : undefined;
  // What a stranger says goes into a log.
  const shown = said.replace(/[^\x20-\x7e]/g, '?').slice(0, 200);
  return new SshError('refused', shown === '' ? words : `${words}: ${shown}`, found?.[1] ?? code);
}
