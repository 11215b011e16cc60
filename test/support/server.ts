import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import {
  createServer,
  type Registries,
  type Server,
  type ServerEvent,
  type ServerOptions,
} from 'picosocks5';

/** Events of a type, be it one of several that look alike. */
type EventOf<T, E = ServerEvent> = E extends { readonly type: infer U }
  ? T extends U
    ? E
    : never
  : never;

const letters: Readonly<Record<string, string>> = {
  connection: 'C',
  authenticated: 'A',
  'authentication-failed': 'F',
  request: 'Q',
  established: 'E',
  rejected: 'R',
  closed: 'X',
};

/** Asserts that the events of each connection come in the order that `ServerEvent` promises. */
export function assertOrder(events: readonly ServerEvent[]): void {
  const words = new Map<number, string>();
  for (const event of events) {
    if (!('id' in event)) continue;
    const letter = 'datagram' in event ? 'D' : (letters[event.type] ?? '?');
    words.set(event.id, (words.get(event.id) ?? '') + letter);
  }
  for (const [id, word] of words) {
    assert.match(word, /^(R|C(F|AQED*|(AQ?)?R?)X)$/, `the events of #${id}`);
  }
}

/** A server in this process that ends with the test. */
export interface TestServer {
  readonly server: Server;
  readonly port: number;
  /** All events so far. */
  readonly events: ServerEvent[];
  /** Waits for an event, one that has been or one to come. */
  event<T extends ServerEvent['type']>(
    type: T,
    where?: (event: EventOf<T>) => boolean,
  ): Promise<EventOf<T>>;
}

/** @param extend registers more before it listens. */
export async function startServer(
  t: TestContext,
  options: ServerOptions = {},
  extend: (registries: Registries) => void = () => {},
): Promise<TestServer> {
  const server = createServer({ listen: ['127.0.0.1:0'], ...options });
  extend(server.registries);
  const events: ServerEvent[] = [];
  const waiting = new Set<() => void>();
  server.onEvent((event) => {
    events.push(event);
    for (const look of waiting) look();
  });
  const [address] = await server.listen();
  t.after(async () => {
    await server.close();
    assertOrder(events);
  });
  return {
    server,
    port: address?.port ?? 0,
    events,
    event: (type, where = () => true) =>
      new Promise((resolve) => {
        const look = () => {
          for (const event of events) {
            if (event.type !== type) continue;
            const candidate = event as EventOf<typeof type>;
            if (!where(candidate)) continue;
            waiting.delete(look);
            resolve(candidate);
            return;
          }
        };
        waiting.add(look);
        look();
      }),
  };
}
