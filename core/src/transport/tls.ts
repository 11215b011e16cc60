import type { ConnectionOptions, SecureContext, TLSSocket } from 'node:tls';
import { builtins } from '../base/builtins.js';
import type { CancellationToken } from '../base/cancellation.js';
import { codeOf } from '../base/errors.js';
import type { TcpHandle } from './handles.js';
import { HandleTransport } from './handletransport.js';
import { reasonOf } from './pem.js';
import { MIN_VERSION, type TlsCredentials } from './tlscredentials.js';
import { TlsHandleTransport } from './tlshandletransport.js';
import { TlsTransport } from './tlstransport.js';
import { hasTlsWraps, type TlsWrap, wrapServer } from './tlswraps.js';
import type { Transport } from './transport.js';
import { TransportStream } from './transportstream.js';

/** Why there is no TLS with a peer, in a few words. */
export class TlsError extends Error {
  override readonly name = 'TlsError';
  /** OpenSSL's or the system's code, such as `ERR_SSL_NO_SHARED_CIPHER` or `ECONNRESET`. */
  readonly code: string | undefined;

  constructor(message: string, code?: string) {
    super(message);
    this.code = code;
  }
}

/** The peer closed its connection, or it was closed here, before there was TLS. */
export class TlsLeft extends TlsError {}

/** A connection with TLS, and whose it is. */
export interface Secured {
  readonly transport: Transport;
  /** The subject of the client's certificate, which one of the authorities has signed. */
  readonly subject?: Subject;
}

/** Whom a certificate is about: values by the short names of their types, such as `CN`. */
export type Subject = Readonly<Record<string, string | readonly string[]>>;

/** What Node knows of a peer's certificate: of a TLSSocket it does not tell all of that. */
type Verified = Pick<TlsWrap, 'verifyError' | 'getPeerCertificate'>;

/**
 * Has TLS with a client.
 *
 * @param transport nobody else's until there is TLS, or none: then it is as the client left it, and
 *   what the client is told is written to it.
 * @throws {TlsError} that says why there is none; {@link TlsLeft} if the client leaves, or it is
 *   cancelled.
 */
export function acceptTls(
  transport: Transport,
  credentials: TlsCredentials,
  cancellation: CancellationToken,
): Promise<Secured> {
  if (transport instanceof HandleTransport && hasTlsWraps) {
    const detached = transport.detach();
    if (detached !== undefined) {
      return new Promise((resolve, reject) => {
        const { handle, putBack } = detached;
        const handshake = new Handshake(transport, handle, credentials, { resolve, reject });
        handshake.begin(putBack, cancellation);
      });
    }
  }
  return acceptOverStream(transport, credentials, cancellation);
}

function acceptOverStream(
  transport: Transport,
  { context, asksClients }: TlsCredentials,
  cancellation: CancellationToken,
): Promise<Secured> {
  const stream = new TransportStream(transport);
  const socket = new builtins.tls.TLSSocket(stream, {
    isServer: true,
    secureContext: context,
    requestCert: asksClients,
    rejectUnauthorized: asksClients,
  });
  return secured(socket, stream, 'secure', 'client', cancellation, () => {
    if (!asksClients) return {};
    const handle = (socket as unknown as { readonly _handle?: Partial<Verified> | null })._handle;
    return { subject: verifiedSubject(handle) };
  });
}

/** What is on a handle: the system knows of that alone, so all else has to be reached from it. */
const HANDSHAKE = Symbol('handshake');

/** A server's side of the handshake, on the handle of a transport. */
class Handshake {
  readonly #transport: HandleTransport;
  readonly #handle: TcpHandle;
  readonly #tls: TlsWrap;
  readonly #asksClients: boolean;
  readonly #outcome: Outcome;
  #cancellation: CancellationToken | undefined;
  #isOver = false;

  /** @param handle of the transport, which is detached from it. */
  constructor(
    transport: HandleTransport,
    handle: TcpHandle,
    { context, asksClients }: TlsCredentials,
    outcome: Outcome,
  ) {
    this.#transport = transport;
    this.#handle = handle;
    this.#tls = wrapServer(handle, context);
    this.#asksClients = asksClients;
    this.#outcome = outcome;
    Object.assign(handle, { [HANDSHAKE]: this });
  }

  /** @param read what was read already. */
  begin(read: Uint8Array | undefined, cancellation: CancellationToken): void {
    const tls = this.#tls;
    tls.onhandshakestart = () => {};
    tls.onhandshakedone = () => this.#done();
    tls.onerror = (error) => this.#fail(new TlsError(wordsOf(error, 'client'), codeOf(error)));
    // Nothing is read before it is done but an end, or a failure.
    tls.onread = () => {
      this.#fail(new TlsLeft('the client left'));
      return undefined;
    };
    if (this.#asksClients) tls.setVerifyMode(true, true);
    this.#cancellation = cancellation;
    cancellation.on(this.#cancel);
    if (cancellation.cancelled) this.#cancel();
    else if (read !== undefined) tls.receive(read);
    if (!this.#isOver) tls.readStart();
  }

  readonly #cancel = () => {
    if (!this.#settle()) return;
    this.#close();
    this.#outcome.reject(new TlsLeft('given up'));
  };

  #done(): void {
    if (this.#isOver) return;
    let subject: Subject | undefined;
    try {
      if (this.#asksClients) subject = verifiedSubject(this.#tls);
    } catch (error) {
      this.#fail(error as TlsError);
      return;
    }
    this.#settle();
    const { remote } = this.#transport;
    const transport = new TlsHandleTransport(this.#handle, this.#tls, remote);
    this.#outcome.resolve(subject === undefined ? { transport } : { transport, subject });
  }

  #fail(error: TlsError): void {
    if (!this.#settle()) return;
    this.#tls.readStop();
    // OpenSSL is not left in the middle of what it does.
    setImmediate(() => {
      // What is being written is OpenSSL's, and cannot be taken off.
      if (this.#handle.writeQueueSize > 0) this.#close();
      else {
        this.#tls.destroySSL();
        this.#transport.reattach();
      }
      this.#outcome.reject(error);
    });
  }

  /** @returns whether it was not over before. */
  #settle(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    Object.assign(this.#handle, { [HANDSHAKE]: undefined });
    this.#cancellation?.off(this.#cancel);
    this.#tls.onread = () => undefined;
    this.#tls.onerror = () => {};
    return true;
  }

  #close(): void {
    this.#handle.close(() => this.#tls.destroySSL());
  }
}

interface Outcome {
  resolve(secured: Secured): void;
  reject(error: TlsError): void;
}

/** What a client shows and asks for; all that is left out is as Node has it. */
export interface ConnectTlsOptions {
  /** The name or IP address that the server's certificate has to be for. */
  readonly servername: string;
  /** PEM of the authorities that the certificate has to be signed by; the system's, if left out. */
  readonly ca?: string | readonly string[];
  /** PEM of the client's own certificate, and of its key. */
  readonly cert?: string;
  readonly key?: string;
  /** All of that, made before: the cheaper way where there are many connections. */
  readonly context?: SecureContext;
  /** Whether a certificate that is not to be trusted ends it, which is the default. */
  readonly rejectUnauthorized?: boolean;
  readonly cancellation: CancellationToken;
}

/**
 * Has TLS with a server.
 *
 * @param transport connected, and nobody else's from now on. It is closed if there is no TLS.
 * @throws {TlsError} that says why there is none; {@link TlsLeft} if the server leaves, or it is
 *   cancelled.
 */
export async function connectTls(
  transport: Transport,
  {
    servername,
    ca,
    cert,
    key,
    context,
    rejectUnauthorized = true,
    cancellation,
  }: ConnectTlsOptions,
): Promise<Transport> {
  const stream = new TransportStream(transport);
  const options: ConnectionOptions = {
    socket: stream,
    // A name in SNI is no IP address (RFC 6066 section 3); the certificate may be for one.
    ...(isAddress(servername) ? { host: servername } : { servername }),
    ...(ca === undefined ? {} : { ca: typeof ca === 'string' ? ca : [...ca] }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(context === undefined ? {} : { secureContext: context }),
    rejectUnauthorized,
    minVersion: MIN_VERSION,
  };
  try {
    const socket = builtins.tls.connect(options);
    return (await secured(socket, stream, 'secureConnect', 'server', cancellation, () => ({})))
      .transport;
  } catch (error) {
    transport.close();
    throw error;
  }
}

function isAddress(host: string): boolean {
  return host.includes(':') || /^[\d.]+$/.test(host);
}

/** @param check looks at what came of the handshake. @throws {TlsError} if that will not do. */
function secured(
  socket: TLSSocket,
  stream: TransportStream,
  done: 'secure' | 'secureConnect',
  peer: 'client' | 'server',
  cancellation: CancellationToken,
  check: () => Omit<Secured, 'transport'>,
): Promise<Secured> {
  return new Promise((resolve, reject) => {
    const settle = () => {
      cancellation.off(cancel);
      socket.off(done, onDone).off('error', onError).off('close', onClose).off('end', onClose);
      socket.off('_tlsError', onError);
    };
    const fail = (error: TlsError) => {
      settle();
      socket.on('error', () => {});
      stream.release();
      socket.destroy();
      reject(error);
    };
    const onDone = () => {
      try {
        const more = check();
        settle();
        resolve({ transport: new TlsTransport(socket, stream), ...more });
      } catch (error) {
        fail(error as TlsError);
      }
    };
    const onError = (error: NodeJS.ErrnoException) => {
      if (stream.failure !== undefined) onClose();
      else fail(new TlsError(wordsOf(error, peer), error.code));
    };
    const left = (): TlsError => new TlsLeft(`the ${peer} left`, stream.failure);
    const onClose = () => fail(left());
    const cancel = () => fail(new TlsLeft('given up'));
    if (cancellation.cancelled) process.nextTick(cancel);
    cancellation.on(cancel);
    socket.once(done, onDone).on('error', onError).on('close', onClose).on('end', onClose);
    // What goes wrong before a server's side has TLS is told by this event, and by no other.
    socket.on('_tlsError', onError);
  });
}

/** What went wrong in a handshake, in words for a log. */
function wordsOf(error: NodeJS.ErrnoException, peer: 'client' | 'server'): string {
  const reason = reasonOf(error);
  switch (error.code) {
    case 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE':
      return `the ${peer} shows no certificate`;
    case 'ERR_SSL_UNSUPPORTED_PROTOCOL':
      return `the ${peer} speaks no version of TLS from 1.2 on (${reason})`;
    case 'ERR_SSL_NO_SHARED_CIPHER':
      return `there is no cipher that both know (${reason})`;
    case 'ECONNRESET':
      return `the ${peer} left`;
    default:
      if (/alert/.test(reason)) return `the ${peer} gives up: ${reason}`;
      // What is wrong with a certificate has names of its own: CERT_HAS_EXPIRED, ...
      return /^(?:[A-Z]+_)+[A-Z]+$/.test(error.code ?? '') && !error.code?.startsWith('ERR_SSL_')
        ? notTrusted(peer, reason)
        : reason;
  }
}

function notTrusted(peer: string, reason: string): string {
  return `the certificate of the ${peer} is not to be trusted: ${reason}`;
}

/**
 * Whom the certificate of a client is about.
 *
 * @throws {TlsError} if it shows none, or none that is to be trusted.
 */
function verifiedSubject(tls: Partial<Verified> | null | undefined): Subject {
  if (tls?.verifyError === undefined || tls.getPeerCertificate === undefined) {
    throw new TlsError('this Node does not say whether a certificate is to be trusted');
  }
  const error = tls.verifyError();
  if (error !== null && error !== undefined) {
    throw new TlsError(notTrusted('client', error.message), error.code);
  }
  const subject = tls.getPeerCertificate()?.subject;
  if (subject !== undefined) return subject as Subject;
  throw new TlsError('the client shows no certificate');
}
