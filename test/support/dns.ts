import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { DnsSetup } from '#core/outbound/dnssetup.js';
import { parseIP } from '#core/protocol/ip.js';
import type { Scope } from './scope.js';

/** What a name is answered with: addresses, a code of failure (RFC 1035: 2, 3, 5), or silence. */
export type DnsAnswer = readonly string[] | number | 'silence';

const A = 1;
const AAAA = 28;

/** A DNS server on loopback that ends with the test, what it was asked, and how to ask it. */
export class DnsServer {
  /** Names and types, `example.com AAAA`, as they came. */
  readonly asked: string[] = [];
  readonly setup: DnsSetup;

  private constructor(port: number, setup: Partial<DnsSetup>) {
    this.setup = {
      servers: [`127.0.0.1:${port}`],
      search: [],
      ndots: 1,
      timeout: 60_000,
      tries: 1,
      others: { short: false, local: false },
      ...setup,
    };
  }

  /** @param answer what a name has, asked for each family's addresses: `A` or `AAAA`. */
  static async start(
    t: Scope,
    answer: (name: string, type: 'A' | 'AAAA') => DnsAnswer,
    setup: Partial<DnsSetup> = {},
  ): Promise<DnsServer> {
    const socket = createSocket('udp4');
    t.after(() => socket.close());
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const server = new DnsServer(socket.address().port, setup);
    socket.on('message', (query, { port, address }) => {
      const { name, type, end } = readQuestion(query);
      if (type !== A && type !== AAAA) return;
      const kind = type === A ? 'A' : 'AAAA';
      server.asked.push(`${name} ${kind}`);
      const found = answer(name, kind);
      if (found === 'silence') return;
      const code = typeof found === 'number' ? found : 0;
      const own =
        typeof found === 'number' ? [] : found.map((text) => parseIP(text) ?? Buffer.of());
      const records = own
        .filter(({ length }) => length === (type === A ? 4 : 16))
        .map((octets) =>
          Buffer.of(0xc0, 12, 0, type, 0, 1, 0, 0, 0, 60, 0, octets.length, ...octets),
        );
      const counts = [0, 1, 0, records.length, 0, 0, 0, 0];
      const head = Buffer.of(...query.subarray(0, 2), 0x81, 0x80 | code, ...counts);
      socket.send(Buffer.concat([head, query.subarray(12, end), ...records]), port, address);
    });
    return server;
  }
}

function readQuestion(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.'), type: query.readUInt16BE(at + 1), end: at + 5 };
}
