import {
  Destination,
  echo,
  expect,
  type SuiteContext,
  type SuiteOptions,
  troubles,
  withServer,
} from './suite.js';

/** What the suite of resolvers is given: a server that asks the resolver, by `resolver`. */
export interface ResolverSuite extends SuiteOptions {
  /** A name that it knows, whose address is 127.0.0.1. */
  readonly name: string;
  /** A name that it knows not to exist. */
  readonly unknown: string;
}

/** Names that are odd, and names: each has to be answered. */
const ODD = [
  `${'x'.repeat(63)}.invalid`,
  '_service._tcp.invalid',
  'xn--nxasmq6b.invalid',
  'a-.invalid',
];

/**
 * What a resolver has to do, as tests of `t`: `testResolver(t, { server: { extensions: [folder],
 * resolver: ['mine://...'] }, name: 'here.test', unknown: 'nowhere.test' })`.
 *
 * A name that it knows is connected to, many at once; one that there is not, and odd ones, get the
 * reply 4 of RFC 1928 and are no error; where it cannot answer, the client is told in time.
 */
export async function testResolver(t: SuiteContext, suite: ResolverSuite): Promise<void> {
  const { server, name, unknown, client = {}, secrets = [] } = suite;

  await t.test('a name that it knows is connected to, many at once', async () => {
    const destination = await Destination.start();
    try {
      await withServer(server, secrets, async (proxy) => {
        const all = Array.from({ length: 20 }, async (_, i) => {
          const host = i % 2 === 0 ? name : name.toUpperCase();
          const { reply, socket } = await proxy.connect(host, destination.port, client);
          expect(reply === 0, `expected "${host}" to be connected, not ${reply}`);
          await echo(socket, `hello ${i}`);
        });
        await Promise.all(all);
        const [trouble] = troubles(proxy);
        expect(trouble === undefined, `expected answers, and not: ${trouble}`);
      });
    } finally {
      await destination.close();
    }
  });

  await t.test('a name that there is not, and odd ones, are unreachable and no error', () =>
    withServer(server, secrets, async (proxy) => {
      for (const host of [unknown, ...ODD]) {
        const { reply } = await proxy.connect(host, 1, client);
        expect(reply === 4, `expected the reply 4 about "${host}", unreachable, and not ${reply}`);
      }
      const [trouble] = troubles(proxy);
      expect(trouble === undefined, `expected answers, and not: ${trouble}`);
    }),
  );

  const { broken } = suite;
  if (broken === undefined) return;
  await t.test('where it cannot answer the client is told, in time', () =>
    withServer(broken, secrets, async (proxy) => {
      const { reply } = await proxy.connect(name, 1, { timeout: 15_000, ...client });
      expect(reply === 4 || reply === 1, `expected the reply 4 or 1, and not ${reply}`);
    }),
  );
}
