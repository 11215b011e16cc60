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

/** Whether a warning says who held the event loop. */
export function isHolding(message: string): boolean {
  return message.includes('held the event loop');
}

/** A server in this process that ends with the test. */
export interface TestServer {
  readonly server: Server;
  readonly port: number;
  /** All events so far, but for warnings of who held the event loop: a busy machine makes some. */
  readonly events: ServerEvent[];
  /** Waits for an event, one that has been or one to come. */
  event<T extends ServerEvent['type']>(
    type: T,
    where?: (event: EventOf<T>) => boolean,
  ): Promise<EventOf<T>>;
  /** Waits for a warning of who held the event loop. */
  holding(): Promise<string>;
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
  const holdings: string[] = [];
  const waiting = new Set<() => void>();
  /** @param find what is waited for, if it is there. */
  const wait = <T>(find: () => T | undefined) =>
    new Promise<T>((resolve) => {
      const look = () => {
        const found = find();
        if (found === undefined) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
    });
  server.onEvent((event) => {
    if (event.type === 'warning' && isHolding(event.message)) holdings.push(event.message);
    else events.push(event);
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
      wait(() => {
        for (const event of events) {
          if (event.type !== type) continue;
          const candidate = event as EventOf<typeof type>;
          if (where(candidate)) return candidate;
        }
        return undefined;
      }),
    holding: () => wait(() => holdings[0]),
  };
}
