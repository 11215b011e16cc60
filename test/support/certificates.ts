import {
  createHash,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto';
import { chmodSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { parseIP } from '#core/protocol/ip.js';
import { temporaryDirectory } from './files.js';
import type { Scope } from './scope.js';

/** A certificate and its key, in PEM. */
export interface Certified {
  readonly cert: string;
  readonly key: string;
}

/** What a certificate says. */
export interface CertificateOptions {
  /** Types and values of its subject, in their order. */
  readonly subject?: readonly (readonly [type: keyof typeof types, value: string])[];
  /** Names and IP addresses that it is for. */
  readonly names?: readonly string[];
  readonly type?: 'ec' | 'rsa' | 'ed25519';
  /** Who signs it; itself, if left out. */
  readonly by?: Certified;
  /** Whether it may sign others. */
  readonly isAuthority?: boolean;
  /** From and until when it is valid, days from now. */
  readonly from?: number;
  readonly to?: number;
}

const DAY = 24 * 3600 * 1000;

/** X.520's types of a subject's parts: their identifiers. */
const types = { CN: '2.5.4.3', C: '2.5.4.6', O: '2.5.4.10', OU: '2.5.4.11' } as const;

/** Makes a certificate (RFC 5280) of a fresh key. */
export function certificate({
  subject = [['CN', 'localhost']],
  names = [],
  type = 'ec',
  by,
  isAuthority = false,
  from = -1,
  to = 365,
}: CertificateOptions = {}): Certified {
  const { publicKey, privateKey } = generate(type);
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
  const signer = by === undefined ? privateKey : by.key;
  const signerType = by === undefined ? type : typeOf(by);
  const issuer = by === undefined ? name(subject) : subjectOf(by);
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const algorithm = signatures[signerType];
  const constraints = isAuthority ? sequence(der(0x01, Buffer.of(0xff))) : sequence();
  const usage = isAuthority ? Buffer.of(1, 0x06) : Buffer.of(5, 0xa0);
  const own = createHash('sha1').update(spki).digest();
  const signing = by === undefined ? own : createHash('sha1').update(spkiOf(by)).digest();
  const extensions = [
    extension('2.5.29.19', constraints, true),
    extension('2.5.29.15', der(0x03, usage), true),
    extension('2.5.29.14', der(0x04, own)),
    extension('2.5.29.35', sequence(der(0x80, signing))),
    ...(names.length > 0 ? [extension('2.5.29.17', sequence(...names.map(alternative)))] : []),
  ];
  const tbs = sequence(
    der(0xa0, integer(Buffer.of(2))),
    integer(Buffer.concat([Buffer.of(0x40), randomBytes(8)])),
    algorithm,
    issuer,
    sequence(time(Date.now() + from * DAY), time(Date.now() + to * DAY)),
    name(subject),
    spki,
    der(0xa3, sequence(...extensions)),
  );
  const signature = sign(signerType === 'ed25519' ? null : 'sha256', tbs, signer);
  const whole = sequence(tbs, algorithm, der(0x03, Buffer.of(0), signature));
  return { cert: new X509Certificate(whole).toString(), key };
}

/** An authority that signs certificates. */
export function authority(common = 'Test Authority'): Certified {
  return certificate({ subject: [['CN', common]], isAuthority: true });
}

/** Files of a certificate of an authority of its own, for 127.0.0.1 and localhost. */
export interface TlsFolder {
  readonly folder: string;
  readonly ca: Certified;
  /** Options of a server. */
  readonly options: { readonly tlsCert: string; readonly tlsKey: string };
  /** The same as words of a command line. */
  readonly args: readonly string[];
  /** Writes a file, of which nobody else may read anything. @returns its path. */
  write(name: string, content: string | Uint8Array): string;
}

export function tlsFolder(t: Scope, about: CertificateOptions = {}): TlsFolder {
  const folder = temporaryDirectory(t);
  chmodSync(folder, 0o755);
  const write = (file: string, content: string | Uint8Array) => {
    const path = join(folder, file);
    writeFileSync(path, content, { mode: 0o600 });
    return path;
  };
  const ca = authority();
  const names = ['127.0.0.1', 'localhost'];
  const { cert, key } = certificate({ names, by: ca, ...about });
  const options = { tlsCert: write('cert.pem', cert), tlsKey: write('key.pem', key) };
  write('ca.pem', ca.cert);
  const args = ['--tls-cert', options.tlsCert, '--tls-key', options.tlsKey];
  return { folder, ca, options, args, write };
}

function generate(type: 'ec' | 'rsa' | 'ed25519') {
  if (type === 'rsa') return generateKeyPairSync('rsa', { modulusLength: 2048 });
  if (type === 'ed25519') return generateKeyPairSync('ed25519');
  return generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
}

/** DER (ITU-T X.690). */
function der(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  const { length } = body;
  const size =
    length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length];
  return Buffer.concat([Buffer.of(tag, ...size), body]);
}

function sequence(...content: readonly Uint8Array[]): Buffer {
  return der(0x30, ...content);
}

function integer(octets: Uint8Array): Buffer {
  return der(0x02, octets);
}

function identifier(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number);
  const septets = (value: number): number[] => {
    const list = [value & 0x7f];
    for (let left = value >> 7; left > 0; left >>= 7) list.unshift((left & 0x7f) | 0x80);
    return list;
  };
  return der(0x06, Buffer.of(40 * first + second, ...rest.flatMap(septets)));
}

const signatures = {
  ec: sequence(identifier('1.2.840.10045.4.3.2')),
  rsa: sequence(identifier('1.2.840.113549.1.1.11'), der(0x05)),
  ed25519: sequence(identifier('1.3.101.112')),
};

function name(parts: NonNullable<CertificateOptions['subject']>): Buffer {
  const tagOf = (type: string) => (type === 'C' ? 0x13 : 0x0c);
  return sequence(
    ...parts.map(([type, value]) =>
      der(0x31, sequence(identifier(types[type]), der(tagOf(type), Buffer.from(value)))),
    ),
  );
}

function extension(id: string, value: Uint8Array, isCritical = false): Buffer {
  const critical = isCritical ? [der(0x01, Buffer.of(0xff))] : [];
  return sequence(identifier(id), ...critical, der(0x04, value));
}

function alternative(text: string): Buffer {
  return isIP(text) === 0
    ? der(0x82, Buffer.from(text))
    : der(0x87, parseIP(text) ?? Buffer.alloc(0));
}

function time(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, '');
  return digits < '2050' ? der(0x17, Buffer.from(digits.slice(2))) : der(0x18, Buffer.from(digits));
}

function keyOf({ cert }: Certified): KeyObject {
  return new X509Certificate(cert).publicKey;
}

function typeOf(certified: Certified): 'ec' | 'rsa' | 'ed25519' {
  return keyOf(certified).asymmetricKeyType as 'ec' | 'rsa' | 'ed25519';
}

function spkiOf(certified: Certified): Buffer {
  return keyOf(certified).export({ type: 'spki', format: 'der' });
}

/** The subject of a certificate, in DER: the fifth of what it consists of, the version included. */
function subjectOf({ cert }: Certified): Buffer {
  const [tbs = Buffer.alloc(0)] = parts(new X509Certificate(cert).raw);
  return parts(tbs)[5] ?? Buffer.alloc(0);
}

/** What a SEQUENCE consists of. */
function parts(octets: Buffer): Buffer[] {
  const [begin, end] = content(octets, 0);
  const list: Buffer[] = [];
  for (let at = begin; at < end; ) {
    const [, next] = content(octets, at);
    list.push(octets.subarray(at, next));
    at = next;
  }
  return list;
}

/** Where the content of an element begins and ends. */
function content(octets: Buffer, at: number): readonly [begin: number, end: number] {
  const length = octets[at + 1] ?? 0;
  if (length < 0x80) return [at + 2, at + 2 + length];
  const size = length & 0x7f;
  const begin = at + 2 + size;
  return [begin, begin + octets.readUIntBE(at + 2, size)];
}
