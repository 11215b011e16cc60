import type { TestContext } from 'node:test';
import { bytes, Client, serve } from './sockets.js';

/** A server that speaks as a test wants it to, and what was said to it. */
export interface ScriptedServer {
  readonly port: number;
  /** Its connections so far. */
  readonly clients: Client[];
}

/**
 * A server on loopback that answers as a script says.
 *
 * @param script speaks to each client; what it throws ends that connection.
 */
export async function scripted(
  t: TestContext,
  script: (client: Client) => Promise<void>,
): Promise<ScriptedServer> {
  const clients: Client[] = [];
  const port = await serve(t, (socket) => {
    const client = Client.of(socket);
    clients.push(client);
    script(client).catch(() => socket.destroy());
  });
  return { port, clients };
}

/** Reads a greeting of SOCKS 5, takes the client without a login, and reads its request's address. */
export async function takeRequest(client: Client): Promise<Buffer> {
  const [, count = 0] = await client.read(2);
  await client.read(count);
  client.send(5, 0);
  const head = await client.read(4);
  const type = head[3];
  const length = type === 3 ? ((await client.read(1))[0] as number) : type === 4 ? 16 : 4;
  return bytes(head, type === 3 ? length : Buffer.alloc(0), await client.read(length + 2));
}

/** Reads the head of an HTTP request. */
export async function takeHead(client: Client): Promise<string> {
  let head = '';
  while (!head.endsWith('\r\n\r\n')) head += (await client.read(1)).toString('latin1');
  return head;
}
