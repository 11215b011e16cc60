import { randomBytes } from 'node:crypto';
import type { Stats } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import type { Identity } from '../../auth/identity.js';
import type { CancellationToken } from '../../base/cancellation.js';
import { systemMessage, UserError } from '../../base/errors.js';
import { exposure } from '../../base/exposure.js';
import { TLS_HANDSHAKE } from '../../protocol/socks5.js';
import type { PemFile } from '../../transport/pem.js';
import { acceptTls, type Subject, TlsError, TlsLeft } from '../../transport/tls.js';
import { TICKET_KEYS, TlsCredentials } from '../../transport/tlscredentials.js';
import { ClientLeft, Conversation } from '../conversation.js';
import type { Arriving, Layer, LayerFormat } from '../layer.js';
import { Refusal } from '../refusal.js';

/** Octets of a user's name at most, as in RFC 1929. */
const MAX_NAME = 255;

/** What the layer needs of the process that it runs in. */
export interface TlsSurroundings {
  /** Reads a file, where that is not up to this process alone. */
  readonly readFile?: ((file: string) => Promise<Buffer>) | undefined;
  /** What session tickets are encrypted with, where other processes resume the same sessions. */
  readonly ticketKeys?: Uint8Array | undefined;
}

/**
 * TLS 1.2 and later: `tls://`. Of its listener's options it takes `tlsCert`, `tlsKey` and
 * `tlsClientCa`, names of PEM files. With the last one clients are identified by their certificates.
 */
export function tlsFormat(surroundings: TlsSurroundings = {}): LayerFormat {
  const { readFile: read = readFile, ticketKeys = randomBytes(TICKET_KEYS) } = surroundings;
  return {
    id: 'tls',
    async open({ tlsCert, tlsKey = tlsCert, tlsClientCa }, warn) {
      if (typeof tlsCert !== 'string' || typeof tlsKey !== 'string') {
        throw new UserError(
          'tls:// needs --tls-cert FILE: the certificate that the server shows, in PEM',
          { code: 'invalid-option', option: 'tlsCert' },
        );
      }
      const pem = async (what: string, name: string): Promise<PemFile> => {
        const octets = await read(name).catch((error: unknown) => {
          throw new UserError(`cannot read the ${what} "${name}": ${systemMessage(error)}`);
        });
        return { name, octets };
      };
      const certificate = await pem('certificate', tlsCert);
      const key = tlsKey === tlsCert ? certificate : await pem('key', tlsKey);
      const clientAuthorities =
        typeof tlsClientCa === 'string' ? await pem('certificates', tlsClientCa) : undefined;
      const files = { certificate, key, clientAuthorities };
      const credentials = new TlsCredentials(files, ticketKeys);
      await warnOfExposure(tlsKey, warn);
      return new TlsLayer(credentials);
    },
  };
}

async function warnOfExposure(key: string, warn: (message: string) => void): Promise<void> {
  if (process.platform === 'win32') return;
  const stats: Stats | undefined = await stat(key).catch(() => undefined);
  const exposed = stats?.isFile() ? exposure('key', key, stats) : undefined;
  if (exposed !== undefined) warn(exposed);
}

class TlsLayer implements Layer {
  readonly id = 'tls';
  readonly identifies: boolean;
  readonly #credentials: TlsCredentials;

  constructor(credentials: TlsCredentials) {
    this.#credentials = credentials;
    this.identifies = credentials.asksClients;
  }

  warnings(): readonly string[] {
    return this.#credentials.warnings(Date.now());
  }

  async wrap({ transport, client }: Arriving, cancellation: CancellationToken): Promise<Arriving> {
    const conversation = new Conversation(transport, () => {});
    const octet = await conversation.peek(([first]) =>
      first === undefined ? undefined : { value: first, length: 0 },
    );
    conversation.release();
    if (octet !== TLS_HANDSHAKE) throw notTls(octet);
    try {
      const secured = await acceptTls(transport, this.#credentials, cancellation);
      const { subject } = secured;
      if (subject === undefined) return { transport: secured.transport, client };
      return { transport: secured.transport, client, identity: identityOf(subject) };
    } catch (error) {
      if (error instanceof TlsLeft) throw new ClientLeft();
      if (error instanceof TlsError) throw new Refusal('tls-failed', error.message);
      throw error;
    }
  }
}

/** What an octet gives away that TLS does not begin with. */
function notTls(octet: number): Refusal {
  const isLetter = octet >= 0x41 && octet <= 0x5a;
  const spoken =
    octet === 4 || octet === 5 ? `SOCKS ${octet}` : isLetter ? 'HTTP' : 'something else';
  const hex = `0x${octet.toString(16).padStart(2, '0')}`;
  return new Refusal(
    'tls-failed',
    `the client speaks ${spoken} (first octet ${hex}); this listener speaks TLS`,
    { diagnosis: { code: 'not-tls', octet } },
  );
}

/**
 * Whom a certificate identifies: its common name or, where it has none or several, its whole
 * subject. In which group it is, sources of users may know.
 *
 * @throws {Refusal} if it has no subject, or one that is too long for a name.
 */
export function identityOf(subject: Subject): Identity {
  const { CN: common } = subject;
  const user = typeof common === 'string' && common !== '' ? common : distinguishedName(subject);
  const length = Buffer.byteLength(user);
  if (length >= 1 && length <= MAX_NAME) return { user, group: undefined };
  const trouble = length === 0 ? 'is empty' : `has more than ${MAX_NAME} octets`;
  throw new Refusal('tls-failed', `the subject of the client's certificate ${trouble}`);
}

/** A subject as RFC 4514 writes it: the most special part first. */
function distinguishedName(subject: Subject): string {
  return Object.entries(subject)
    .flatMap(([type, values]) => [values].flat().map((value) => `${type}=${escapeValue(value)}`))
    .reverse()
    .join(',');
}

/** RFC 4514 section 2.4. */
function escapeValue(value: string): string {
  return value.replace(/[,+"\\<>;]|^[ #]| $/g, '\\$&').replaceAll('\0', '\\00');
}
