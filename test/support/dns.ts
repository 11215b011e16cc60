import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { DnsSetup } from '#core/outbound/dnssetup.js';
import { parseIP } from '#core/protocol/ip.js';
import type { Scope } from './scope.js';

/** What a name is answered with: addresses, a code of failure (RFC 1035: 2, 3, 5), or silence. */
export type DnsAnswer = readonly string[] | number | 'silence';

const A = 1;
const CNAME = 5;
const SOA = 6;
const AAAA = 28;

/** What a server says; as a good one would, if it is left out. */
export interface DnsReply {
  readonly addresses?: readonly string[];
  /** Names from the question's to the one that has the addresses. */
  readonly aliases?: readonly string[];
  /** Of all records, s. */
  readonly ttl?: number;
  /** RCODE. */
  readonly code?: number;
  readonly truncated?: boolean;
  /** TTL and MINIMUM of the zone's SOA record, s. */
  readonly soa?: readonly [ttl: number, minimum: number];
  /** To another query than what was asked. */
  readonly id?: number;
  readonly name?: string;
}

/** The octets of a name. */
export function nameOctets(name: string): Buffer {
  const labels = name.split('.').filter((label) => label !== '');
  return Buffer.concat([
    ...labels.map((label) => Buffer.concat([Buffer.of(label.length), Buffer.from(label)])),
    Buffer.of(0),
  ]);
}

function record(name: string, type: number, ttl: number, data: Uint8Array): Buffer {
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(type, 0);
  fixed.writeUInt16BE(1, 2);
  fixed.writeUInt32BE(ttl, 4);
  fixed.writeUInt16BE(data.length, 8);
  return Buffer.concat([nameOctets(name), fixed, data]);
}

/** The message that answers a query with this. */
export function dnsReply(query: Buffer, reply: DnsReply): Buffer {
  const { name, type, id } = readQuestion(query);
  const { addresses = [], aliases = [], ttl = 60, code = 0, truncated = false, soa } = reply;
  const owner = aliases.at(-1) ?? name;
  const answers = [
    ...aliases.map((alias, i) =>
      record(i === 0 ? name : (aliases[i - 1] as string), CNAME, ttl, nameOctets(alias)),
    ),
    ...addresses
      .map((text) => parseIP(text) ?? Buffer.of())
      .filter(({ length }) => length === (type === A ? 4 : 16))
      .map((octets) => record(owner, type, ttl, octets)),
  ];
  const authorities = soa === undefined ? [] : [record('example', SOA, soa[0], soaData(soa[1]))];
  const head = Buffer.alloc(12);
  head.writeUInt16BE(reply.id ?? id, 0);
  head.writeUInt16BE(0x8180 | code | (truncated ? 0x200 : 0), 2);
  for (const [i, count] of [1, answers.length, authorities.length, 0].entries()) {
    head.writeUInt16BE(count, 4 + 2 * i);
  }
  const asked = Buffer.concat([nameOctets(reply.name ?? name), Buffer.of(0, type, 0, 1)]);
  return Buffer.concat([head, asked, ...answers, ...authorities]);
}

function soaData(minimum: number): Buffer {
  const numbers = Buffer.alloc(20);
  numbers.writeUInt32BE(minimum, 16);
  return Buffer.concat([nameOctets('ns.example'), nameOctets('admin.example'), numbers]);
}

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
      const { name, type } = readQuestion(query);
      if (type !== A && type !== AAAA) return;
      const kind = type === A ? 'A' : 'AAAA';
      server.asked.push(`${name} ${kind}`);
      const found = answer(name, kind);
      if (found === 'silence') return;
      const reply = typeof found === 'number' ? { code: found } : { addresses: found };
      socket.send(dnsReply(query, reply), port, address);
    });
    return server;
  }
}

/** What a query asks for. */
export function readQuestion(query: Buffer): { id: number; name: string; type: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { id: query.readUInt16BE(), name: labels.join('.'), type: query.readUInt16BE(at + 1) };
}
