import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { listenAtEach } from './addresses.js';

/** Text or bytes by path. */
export type Pages = Readonly<Record<string, string | Uint8Array>>;

/**
 * A web server on loopback that ends with the test. What is sent to it is answered by its hash.
 *
 * @param host an address, or a name: then at each of its addresses.
 * @param type of pages that are not HTML.
 */
export async function webServer(
  t: TestContext,
  pages: Pages = {},
  host = '127.0.0.1',
  type = 'application/octet-stream',
): Promise<{ port: number; url: string }> {
  const servers = await listenAtEach(host, async (address, at) => {
    const server = createServer((request, response) => void answer(request, response, pages, type));
    server.listen(at, address);
    await once(server, 'listening');
    return server;
  });
  t.after(() => {
    for (const server of servers) {
      server.close();
      server.closeAllConnections();
    }
  });
  const { port } = servers[0].address() as AddressInfo;
  return { port, url: `http://${host.includes(':') ? `[${host}]` : host}:${port}` };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  pages: Pages,
  type: string,
): Promise<void> {
  if (request.method !== 'GET') {
    const hash = createHash('sha256');
    for await (const chunk of request) hash.update(chunk);
    response.end(hash.digest('hex'));
    return;
  }
  const page = pages[request.url ?? '/'];
  if (page === undefined) response.writeHead(404).end();
  else {
    const html = typeof page === 'string' && page.startsWith('<!doctype html>');
    response.writeHead(200, { 'content-type': html ? 'text/html; charset=utf-8' : type }).end(page);
  }
}

/** A SHA-256 hash in hexadecimal. */
export function sha256(data: Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}
