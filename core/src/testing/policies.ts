import {
  Destination,
  echo,
  expect,
  type SuiteContext,
  type SuiteOptions,
  troubles,
  withServer,
} from './suite.js';
import type { Connected, TestServer } from './testserver.js';

/** What the suite of access policies is given. */
export interface PolicySuite extends SuiteOptions {
  /** What the policy refuses: a destination, and how the client comes if that is what matters. */
  readonly refused: { readonly host: string; readonly port: number };
  /** What it allows: a port of 127.0.0.1 of the suite's own if it is left out. */
  readonly allowed?: { readonly host: string; readonly port: number };
}

/** Destinations that nobody thinks of: each has to be answered, and none may be an error. */
const ODD: readonly (readonly [host: string, port: number])[] = [
  ['::1', 1],
  ['::ffff:127.0.0.1', 1],
  ['0.0.0.0', 1],
  ['x'.repeat(63), 1],
  [`${'x'.repeat(60)}.${'y'.repeat(60)}.invalid`, 1],
  ['UPPER.invalid.', 65535],
  ['xn--nxasmq6b.invalid', 1],
];

/**
 * What an access policy has to do, as tests of `t`: `testPolicy(t, { server: { extensions: [folder] },
 * refused: { host: 'localhost', port: 80 } })`.
 *
 * What it refuses gets the reply 2 of RFC 1928, and an event that says by what; what it allows is
 * connected, many at once; odd destinations are no error of its; where it cannot answer, it denies in
 * time.
 */
export async function testPolicy(t: SuiteContext, suite: PolicySuite): Promise<void> {
  const { server, refused, client = {}, secrets = [] } = suite;
  const ask = (proxy: TestServer, host: string, port: number): Promise<Connected> =>
    proxy.connect(host, port, client);
  const demandRefused = async (proxy: TestServer) => {
    const { reply } = await ask(proxy, refused.host, refused.port);
    expect(reply === 2, `expected the reply 2, not allowed, and not ${reply}`);
  };

  await t.test('what it refuses is refused, and it is told by what', () =>
    withServer(server, secrets, async (proxy) => {
      await demandRefused(proxy);
      const { detail, reason } = await proxy.event('rejected');
      expect(reason === 'not-allowed', `expected the reason "not-allowed", not "${reason}"`);
      expect(detail !== '', 'expected some words on what it was refused by');
    }),
  );

  await t.test('what it allows is connected, many at once, beside what it refuses', async () => {
    const own = await Destination.start();
    const { host, port } = suite.allowed ?? own;
    try {
      await withServer(server, secrets, async (proxy) => {
        const all = Array.from({ length: 20 }, async (_, i) => {
          if (i % 2 === 1) return demandRefused(proxy);
          const { reply, socket } = await ask(proxy, host, port);
          expect(reply === 0, `expected to be connected, not ${reply}`);
          if (suite.allowed === undefined) await echo(socket, `hello ${i}`);
        });
        await Promise.all(all);
        const [trouble] = troubles(proxy);
        expect(trouble === undefined, `expected answers, and not: ${trouble}`);
      });
    } finally {
      await own.close();
    }
  });

  await t.test('odd destinations are answered, and are no error of its', () =>
    withServer(server, secrets, async (proxy) => {
      for (const [host, port] of ODD) {
        const { reply, socket } = await ask(proxy, host, port);
        socket.destroy();
        expect(typeof reply === 'number', `expected an answer about "${host}", not ${reply}`);
      }
      const [trouble] = troubles(proxy);
      expect(trouble === undefined, `expected answers, and not: ${trouble}`);
    }),
  );

  const { broken } = suite;
  if (broken === undefined) return;
  await t.test('where it cannot answer it denies, in time', async () => {
    const own = await Destination.start();
    const { host, port } = suite.allowed ?? own;
    try {
      await withServer({ answerTimeout: 1, ...broken }, secrets, async (proxy) => {
        const { reply } = await ask(proxy, host, port);
        expect(reply === 2, `expected the reply 2, not allowed, and not ${reply}`);
      });
    } finally {
      await own.close();
    }
  });
}
