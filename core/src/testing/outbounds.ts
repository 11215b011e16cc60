import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  Destination,
  echo,
  expect,
  PATIENCE,
  readAll,
  type SuiteContext,
  type SuiteOptions,
  troubles,
  within,
  withServer,
} from './suite.js';
import type { TestServer } from './testserver.js';

/** What the suite of ways out is given: a server all of whose connections go that way. */
export interface OutboundSuite extends SuiteOptions {
  /**
   * A destination to which the way out never gets: whose server accepts, and does not answer. With
   * it is tried that the way out gives up when nobody waits any more.
   */
  readonly unanswered?: { readonly host: string; readonly port: number };
  /** How many connections that it has made are open: there has to be none left in the end. */
  open?(): number | Promise<number>;
}

/** What is sent each way, octets. */
const SIZE = 4 * 1024 * 1024;
/** What may be on its way to a destination that does not read, octets. */
const MAX_BUFFERED = 48 * 1024 * 1024;

/**
 * What a way out has to do, as tests of `t`: `testOutbound(t, { server: { extensions: [folder], via:
 * ['all=mine'] } })`.
 *
 * Data comes whole, both ways, and what the destination says first; each side can finish by itself;
 * a destination that does not read holds the client back, and costs little memory; one that refuses
 * is a reply that says so, and not success; when nobody waits any more, it gives up; nothing is left
 * of connections that have ended.
 */
export async function testOutbound(t: SuiteContext, suite: OutboundSuite): Promise<void> {
  const { server, client = {}, secrets = [] } = suite;

  /** A connection by the way out to a destination. */
  const trying = async (
    serve: ((socket: Socket) => void) | undefined,
    run: (socket: Socket, proxy: TestServer, destination: Destination) => Promise<void>,
  ) => {
    const destination = await Destination.start(serve);
    try {
      await withServer(server, secrets, async (proxy) => {
        const options = { allowHalfOpen: true, ...client };
        const { reply, socket } = await proxy.connect('127.0.0.1', destination.port, options);
        expect(reply === 0, `expected to be connected, not ${reply}`);
        await run(socket, proxy, destination);
        const [trouble] = troubles(proxy);
        expect(trouble === undefined, `expected no error, and not: ${trouble}`);
      });
    } finally {
      await destination.close();
    }
  };

  await t.test('data comes whole, both ways', () =>
    trying(undefined, async (socket) => {
      const data = randomBytes(SIZE);
      const got = readAll(socket);
      socket.end(data);
      const back = await within(got, 'what comes back');
      expect(digest(back) === digest(data), `expected ${SIZE} octets back, not ${back.length}`);
    }),
  );

  await t.test('what the destination says first comes', () =>
    trying(
      (socket) => socket.end('welcome'),
      async (socket) => {
        const text = String(await within(readAll(socket), 'what the destination says'));
        expect(text === 'welcome', `expected "welcome", not "${text}"`);
        socket.end();
      },
    ),
  );

  await t.test('a client that has finished is still answered', () =>
    trying(
      (socket) =>
        void readAll(socket).then(
          (all) => socket.end(`you said ${all}`),
          () => {},
        ),
      async (socket) => {
        const got = readAll(socket);
        socket.end('goodbye');
        const text = String(await within(got, 'the answer to a client that has finished'));
        expect(text === 'you said goodbye', `expected "you said goodbye", not "${text}"`);
      },
    ),
  );

  await t.test('a destination that has finished is still told', async () => {
    let told: Promise<Buffer> | undefined;
    await trying(
      (socket) => {
        told = readAll(socket);
        socket.end('goodbye');
      },
      async (socket) => {
        await within(once(socket.resume(), 'end'), 'the end of what the destination says');
        socket.end('still here');
        const text = String(await within(told as Promise<Buffer>, 'what the client says'));
        expect(text === 'still here', `expected "still here", not "${text}"`);
      },
    );
  });

  await t.test('a destination that does not read holds the client back', () =>
    trying(
      () => {},
      async (socket, _proxy, destination) => {
        const chunk = Buffer.alloc(256 * 1024, 'x');
        let sent = 0;
        for (;;) {
          expect(
            sent <= MAX_BUFFERED,
            `expected to be held back, not to get rid of ${sent} octets`,
          );
          sent += chunk.length;
          if (socket.write(chunk)) continue;
          const drained = once(socket, 'drain').then(() => true);
          if (!(await Promise.race([drained, sleep(1000, false)]))) break;
        }
        let got = 0;
        for (const one of destination.sockets) one.on('data', (data) => (got += data.length));
        socket.end();
        for (const one of destination.sockets) await within(once(one, 'end'), 'what was held back');
        expect(got === sent, `expected all ${sent} octets then, not ${got}`);
      },
    ),
  );

  await t.test('a destination that refuses is a reply that says so', async () => {
    const nobody = await Destination.refusing();
    await withServer(server, secrets, async (proxy) => {
      const { reply } = await proxy.connect(nobody.host, nobody.port, client);
      const isFailure = typeof reply === 'number' && [1, 3, 4, 5].includes(reply);
      expect(isFailure, `expected a reply that says why (5, refused), not ${reply}`);
      const { reason } = await proxy.event('rejected');
      expect(reason !== 'not-allowed', 'expected it to be no matter of access');
    });
  });

  await t.test('many at once, and nothing is left of them', () =>
    trying(undefined, async (first, proxy, destination) => {
      const all = Array.from({ length: 20 }, async (_, i) => {
        const { reply, socket } = await proxy.connect('127.0.0.1', destination.port, client);
        expect(reply === 0, `expected to be connected, not ${reply}`);
        await echo(socket, `hello ${i}`);
        // Some just leave.
        if (i % 2 === 0) socket.destroy();
        else socket.end();
        if (i % 2 === 1) await within(once(socket.resume(), 'close'), 'the end of a connection');
      });
      await Promise.all(all);
      first.destroy();
      await none(() => destination.sockets.size, 'connections to the destination');
      await none(() => proxy.server.connections().length, 'connections of clients');
      const { open } = suite;
      if (open !== undefined) await none(() => open(), 'connections of the way out');
    }),
  );

  const { unanswered } = suite;
  if (unanswered === undefined) return;
  await t.test('it gives up when nobody waits any more', () =>
    withServer({ ...server, connectTimeout: 1 }, secrets, async (proxy) => {
      const { reply } = await proxy.connect(unanswered.host, unanswered.port, client);
      expect(reply !== 0, 'expected no success of a connection that is never made');
      await none(() => proxy.server.connections().length, 'connections of clients');
      const { open } = suite;
      if (open !== undefined) await none(() => open(), 'connections of the way out');
    }),
  );
}

function digest(data: Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

async function none(count: () => number | Promise<number>, what: string): Promise<void> {
  const tries = PATIENCE / 20;
  for (let i = 0; i < tries; i++) {
    if ((await count()) === 0) return;
    await sleep(20);
  }
  throw new Error(`expected none of the ${what} to be left, not ${await count()}`);
}
