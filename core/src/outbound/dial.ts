import type { CancellationToken } from '../base/cancellation.js';
import { codeOf } from '../base/errors.js';
import { parseIP } from '../protocol/ip.js';
import { type Attempt, connect } from '../transport/connect.js';
import type { Transport } from '../transport/transport.js';
import type { LocalAddressOf } from './from.js';

/** How long one attempt has a head start, ms (RFC 8305 section 5, "Connection Attempt Delay"). */
const ATTEMPT_DELAY = 250;

/** Why no address could be reached, as the system says it: `ECONNREFUSED`, `ETIMEDOUT`, ... */
export class DialError extends Error {
  override readonly name = 'DialError';
  readonly code: string;

  constructor(code: string) {
    super(`cannot connect: ${code}`);
    this.code = code;
  }
}

/** The most telling error first: one address that refuses says more than one without a route. */
const telling = ['ECONNREFUSED', 'ETIMEDOUT', 'EACCES', 'EPERM', 'EHOSTUNREACH', 'ENETUNREACH'];

function mostTelling(codes: readonly string[]): string {
  return telling.find((code) => codes.includes(code)) ?? codes[0] ?? 'EHOSTUNREACH';
}

/** Whether an address can be one host's: multicast and 255.255.255.255 are not. */
function isUnicast(address: string): boolean {
  const octets = parseIP(address);
  if (octets?.length !== 4) return octets?.[0] !== 0xff;
  const [first = 0] = octets;
  return (first < 224 || first > 239) && octets.some((octet) => octet !== 255);
}

/** Orders addresses so that the families take turns (RFC 8305 section 4). */
export function interleaveFamilies(addresses: readonly string[]): string[] {
  if (addresses.length === 1) return [...addresses];
  const isV6 = (address: string) => address.includes(':');
  const first = addresses.filter((address) => isV6(address) === isV6(addresses[0] ?? ''));
  const second = addresses.filter((address) => !first.includes(address));
  const order: string[] = [];
  for (let i = 0; i < Math.max(first.length, second.length); i++) {
    order.push(...first.slice(i, i + 1), ...second.slice(i, i + 1));
  }
  return order;
}

export interface DialOptions {
  /** All attempts together take no longer, ms; as long as it takes, if it is left out. */
  readonly timeout?: number;
  readonly cancellation: CancellationToken;
  /** Chooses the address to leave by; the routes do, if it is left out. */
  readonly from?: LocalAddressOf | undefined;
}

/**
 * Connects to the first of some IP addresses that answers (Happy Eyeballs, RFC 8305): a next
 * address is tried when the one before fails, or has not answered within 250 ms.
 *
 * @param addresses IP addresses in order of preference; nothing else is dialled. Addresses that are
 *   no single host's count as unreachable networks.
 * @returns the connection, paused.
 * @throws {DialError} `ETIMEDOUT` when the time is up, `ECANCELED` when it is cancelled.
 */
export function dial(
  addresses: readonly string[],
  port: number,
  { timeout, cancellation, from }: DialOptions,
): Promise<Transport> {
  return new Promise((resolve, reject) => {
    const waiting = interleaveFamilies(addresses.filter(isUnicast));
    const attempts = new Set<Attempt>();
    const errors: string[] = waiting.length < addresses.length ? ['ENETUNREACH'] : [];
    let nextAttempt: NodeJS.Timeout | undefined;

    const finish = () => {
      clearTimeout(deadline);
      clearTimeout(nextAttempt);
      cancellation.off(cancel);
      for (const other of attempts) other.cancel();
      attempts.clear();
    };
    const fail = (code: string) => {
      finish();
      reject(new DialError(code));
    };
    const cancel = () => fail('ECANCELED');
    const deadline =
      timeout === undefined ? undefined : setTimeout(() => fail('ETIMEDOUT'), timeout);

    const attempt = () => {
      clearTimeout(nextAttempt);
      const host = waiting.shift();
      if (host === undefined) {
        if (attempts.size === 0) fail(mostTelling(errors));
        return;
      }
      let local: string | undefined;
      try {
        local = from?.(host);
      } catch (error) {
        errors.push(codeOf(error) ?? 'EADDRNOTAVAIL');
        attempt();
        return;
      }
      const own = connect(
        { host, port },
        {
          connected: (transport) => {
            attempts.delete(own);
            finish();
            resolve(transport);
          },
          failed: (code) => {
            attempts.delete(own);
            errors.push(code);
            attempt();
          },
        },
        local,
      );
      attempts.add(own);
      if (waiting.length > 0) nextAttempt = setTimeout(attempt, ATTEMPT_DELAY);
    };

    if (cancellation.cancelled) {
      cancel();
      return;
    }
    cancellation.on(cancel);
    // Systems differ about port 0, at which nobody listens.
    if (port === 0) fail('ECONNREFUSED');
    else attempt();
  });
}
