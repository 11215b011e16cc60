import type { Transport } from '../../transport/transport.js';
import { type AllowedRequest, Attempt, type UpstreamServer } from '../outbound.js';
import { toUpstreamError, UpstreamError } from './error.js';
import { Handshake } from './handshake.js';

/** What part of its time a request has at most until an upstream has let us in. */
const PART = 0.9;

/** The upstream of an outbound that works through one only. */
export function demandUpstream(upstream: UpstreamServer | undefined): UpstreamServer {
  if (upstream === undefined) throw new Error('there is no upstream to go through');
  return upstream;
}

/**
 * Connects to an upstream and logs in, in its time.
 *
 * @param login says what there is to say before a request.
 * @throws {UpstreamError} `unusable`: nobody can be served through it.
 */
export async function reach(
  upstream: UpstreamServer,
  request: AllowedRequest,
  login: (handshake: Handshake) => Promise<void> = async () => {},
): Promise<Handshake> {
  const { name } = upstream;
  const timeout = Math.min(upstream.timeout, request.timeout * PART);
  const attempt = new Attempt(request, undefined, timeout);
  const cancel = () => attempt.cancellation.cancel();
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    cancel();
  }, timeout);
  request.cancellation.on(cancel);
  if (request.cancellation.cancelled) cancel();
  let handshake: Handshake | undefined;
  try {
    handshake = new Handshake(await upstream.open(attempt), attempt.cancellation);
    await login(handshake);
    return handshake;
  } catch (error) {
    handshake?.abort();
    const cause = late ? Object.assign(new Error('late'), { code: 'ETIMEDOUT' }) : error;
    throw toUpstreamError(name, 'unusable', cause);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Connects to an upstream, in its time.
 *
 * @returns the connection, paused.
 * @throws {UpstreamError} `unusable`.
 */
export async function open(upstream: UpstreamServer, request: AllowedRequest): Promise<Transport> {
  const handshake = await reach(upstream, request);
  return handshake.release();
}

/**
 * Does what comes behind the login: what goes wrong there is no proof that an upstream is of no use
 * to others.
 *
 * @throws {UpstreamError}
 */
export async function ask<T>(
  { name }: UpstreamServer,
  handshake: Handshake,
  conversation: () => Promise<T>,
): Promise<T> {
  try {
    return await conversation();
  } catch (error) {
    handshake.abort();
    throw error instanceof UpstreamError ? error : toUpstreamError(name, 'failed', error);
  }
}
