import { constants } from 'node:crypto';
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import type { FramedStream } from './framedstream.js';
import { State } from './frames.js';

/** What the server shows, and what it asks of clients. */
export interface Credentials {
  readonly context: SecureContext;
  /** Whether clients have to show a certificate. */
  readonly asksClients: boolean;
}

/** @throws {Error} if they do not fit together. @param ca of clients. */
export function credentialsOf(cert: Buffer, key: Buffer, ca: Buffer | undefined): Credentials {
  // A client that comes again is asked for its certificate again.
  const { SSL_OP_NO_TICKET: noTicket, SSL_OP_CIPHER_SERVER_PREFERENCE: own } = constants;
  const { SSL_OP_NO_RENEGOTIATION: once = 0 } = constants as { SSL_OP_NO_RENEGOTIATION?: number };
  const options = {
    cert,
    key,
    minVersion: 'TLSv1.2',
    secureOptions: noTicket | own | once,
  } as const;
  const context = createSecureContext({ ...options, ...(ca && { ca }) });
  return { context, asksClients: ca !== undefined };
}

/** What Node knows of a client's certificate, and does not tell of a socket that no tls.Server made. */
interface Verified {
  verifyError?(): Error | null | undefined;
}

/** The server's side of TLS over a client's frames. */
export class FramedTls extends TLSSocket {
  readonly #frames: FramedStream;
  readonly #asksClients: boolean;

  constructor(frames: FramedStream, { context, asksClients }: Credentials) {
    super(frames, {
      isServer: true,
      secureContext: context,
      requestCert: asksClients,
      rejectUnauthorized: asksClients,
    });
    this.#frames = frames;
    this.#asksClients = asksClients;
    // Whoever has the socket is told by it.
    frames.on('error', () => {});
  }

  /** What follows belongs to the end of TLS. */
  override end(...args: never[]): this {
    this.#frames.state = State.closing;
    return super.end(...args);
  }

  /**
   * Waits until there is TLS.
   *
   * @returns the user that the client's certificate names; undefined if it has to show none.
   * @throws why there is none.
   */
  async secured(): Promise<string | undefined> {
    await new Promise<void>((resolve, reject) => {
      this.once('secure', resolve).once('error', reject);
      this.once('_tlsError' as 'error', reject);
      this.once('close', () => reject(new Error('the client left')));
    });
    this.#frames.state = State.data;
    return this.#asksClients ? this.#user() : undefined;
  }

  #user(): string {
    const handle = (this as unknown as { readonly _handle?: Verified | null })._handle;
    if (handle?.verifyError === undefined) {
      throw new Error('this Node does not say whether a certificate is to be trusted');
    }
    const error = handle.verifyError();
    if (error !== null && error !== undefined) {
      throw new Error(`the client's certificate is not to be trusted: ${error.message}`);
    }
    const { subject } = this.getPeerCertificate();
    const common: unknown = subject?.CN;
    if (typeof common === 'string' && common !== '' && Buffer.byteLength(common) <= 255) {
      return common;
    }
    throw new Error("the client's certificate has no common name, or none that could be a user's");
  }
}
