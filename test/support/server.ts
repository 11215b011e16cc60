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
  t.after(() => server.close());
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
