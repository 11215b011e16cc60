import { constants, createHash, type X509Certificate } from 'node:crypto';
import type { SecureContext } from 'node:tls';
import { builtins } from '../base/builtins.js';
import { UserError } from '../base/errors.js';
import {
  type Certificate,
  type PemFile,
  type PrivateKey,
  readCertificates,
  readPrivateKey,
  reasonOf,
} from './pem.js';

/** How long before it expires a certificate is warned of, ms. */
const NOTICE = 14 * 24 * 3600 * 1000;
const DAY = 24 * 3600 * 1000;

/** Octets of the keys that session tickets are encrypted with: a name, and two keys. */
export const TICKET_KEYS = 48;

/** The least version of TLS that is spoken. */
export const MIN_VERSION = 'TLSv1.2';

/** The files that a server's side of TLS consists of. */
export interface TlsFiles {
  /** The certificate, and behind it those of the authorities between it and a root. */
  readonly certificate: PemFile;
  /** The key of the certificate. */
  readonly key: PemFile;
  /** The authorities that clients need a certificate of. */
  readonly clientAuthorities?: PemFile | undefined;
}

/** What a server shows to its clients, and what it asks of them. */
export class TlsCredentials {
  readonly context: SecureContext;
  /** Whether clients have to show a certificate. */
  readonly asksClients: boolean;
  readonly #certificates: readonly Certificate[];

  /**
   * @param ticketKeys what session tickets are encrypted with, {@link TICKET_KEYS} octets: who has
   *   the same resumes the same sessions.
   * @throws {UserError} naming the file that cannot be used, or the two that do not fit together.
   */
  constructor(files: TlsFiles, ticketKeys: Uint8Array) {
    const chain = readCertificates(files.certificate);
    const key = readPrivateKey(files.key);
    demandFit(chain, key);
    const { clientAuthorities } = files;
    const authorities = clientAuthorities && readCertificates(clientAuthorities);
    this.asksClients = authorities !== undefined;
    this.#certificates = [...chain, ...(authorities ?? [])];
    const ca = authorities?.map(({ pem }) => pem);
    try {
      this.context = builtins.tls.createSecureContext({
        cert: chain.map(({ pem }) => pem).join('\n'),
        key: key.pem,
        ...(ca === undefined ? {} : { ca }),
        minVersion: MIN_VERSION,
        secureOptions: constants.SSL_OP_CIPHER_SERVER_PREFERENCE | noRenegotiation(),
        sessionIdContext: sessionContext(ca ?? []),
        ticketKeys: Buffer.from(ticketKeys),
      });
    } catch (error) {
      throw new UserError(
        `the certificate in "${files.certificate.name}" cannot be used: ${reasonOf(error)}`,
      );
    }
  }

  /**
   * What deserves a warning: certificates that are not valid, or not for long.
   *
   * @param now ms since 1970.
   */
  warnings(now: number): string[] {
    return this.#certificates.flatMap((certificate) => warningOf(certificate, now) ?? []);
  }
}

/** A client may begin a handshake once: each costs the server far more than the client. */
function noRenegotiation(): number {
  return (constants as { readonly SSL_OP_NO_RENEGOTIATION?: number }).SSL_OP_NO_RENEGOTIATION ?? 0;
}

/**
 * What a session has to have been made with to be resumed: it is not asked for a certificate again,
 * so it has to be one that the same authorities were asked about.
 */
function sessionContext(authorities: readonly string[]): string {
  return createHash('sha256').update(authorities.join('\n')).digest('hex').slice(0, 32);
}

/** @throws {UserError} unless the first certificate is that of the key. */
function demandFit([first, ...others]: readonly Certificate[], { key, file }: PrivateKey): void {
  if (first === undefined || first.x509.checkPrivateKey(key)) return;
  if (others.some(({ x509 }) => x509.checkPrivateKey(key))) {
    throw new UserError(
      `the certificate that fits the key in "${file}" has to stand first in "${first.file}", ` +
        'before those of its authorities',
    );
  }
  throw new UserError(`the key in "${file}" does not fit the certificate in "${first.file}"`);
}

function warningOf({ x509, file }: Certificate, now: number): string | undefined {
  const from = Date.parse(x509.validFrom);
  const to = Date.parse(x509.validTo);
  const what = `the certificate of ${nameOf(x509)} in "${file}"`;
  if (now >= to) return `${what} has expired on ${dateOf(to)}`;
  if (now < from) return `${what} is not valid before ${dateOf(from)}`;
  if (to - now > NOTICE) return undefined;
  const days = Math.floor((to - now) / DAY);
  const left = days === 0 ? 'within a day' : days === 1 ? 'in a day' : `in ${days} days`;
  return `${what} expires ${left}, on ${dateOf(to)}`;
}

function dateOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

/** Whom a certificate is about, in short. */
function nameOf({ subject, subjectAltName = '?' }: X509Certificate): string {
  // Node leaves the subject out where it is empty, though its types say otherwise.
  const all: string | undefined = subject;
  const common = /^CN=(.+)$/m.exec(all ?? '')?.[1];
  return JSON.stringify(common ?? (all?.replaceAll('\n', ', ') || subjectAltName));
}
