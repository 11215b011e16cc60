import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Disposable } from 'picosocks5';
import { writeWholeFile } from '../wholefile.js';

const HOST = '127.0.0.1';

/** How the path of the file ends. */
export const PAC_PATH = '/proxy.pac';

/** How long a client may take for its request, ms, and how many there may be at once. */
const REQUEST_TIME = 5000;
const MAX_CLIENTS = 64;

/** Where the file is served: kept, so that its URL is the same after a restart. */
interface Place {
  readonly port: number;
  /** What nobody can guess who is not told: rules tell of a person's network. */
  readonly token: string;
}

/** Serves the PAC file to programs of this computer. */
export class PacServer implements Disposable {
  readonly #file: string;
  readonly #content: () => string;
  #server: Server | undefined;
  #place: Place | undefined;

  /**
   * @param file where its place is kept.
   * @param content the PAC file at present.
   */
  constructor(file: string, content: () => string) {
    this.#file = file;
    this.#content = content;
  }

  /**
   * Serves from now on, at the place where it was served before if that is free.
   *
   * @returns the URL of the file.
   * @throws the system's error, or a {@link UserError} if the place cannot be kept.
   */
  async start(): Promise<string> {
    if (this.#server === undefined || this.#place === undefined) {
      const kept = await this.#kept();
      const server = createServer({ requestTimeout: REQUEST_TIME }, (request, response) =>
        this.#answer(request, response),
      );
      server.maxConnections = MAX_CLIENTS;
      const port = await listen(server, kept?.port ?? 0).catch(() => listen(server, 0));
      const place = { port, token: kept?.token ?? randomBytes(16).toString('hex') };
      this.#server = server;
      this.#place = place;
      if (place.port !== kept?.port)
        await writeWholeFile(this.#file, JSON.stringify(place), { secret: true });
    }
    const { port, token } = this.#place;
    return `http://${HOST}:${port}/${token}${PAC_PATH}`;
  }

  dispose(): void {
    this.#server?.close();
    this.#server?.closeAllConnections();
    this.#server = undefined;
  }

  async #kept(): Promise<Place | undefined> {
    try {
      const place: unknown = JSON.parse(await readFile(this.#file, 'utf8'));
      return isPlace(place) ? place : undefined;
    } catch {
      return undefined;
    }
  }

  #answer({ method, url, headers }: IncomingMessage, response: ServerResponse): void {
    const path = `/${this.#place?.token}${PAC_PATH}`;
    const isAsked = url?.split('?')[0] === path && headers.host === `${HOST}:${this.#place?.port}`;
    const isRead = method === 'GET' || method === 'HEAD';
    if (!isAsked || !isRead) {
      response.writeHead(isAsked ? 405 : 404, { Connection: 'close' }).end();
      return;
    }
    const content = this.#content();
    response.writeHead(200, {
      'Content-Type': 'application/x-ns-proxy-autoconfig',
      'Content-Length': Buffer.byteLength(content),
      'Cache-Control': 'no-cache',
      // No page can take it for a script of its own.
      'X-Content-Type-Options': 'nosniff',
      Connection: 'close',
    });
    response.end(method === 'GET' ? content : undefined);
  }
}

function isPlace(value: unknown): value is Place {
  if (typeof value !== 'object' || value === null) return false;
  const { port, token } = value as Record<string, unknown>;
  const isPort = Number.isInteger(port) && Number(port) > 0 && Number(port) < 65_536;
  return isPort && typeof token === 'string' && /^[0-9a-f]{32}$/.test(token);
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, HOST, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}
