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
  const all = { ...more, settings: { 'redis.url': url, ...settings } };
  return Promise.all(Array.from({ length: count }, () => replica(t, all)));
}

async function replica(t: TestContext, options: ServerOptions): Promise<TestServer> {
  for (;;) {
    const one = await startServer(options);
    t.after(() => one.close());
    const { server, events } = one;
    await comesTrue('it is reached', () => server.sharedState?.isThere === true);
    const before = events.splice(0);
    const isAway = before.some(
      (event) => event.type === 'warning' && / is away: /.test(event.message),
    );
    if (!isAway) return one;
    // A busy machine took more than one attempt: that it is away is not told again for a minute.
    await one.close();
  }
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
