/**
 * Messages of the DNS (RFC 1035), as far as a client needs them that asks a recursive server for the
 * addresses of a name.
 */
import { formatIP } from './ip.js';
import { ProtocolError } from './parser.js';

/** Types of records (RFC 1035 section 3.2.2, RFC 3596 section 2.1). */
export const RecordType = { a: 1, cname: 5, soa: 6, aaaa: 28 } as const;
export type AddressRecord = typeof RecordType.a | typeof RecordType.aaaa;

/** The largest message: its length has two octets where it goes over a stream. */
export const MAX_MESSAGE = 65_535;

/** RCODE: why a server does not answer (RFC 1035 section 4.1.1). */
const codes: Readonly<Record<number, string>> = {
  1: 'format error',
  2: 'server failure',
  4: 'not implemented',
  5: 'refused',
};

const IN = 1;
const HEADER = 12;
/** Bits of the header's second and third octet pair: QR, OPCODE, TC, RD; RCODE. */
const QR = 0x8000;
const OPCODE = 0x7800;
const TC = 0x0200;
const RD = 0x0100;
const RCODE = 0x000f;
const NXDOMAIN = 3;

const MAX_NAME = 255;
/** How many aliases may lead from a name to its addresses. */
const MAX_ALIASES = 16;
/** How many records of an answer are read, and addresses taken. */
const MAX_RECORDS = 512;
const MAX_ADDRESSES = 32;

/** A question, as it is asked. */
export interface DnsQuery {
  readonly id: number;
  /** In lower case, without a dot at its end. */
  readonly name: string;
  readonly type: AddressRecord;
  readonly message: Uint8Array;
}

/** What a server says. */
export interface DnsAnswer {
  /** It did not fit: it is to be asked for over a stream. */
  readonly truncated: boolean;
  /** Why the server does not know, in a few words. */
  readonly failure: string | undefined;
  /** In canonical form; none if there is no such name, or none of this type. */
  readonly addresses: readonly string[];
  /** How long that holds, s; undefined if nothing says so. */
  readonly ttl: number | undefined;
}

/** Whether something can be a host's name in the DNS: letters, digits, `-` and `_` between dots. */
export function isHostName(name: string): boolean {
  const bare = name.replace(/\.$/, '');
  return bare.length < MAX_NAME - 1 && bare.split('.').every((one) => /^[\w-]{1,63}$/.test(one));
}

/**
 * Writes a query that asks for recursion.
 *
 * @param id 0 to 65535.
 * @param name one that {@link isHostName}.
 * @throws {RangeError} if it is none.
 */
export function encodeQuery(id: number, name: string, type: AddressRecord): DnsQuery {
  if (!isHostName(name)) throw new RangeError(`"${name}" cannot be asked for`);
  const bare = name.replace(/\.$/, '').toLowerCase();
  const labels = bare.split('.').flatMap((label) => {
    return [label.length, ...Array.from(label, (letter) => letter.charCodeAt(0))];
  });
  const message = new Uint8Array(HEADER + labels.length + 5);
  const view = new DataView(message.buffer);
  view.setUint16(0, id);
  view.setUint16(2, RD);
  view.setUint16(4, 1);
  message.set(labels, HEADER);
  view.setUint16(message.length - 4, type);
  view.setUint16(message.length - 2, IN);
  return { id, name: bare, type, message };
}

interface ResourceRecord {
  readonly name: string;
  readonly type: number;
  readonly ttl: number;
  /** Where RDATA is. */
  readonly start: number;
  readonly end: number;
}

/** Reads a message in order. Names may point back, never forth: so there are no loops. */
class MessageReader {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  uint16(): number {
    this.#demand(2);
    this.at += 2;
    return this.#view.getUint16(this.at - 2);
  }

  uint32(): number {
    this.#demand(4);
    this.at += 4;
    return this.#view.getUint32(this.at - 4);
  }

  skip(octets: number): void {
    this.#demand(octets);
    this.at += octets;
  }

  /** In lower case, without a dot at its end; octets that no host's name has are escaped. */
  name(): string {
    const labels: string[] = [];
    let length = 0;
    let at = this.at;
    let behind: number | undefined;
    let limit = at;
    for (;;) {
      const size = this.#octet(at);
      if (size === 0) break;
      if (size >= 0xc0) {
        const target = ((size & 0x3f) << 8) | this.#octet(at + 1);
        behind ??= at + 2;
        if (target >= limit) throw new ProtocolError('a name that points forth');
        limit = target;
        at = target;
        continue;
      }
      if (size > 63) throw new ProtocolError('an unknown type of label');
      length += size + 1;
      if (length >= MAX_NAME) throw new ProtocolError('a name that is too long');
      if (at + 1 + size > this.bytes.length) throw short();
      labels.push(readLabel(this.bytes.subarray(at + 1, at + 1 + size)));
      at += 1 + size;
    }
    this.at = behind ?? at + 1;
    return labels.join('.');
  }

  record(): ResourceRecord {
    const name = this.name();
    const type = this.uint16();
    const isInternet = this.uint16() === IN;
    const ttl = this.uint32();
    const length = this.uint16();
    const start = this.at;
    this.skip(length);
    // A TTL with its highest bit set is zero (RFC 2181 section 8).
    return {
      name,
      type: isInternet ? type : 0,
      ttl: ttl > 0x7fffffff ? 0 : ttl,
      start,
      end: this.at,
    };
  }

  #octet(at: number): number {
    const octet = this.bytes[at];
    if (octet === undefined) throw short();
    return octet;
  }

  #demand(octets: number): void {
    if (this.at + octets > this.bytes.length) throw short();
  }
}

function short(): ProtocolError {
  return new ProtocolError('a message that ends too early');
}

function readLabel(octets: Uint8Array): string {
  let text = '';
  for (const octet of octets) {
    const isUpper = octet >= 0x41 && octet <= 0x5a;
    const lower = isUpper ? octet + 0x20 : octet;
    const isLetter = lower >= 0x61 && lower <= 0x7a;
    const isDigit = octet >= 0x30 && octet <= 0x39;
    const isOwn = isLetter || isDigit || octet === 0x2d || octet === 0x5f;
    text += isOwn ? String.fromCharCode(lower) : `\\${String(octet).padStart(3, '0')}`;
  }
  return text;
}

/**
 * Reads the answer to a query.
 *
 * @returns undefined if it is none to it: of another id, or to another question.
 * @throws {ProtocolError} if it is, and malformed.
 */
export function readAnswer(message: Uint8Array, query: DnsQuery): DnsAnswer | undefined {
  if (message.length < HEADER) return undefined;
  const reader = new MessageReader(message);
  const id = reader.uint16();
  const flags = reader.uint16();
  const [questions, answers, authorities] = [reader.uint16(), reader.uint16(), reader.uint16()];
  reader.skip(2);
  if (id !== query.id || (flags & QR) === 0 || (flags & OPCODE) !== 0) return undefined;
  const code = flags & RCODE;
  const known = code === 0 || code === NXDOMAIN;
  const failure = known ? undefined : (codes[code] ?? `error ${code}`);
  const truncated = (flags & TC) !== 0;
  const nothing = { truncated, failure, addresses: [], ttl: undefined };
  // A server that understands nothing may leave the question out.
  if (questions === 0 && !known) return nothing;
  if (questions !== 1 || !repeats(reader, query)) return undefined;
  if (!known || truncated) return nothing;

  const records: ResourceRecord[] = [];
  for (let i = 0; i < Math.min(answers, MAX_RECORDS); i++) records.push(reader.record());
  const found = code === NXDOMAIN ? undefined : addressesOf(records, reader, query);
  if (found !== undefined) return { ...nothing, ...found };
  return { ...nothing, ttl: answers > MAX_RECORDS ? undefined : negativeTtl(reader, authorities) };
}

function repeats(reader: MessageReader, query: DnsQuery): boolean {
  try {
    const name = reader.name();
    return name === query.name && reader.uint16() === query.type && reader.uint16() === IN;
  } catch {
    return false;
  }
}

/** The addresses of a name, or of what it is an alias of; undefined if there are none. */
function addressesOf(
  records: readonly ResourceRecord[],
  reader: MessageReader,
  { name, type }: DnsQuery,
): Pick<DnsAnswer, 'addresses' | 'ttl'> | undefined {
  let owner = name;
  let ttl = Number.POSITIVE_INFINITY;
  for (let aliases = 0; aliases <= MAX_ALIASES; aliases++) {
    const own = records.filter((record) => record.name === owner && record.type === type);
    if (own.length > 0) {
      const addresses = own.slice(0, MAX_ADDRESSES).map(({ start, end }) => {
        if (end - start !== (type === RecordType.a ? 4 : 16)) {
          throw new ProtocolError('an address of a wrong length');
        }
        return formatIP(reader.bytes.subarray(start, end));
      });
      return { addresses, ttl: Math.min(ttl, ...own.map((record) => record.ttl)) };
    }
    const alias = records.find((one) => one.name === owner && one.type === RecordType.cname);
    if (alias === undefined) return undefined;
    ttl = Math.min(ttl, alias.ttl);
    const behind = reader.at;
    reader.at = alias.start;
    owner = reader.name();
    reader.at = behind;
  }
  throw new ProtocolError('too many aliases');
}

/** How long it holds that there is nothing (RFC 2308 section 5), s; undefined if that is not said. */
function negativeTtl(reader: MessageReader, authorities: number): number | undefined {
  for (let i = 0; i < Math.min(authorities, MAX_RECORDS); i++) {
    const { type, ttl, start, end } = reader.record();
    if (type !== RecordType.soa) continue;
    // MNAME and RNAME, then five numbers, the last of which is MINIMUM.
    reader.at = start;
    reader.name();
    reader.name();
    reader.skip(16);
    const minimum = reader.uint32();
    if (reader.at !== end) throw new ProtocolError('a malformed SOA record');
    return Math.min(ttl, minimum);
  }
  return undefined;
}
