import { createServer } from 'node:net';

/** How many ports after the one that is taken are tried. */
const TRIES = 20;

function isFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** The next port after one that nobody listens at, or undefined. */
export async function freePortAfter(
  port: number,
  hosts: readonly string[],
): Promise<number | undefined> {
  for (let next = port + 1; next <= Math.min(port + TRIES, 65_535); next++) {
    const free = await Promise.all(hosts.map((host) => isFree(next, host)));
    if (free.every(Boolean)) return next;
  }
  return undefined;
}
