import { Cancellation, type CancellationToken } from '../../base/cancellation.js';
import { type AddressRecord, type DnsAnswer, isHostName, RecordType } from '../../protocol/dns.js';
import { askFamilies } from '../families.js';
import { LookupError, type NameAnswer, type NameQuestion, type NameResolver } from '../lookup.js';

/** How long an answer is used at least and at most, s, whatever its TTL says. */
const MIN_TTL = 1;
const MAX_TTL = 86_400;
/** How long it is remembered at most that a name has no address, s. */
const MAX_NEGATIVE_TTL = 3600;

/** A name and a type of record to ask for. */
export interface DnsQuestion {
  /** One that can be asked for. */
  readonly name: string;
  readonly type: AddressRecord;
}

/** How queries reach a server, and answers come back. */
export interface DnsTransport {
  /** @throws why there is no answer, or `ECANCELED`. */
  ask(question: DnsQuestion, cancellation: CancellationToken): Promise<DnsAnswer>;
  dispose?(): void;
}

/** Asks a server of the DNS that looks further by itself. */
export class DnsResolver implements NameResolver {
  readonly #transport: DnsTransport;

  constructor(transport: DnsTransport) {
    this.#transport = transport;
  }

  async lookup({ name, family, cancellation }: NameQuestion): Promise<NameAnswer> {
    if (!isHostName(name)) return { addresses: [], ttl: 0 };
    const asked = new Cancellation();
    const giveUp = () => asked.cancel();
    cancellation.on(giveUp);
    try {
      return await askFamilies(
        family,
        (one) => this.#ask({ name, type: RecordType[one === 'ipv6' ? 'aaaa' : 'a'] }, asked),
        giveUp,
      );
    } finally {
      cancellation.off(giveUp);
    }
  }

  dispose(): void {
    this.#transport.dispose?.();
  }

  async #ask(question: DnsQuestion, cancellation: CancellationToken): Promise<NameAnswer> {
    const { failure, addresses, ttl } = await this.#transport.ask(question, cancellation);
    if (failure !== undefined) throw new LookupError('EAI_AGAIN', failure);
    const most = addresses.length > 0 ? MAX_TTL : MAX_NEGATIVE_TTL;
    const seconds = ttl === undefined ? 0 : Math.min(Math.max(ttl, MIN_TTL), most);
    return { addresses, ttl: seconds * 1000 };
  }
}
