import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { resolve } from 'node:path';
import type { ExtensionServer } from 'picosocks5';
import { formatListen, type Listen } from './address.js';

/** How long a client has for its request, and how long it may keep a connection, ms. */
const REQUEST_TIME = 2000;
const IDLE_TIME = 30_000;
/** How long an answer may take until it is sent, ms. */
const ANSWER_TIME = 10_000;
const MAX_CONNECTIONS = 64;
/** Octets of a request's head. */
const MAX_HEAD = 8192;

/** What is answered: its status, type and text. */
export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

/** What is answered at each path. */
export type Pages = Readonly<
  Record<string, (request: IncomingMessage) => Promise<Answer> | Answer>
>;

/** Answers GET and HEAD at an address. */
export class Endpoint {
  readonly #server: Server;
  readonly #pages: Pages;
  readonly listen: Listen;

  /** @param pages what is answered, by path. */
  private constructor(listen: Listen, pages: Pages) {
    this.listen = listen;
    this.#pages = pages;
    const options = {
      requestTimeout: REQUEST_TIME,
      headersTimeout: REQUEST_TIME,
      keepAliveTimeout: IDLE_TIME,
      connectionsCheckingInterval: 1000,
      maxHeaderSize: MAX_HEAD,
    };
    this.#server = createServer(options, (request, response) => {
      void this.#answer(request, response);
    });
    this.#server.maxConnections = MAX_CONNECTIONS;
    this.#server.setTimeout(IDLE_TIME + REQUEST_TIME);
  }

  /** @throws {Error} saying why it cannot listen there. */
  static async open(server: ExtensionServer, listen: Listen, pages: Pages): Promise<Endpoint> {
    const endpoint = new Endpoint(listen, pages);
    const place = 'path' in listen ? { path: resolve(listen.path), mode: 0o660 } : listen;
    try {
      await server.listen(endpoint.#server, place);
    } catch (error) {
      endpoint.close();
      throw new Error(`metrics.listen: cannot listen at ${formatListen(listen)}: ${whyNot(error)}`);
    }
    // One that fails later is the next client's trouble.
    endpoint.#server.on('error', () => {});
    return endpoint;
  }

  /** Where it listens, with the port that the system has chosen. */
  get address(): Listen {
    const address = this.#server.address();
    if (typeof address !== 'object' || address === null) return this.listen;
    return { host: address.address, port: address.port };
  }

  /** Ends it; answers that are being made are sent before. */
  close(): void {
    this.#server.close();
    this.#server.closeIdleConnections();
    setTimeout(() => this.#server.closeAllConnections(), ANSWER_TIME).unref();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { status, type, text, allow } = await this.#answerTo(request);
    // A request that has content is not read to its end.
    const hasContent =
      'content-length' in request.headers || 'transfer-encoding' in request.headers;
    const isLast = hasContent || !this.#server.listening;
    response.writeHead(status, {
      'content-type': type,
      'content-length': Buffer.byteLength(text),
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      ...(allow && { allow }),
      ...(isLast && { connection: 'close' }),
    });
    response.end(request.method === 'HEAD' ? undefined : text);
  }

  async #answerTo(request: IncomingMessage): Promise<Answer & { readonly allow?: string }> {
    const path = (request.url ?? '').replace(/[?#].*$/s, '');
    const page = Object.hasOwn(this.#pages, path) ? this.#pages[path] : undefined;
    if (page === undefined) {
      return plain(404, `expected one of ${Object.keys(this.#pages).join(', ')}`);
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return { ...plain(405, 'expected GET or HEAD'), allow: 'GET, HEAD' };
    }
    try {
      return await page(request);
    } catch {
      return plain(500, 'it cannot be told now');
    }
  }
}

export function plain(status: number, text: string): Answer {
  return { status, type: 'text/plain; charset=utf-8', text: `${text}\n` };
}

function whyNot(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'EADDRINUSE':
      return 'another program listens there';
    case 'ENOTSOCK':
      return 'another file is there, which is no socket';
    case 'EADDRNOTAVAIL':
      return 'this host has no such address';
    case 'EACCES':
    case 'EPERM':
      return 'this user may not; expected a port from 1024 on, or a path in a folder of its own';
    case 'ENOENT':
      return 'there is no such folder';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'there is no such name';
    default:
      return message ?? String(error);
  }
}
