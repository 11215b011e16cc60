import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { messageOf, UserError } from '../base/errors.js';

/** A file that should be PEM (RFC 7468), as it was read. */
export interface PemFile {
  readonly name: string;
  readonly octets: Uint8Array;
}

/** A certificate, and where it stands. */
export interface Certificate {
  readonly x509: X509Certificate;
  readonly pem: string;
  readonly file: string;
}

/** The first octet of DER's SEQUENCE, with which certificates, keys and PKCS #12 begin. */
const SEQUENCE = 0x30;

const certificateBlock =
  /-----BEGIN ((?:TRUSTED |X509 )?CERTIFICATE)-----[\s\S]*?-----END \1-----/g;
const keyBlock = /-----BEGIN ((?:[A-Z0-9]+ )*PRIVATE KEY)-----[\s\S]*?-----END \1-----/;

/** @throws {UserError} if a file looks like DER, which is not text. */
function textOf({ name, octets }: PemFile): string {
  const text = Buffer.from(octets).toString('latin1');
  if (octets[0] !== SEQUENCE || text.includes('-----BEGIN ')) return text;
  throw new UserError(
    `"${name}" is not PEM: it looks like DER or PKCS #12, of which "openssl x509 -inform DER", ` +
      '"openssl pkey -inform DER" or "openssl pkcs12 -nodes" makes PEM',
  );
}

/**
 * The certificates of a file, in their order.
 *
 * @throws {UserError} if there is none, or one that is damaged.
 */
export function readCertificates(file: PemFile): Certificate[] {
  const blocks = textOf(file).match(certificateBlock) ?? [];
  if (blocks.length === 0) {
    throw new UserError(
      `there is no certificate in "${file.name}"; expected PEM: -----BEGIN CERTIFICATE-----`,
    );
  }
  return blocks.map((pem, i) => {
    try {
      return { x509: new X509Certificate(pem), pem, file: file.name };
    } catch (error) {
      const which = blocks.length === 1 ? 'the certificate' : `certificate ${i + 1}`;
      throw new UserError(`${which} in "${file.name}" is damaged: ${reasonOf(error)}`);
    }
  });
}

/** A private key, and where it stands. */
export interface PrivateKey {
  readonly key: KeyObject;
  readonly pem: string;
  readonly file: string;
}

/**
 * The first private key of a file.
 *
 * @throws {UserError} if there is none, it is damaged, or it cannot be used without a passphrase.
 */
export function readPrivateKey(file: PemFile): PrivateKey {
  const [pem, label = ''] = keyBlock.exec(textOf(file)) ?? [];
  if (pem === undefined) {
    throw new UserError(
      `there is no private key in "${file.name}"; expected PEM: -----BEGIN PRIVATE KEY-----`,
    );
  }
  if (label.startsWith('ENCRYPTED') || /^Proc-Type: 4,ENCRYPTED/m.test(pem)) {
    throw new UserError(
      `the key in "${file.name}" is encrypted, and nobody is asked for a passphrase; expected one ` +
        'without, as "openssl pkey -in FILE -out FILE" makes it',
    );
  }
  try {
    return { key: createPrivateKey(pem), pem, file: file.name };
  } catch (error) {
    throw new UserError(`the key in "${file.name}" is damaged: ${reasonOf(error)}`);
  }
}

/** What OpenSSL says, without where in its sources it says so. */
export function reasonOf(error: unknown): string {
  const reason = (error as { readonly reason?: unknown } | undefined)?.reason;
  if (typeof reason === 'string' && reason !== '') return reason;
  return messageOf(error).replace(/^(?:[0-9A-F]+:)?error:[0-9A-F]+:[^:]*:[^:]*:/, '');
}
