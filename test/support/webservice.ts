import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import type { Certified } from './certificates.js';

/** What was posted to a web service. */
export interface Posted {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** How it answers: with a status and a text, or as the function does it. */
export type Reply =
  | readonly [status: number, text?: string, headers?: Readonly<Record<string, string>>]
  | ((response: ServerResponse) => void);

/** A web service on loopback that ends with the test. */
export class WebService {
  readonly port: number;
  readonly url: string;
  /** All that was posted, in order. */
  readonly posts: Posted[] = [];
  /** How many connections there were. */
  connections = 0;
  readonly #waiting = new Set<() => void>();

  private constructor(server: Server, scheme: string) {
    this.port = (server.address() as AddressInfo).port;
    this.url = `${scheme}://127.0.0.1:${this.port}`;
  }

  /** @param answer what is answered to what was posted; `certified` has it speak TLS. */
  static async start(
    t: TestContext,
    answer: (posted: Posted) => Reply | Promise<Reply>,
    certified?: Certified,
  ): Promise<WebService> {
    const server: Server = certified === undefined ? createServer() : createTlsServer(certified);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    t.after(() => {
      server.close();
      server.closeAllConnections();
    });
    const service = new WebService(server, certified === undefined ? 'http' : 'https');
    server.on(certified === undefined ? 'connection' : 'secureConnection', () => {
      service.connections++;
    });
    server.on('request', async (request, response) => {
      const { method = '', url: path = '', headers } = request;
      let body = '';
      for await (const part of request.setEncoding('utf8')) body += part;
      const posted = { method, path, headers, body };
      service.posts.push(posted);
      for (const look of service.#waiting) look();
      const reply = await answer(posted);
      if (typeof reply === 'function') reply(response);
      else response.writeHead(reply[0], reply[2]).end(reply[1] ?? '');
    });
    return service;
  }

  /** Waits until something is as it is to be of what was posted. */
  until(isMeant: (posts: readonly Posted[]) => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (!isMeant(this.posts)) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }
}
