import type { ClientRequest } from 'node:http';
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import type { Agent } from 'node:https';
import type { Readable } from 'node:stream';
import { builtins } from '../../base/builtins.js';
import type { CancellationToken } from '../../base/cancellation.js';
import { codeOf } from '../../base/errors.js';
import { type DnsAnswer, encodeQuery, MAX_MESSAGE, readAnswer } from '../../protocol/dns.js';
import { failure } from '../nameentry.js';
import { type DnsServer, lookupBy, openTls, type TlsOptions } from './connecting.js';
import type { DnsQuestion, DnsTransport } from './dnsresolver.js';

/** How long a query waits for its answer, the connection for it included, ms. */
const ANSWER_TIME = 5000;
/** How long a connection on which nothing is asked is kept, ms. */
const IDLE_TIME = 30_000;
/** How many connections a server without HTTP/2 has. */
const MAX_SOCKETS = 8;
const MESSAGE = 'application/dns-message';

/** Sends one query and takes its answer. */
interface Poster {
  /** Whether it can send no more. */
  readonly closed: boolean;
  post(message: Uint8Array, cancellation: CancellationToken): Promise<Buffer>;
  close(): void;
}

/** What has to be said about a request, whatever the version of HTTP. */
interface Waiting {
  readonly time: number;
  readonly cancellation: CancellationToken;
  /** Ends the request. */
  abort(): void;
}

/**
 * Asks by HTTPS (RFC 8484), over HTTP/2 if the server speaks it. Connections are kept while there is
 * something to ask. Redirections are not followed, and no proxy is used.
 */
export class HttpsTransport implements DnsTransport {
  readonly #server: DnsServer;
  readonly #path: string;
  readonly #tls: TlsOptions;
  #poster: Poster | undefined;
  #opening: Promise<Poster> | undefined;
  #disposed = false;

  /** @param path with what is behind its `?`. @param ca see {@link TlsOptions}. */
  constructor(server: DnsServer, path: string, ca?: string) {
    this.#server = server;
    this.#path = path;
    this.#tls = { servername: server.host, protocols: ['h2', 'http/1.1'], ca };
  }

  async ask({ name, type }: DnsQuestion, cancellation: CancellationToken): Promise<DnsAnswer> {
    // The id is of no use here, and always the same for caches (RFC 8484 section 4.1).
    const query = encodeQuery(0, name, type);
    const kept = this.#poster;
    let body: Buffer;
    try {
      body = await this.#post(query.message, cancellation);
    } catch (error) {
      // One that was kept may have been closed at the same moment.
      if (kept?.closed !== true || cancellation.cancelled) throw error;
      body = await this.#post(query.message, cancellation);
    }
    const answer = readAnswer(body, query);
    if (answer === undefined) throw new Error('the server answers something else');
    if (answer.truncated) throw new Error('the answer is not whole');
    return answer;
  }

  dispose(): void {
    this.#disposed = true;
    this.#poster?.close();
  }

  async #post(message: Uint8Array, cancellation: CancellationToken): Promise<Buffer> {
    const poster = await this.#open();
    if (cancellation.cancelled) throw failure('ECANCELED');
    return poster.post(message, cancellation);
  }

  async #open(): Promise<Poster> {
    if (this.#disposed) throw new Error('the resolver is closed');
    if (this.#poster?.closed === false) return this.#poster;
    this.#opening ??= this.#openAnother();
    return this.#opening;
  }

  async #openAnother(): Promise<Poster> {
    try {
      const socket = await openTls(this.#server, this.#tls, ANSWER_TIME);
      if (socket.alpnProtocol === 'h2') {
        const session = builtins.http2.connect(this.#origin, {
          createConnection: () => socket,
          settings: { enablePush: false },
        });
        this.#poster = new Http2Poster(session, this.#path);
      } else {
        socket.destroy();
        this.#poster = new Http1Poster(this.#server, this.#path, this.#tls);
      }
      if (this.#disposed) this.#poster.close();
      return this.#poster;
    } finally {
      this.#opening = undefined;
    }
  }

  get #origin(): string {
    const { host, port } = this.#server;
    return `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
  }
}

class Http2Poster implements Poster {
  readonly #session: ClientHttp2Session;
  readonly #path: string;
  #open = 0;
  /** Whether anything has come since the last request that was not answered. */
  #received = 0;

  constructor(session: ClientHttp2Session, path: string) {
    this.#session = session;
    this.#path = path;
    session.on('error', () => {});
    session.on('goaway', () => session.close());
    session.setTimeout(IDLE_TIME, () => session.close());
    session.unref();
  }

  get closed(): boolean {
    return this.#session.closed || this.#session.destroyed;
  }

  async post(message: Uint8Array, cancellation: CancellationToken): Promise<Buffer> {
    const session = this.#session;
    const { constants } = builtins.http2;
    const stream: ClientHttp2Stream = session.request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: this.#path,
      [constants.HTTP2_HEADER_ACCEPT]: MESSAGE,
      [constants.HTTP2_HEADER_CONTENT_TYPE]: MESSAGE,
      [constants.HTTP2_HEADER_CONTENT_LENGTH]: message.length,
    });
    stream.on('error', () => {});
    if (this.#open++ === 0) session.ref();
    const before = this.#received;
    const responded = new Promise<void>((resolve, reject) => {
      stream.once('error', reject);
      stream.once('close', () => reject(new Error('the server closed the connection')));
      stream.once('response', (headers) => {
        this.#received++;
        const problem = problemOf(headers[':status'], headers['content-type']);
        if (problem === undefined) resolve();
        else reject(problem);
      });
    });
    stream.end(message);
    const abort = () => stream.close(builtins.http2.constants.NGHTTP2_CANCEL);
    try {
      return await inTime({ time: ANSWER_TIME, cancellation, abort }, async () => {
        await responded;
        return readBody(stream);
      });
    } catch (error) {
      // The way to the server may be gone without a word.
      if (this.#received === before && !cancellation.cancelled) session.destroy();
      throw error;
    } finally {
      stream.close();
      if (--this.#open === 0 && !session.destroyed) session.unref();
    }
  }

  close(): void {
    this.#session.destroy();
  }
}

class Http1Poster implements Poster {
  closed = false;
  readonly #server: DnsServer;
  readonly #path: string;
  readonly #agent: Agent;

  constructor(server: DnsServer, path: string, { ca }: TlsOptions) {
    this.#server = server;
    this.#path = path;
    // It checks that the certificate is the host's by itself: with a check of ours it keeps nothing.
    this.#agent = new builtins.https.Agent({
      ...{ keepAlive: true, maxSockets: MAX_SOCKETS, timeout: IDLE_TIME },
      ...{ ALPNProtocols: ['http/1.1'], ...(ca === undefined ? {} : { ca }) },
    });
  }

  async post(message: Uint8Array, cancellation: CancellationToken): Promise<Buffer> {
    for (let i = 1; ; i++) {
      const request = this.#request(message);
      try {
        return await answerTo(request, message, cancellation);
      } catch (error) {
        // Servers close connections when they like, also at the moment of a request.
        const again = request.reusedSocket && codeOf(error) === 'ECONNRESET' && i <= MAX_SOCKETS;
        if (!again || cancellation.cancelled) throw error;
      }
    }
  }

  #request(message: Uint8Array): ClientRequest {
    const { host, port } = this.#server;
    return builtins.https.request({
      ...{ host, port, path: this.#path, method: 'POST', agent: this.#agent },
      lookup: lookupBy(this.#server),
      headers: { accept: MESSAGE, 'content-type': MESSAGE, 'content-length': message.length },
    });
  }

  close(): void {
    this.closed = true;
    this.#agent.destroy();
  }
}

/** Sends a request of HTTP/1.1. @returns the answer's body. */
function answerTo(
  request: ClientRequest,
  message: Uint8Array,
  cancellation: CancellationToken,
): Promise<Buffer> {
  const answered = new Promise<Readable>((resolve, reject) => {
    request.on('error', reject);
    request.once('response', (response) => {
      const problem = problemOf(response.statusCode, response.headers['content-type']);
      if (problem === undefined) resolve(response);
      else reject(problem);
    });
  });
  request.end(message);
  const abort = () => request.destroy();
  return inTime({ time: ANSWER_TIME, cancellation, abort }, async () => {
    try {
      return await readBody(await answered);
    } catch (error) {
      abort();
      throw error;
    }
  });
}

function problemOf(status: number | undefined, type: string | undefined): Error | undefined {
  if (status !== 200) return new Error(`the server answers with status ${status}`);
  const own = type?.split(';')[0]?.trim().toLowerCase();
  return own === MESSAGE ? undefined : new Error('the server answers with no message of the DNS');
}

async function readBody(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_MESSAGE) throw new Error('the answer is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Waits for an answer no longer than `time`, ms, and not when it is given up: both abort it. */
function inTime<T>({ time, cancellation, abort }: Waiting, answer: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const finish = () => {
      clearTimeout(timer);
      cancellation.off(cancel);
    };
    const giveUp = (error: Error) => {
      finish();
      reject(error);
      abort();
    };
    const cancel = () => giveUp(failure('ECANCELED'));
    const timer = setTimeout(() => giveUp(new Error(`no answer in ${time / 1000} s`)), time);
    cancellation.on(cancel);
    answer().then(
      (value) => {
        finish();
        resolve(value);
      },
      (error: unknown) => {
        finish();
        reject(error);
      },
    );
  });
}
