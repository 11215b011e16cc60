import type { TestContext } from 'node:test';
import type { ServerOptions } from 'picosocks5';
import { startServer, type TestServer } from 'picosocks5/testing';
import { comesTrue } from './redis.js';

/** Starts servers that share a Redis, and waits until they do: what they tell is told from then on. */
export async function replicas(
  t: TestContext,
  count: number,
  url: string,
  options: ServerOptions = {},
): Promise<TestServer[]> {
  const { settings, ...more } = options;
  const servers = await Promise.all(
    Array.from({ length: count }, () =>
      startServer({ ...more, settings: { 'redis.url': url, ...settings } }),
    ),
  );
  t.after(() => Promise.all(servers.map((server) => server.close())));
  for (const { server, events } of servers) {
    await comesTrue('it is reached', () => server.sharedState?.isThere === true);
    // On a busy machine that may take more than one attempt.
    events.splice(0);
  }
  return servers;
}

/** Connects as often as it says, one after the other. @returns how many were let in. */
export async function letIn(
  server: TestServer,
  port: number,
  count: number,
  options: Parameters<TestServer['connect']>[2] = {},
): Promise<number> {
  let n = 0;
  for (let i = 0; i < count; i++) {
    const reply = await server.connect('127.0.0.1', port, options).then(
      (one) => one.reply,
      () => undefined,
    );
    if (reply === 0) n++;
  }
  return n;
}
