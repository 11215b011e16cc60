import { Cancellation } from '../base/cancellation.js';
import { monotonic } from '../base/clock.js';
import { messageOf, UserError } from '../base/errors.js';
import { DEFAULT_LISTENER } from '../config/listeners.js';
import { connectThrough, type Outbound } from '../outbound/outbound.js';
import { UpstreamError } from '../outbound/upstream/error.js';

/** Where an upstream is asked to connect to: any answer will do, and nobody is troubled by it. */
const DESTINATION = { host: '127.0.0.1', port: 1 };

/** How long an answer is waited for, ms. */
const PATIENCE = 15_000;

/**
 * Tries a way out: whether it can be reached, lets this server in, and answers a request. What it
 * answers does not matter: the destination is the upstream's own host.
 *
 * @returns how long that took, ms.
 * @throws {UserError} why there was no answer.
 */
export async function probe(way: Outbound): Promise<number> {
  const begun = monotonic();
  const request = {
    destination: DESTINATION,
    command: 'connect',
    client: { host: DESTINATION.host, port: 0 },
    listener: DEFAULT_LISTENER,
    user: undefined,
    group: undefined,
  } as const;
  const addresses = way.resolves ? undefined : [DESTINATION.host];
  const patience = { timeout: PATIENCE, cancellation: new Cancellation() };
  try {
    (await connectThrough(way, request, addresses, patience)).abort();
  } catch (error) {
    const isAnswer = error instanceof UpstreamError && error.fault === 'refused';
    if (!isAnswer) throw new UserError(messageOf(error), { cause: error });
  }
  return monotonic() - begun;
}
