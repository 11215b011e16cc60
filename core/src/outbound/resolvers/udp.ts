import { randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import type { CancellationToken } from '../../base/cancellation.js';
import type { Address } from '../../protocol/address.js';
import { type DnsAnswer, encodeQuery, readAnswer } from '../../protocol/dns.js';
import { failure } from '../nameentry.js';
import type { DnsQuestion, DnsTransport } from './dnsresolver.js';

/** How long each try waits for an answer, ms, and how many there are. */
const TRY_TIME = 2000;
const TRIES = 2;
/** How many datagrams that answer something else are taken for chance rather than forgery. */
const MAX_STRAY = 16;

/** What comes of a try; undefined: nothing, as it seems by chance. */
type Outcome = DnsAnswer | 'stream' | undefined;

/**
 * Asks by datagrams, each query from a port of its own that the system picks, with a random id
 * (RFC 5452). What does not fit, and what somebody seems to forge, is asked for over a stream.
 */
export class UdpTransport implements DnsTransport {
  readonly #findServer: () => Promise<Address>;
  readonly #stream: DnsTransport;

  /** @param stream the same server over TCP. */
  constructor(findServer: () => Promise<Address>, stream: DnsTransport) {
    this.#findServer = findServer;
    this.#stream = stream;
  }

  async ask(question: DnsQuestion, cancellation: CancellationToken): Promise<DnsAnswer> {
    const server = await this.#findServer();
    for (let i = 0; i < TRIES; i++) {
      const outcome = await tryOnce(server, question, cancellation);
      if (outcome === 'stream') return this.#stream.ask(question, cancellation);
      if (outcome !== undefined) return outcome;
    }
    throw new Error(`no answer in ${(TRIES * TRY_TIME) / 1000} s`);
  }

  dispose(): void {
    this.#stream.dispose?.();
  }
}

function tryOnce(
  { host, port }: Address,
  { name, type }: DnsQuestion,
  cancellation: CancellationToken,
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const query = encodeQuery(randomInt(0x1_0000), name, type);
    const socket = openSocket(host);
    let strays = 0;
    let open = true;
    const finish = (settle: () => void) => {
      if (!open) return;
      open = false;
      clearTimeout(timer);
      cancellation.off(cancel);
      socket.close();
      settle();
    };
    const fail = (error: unknown) => finish(() => reject(error));
    const cancel = () => fail(failure('ECANCELED'));
    const timer = setTimeout(() => finish(() => resolve(undefined)), TRY_TIME);
    socket.on('message', (message) => {
      if (!open) return;
      try {
        const answer = readAnswer(message, query);
        if (answer !== undefined) finish(() => resolve(answer.truncated ? 'stream' : answer));
        else if (++strays >= MAX_STRAY) finish(() => resolve('stream'));
      } catch (error) {
        fail(error);
      }
    });
    socket.on('error', fail);
    if (cancellation.cancelled) {
      cancel();
      return;
    }
    cancellation.on(cancel);
    // Connected, it takes nothing from others, and is told that nobody listens.
    socket.on('connect', () => socket.send(query.message));
    socket.connect(port, host);
  });
}

function openSocket(host: string): Socket {
  const ipv6 = host.includes(':');
  return createSocket({
    type: ipv6 ? 'udp6' : 'udp4',
    lookup: (address, _options, callback) => callback(null, address, ipv6 ? 6 : 4),
  });
}
