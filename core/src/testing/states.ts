import { monotonic } from '../base/clock.js';
import {
  Destination,
  expect,
  type SuiteContext,
  type SuiteOptions,
  troubles,
  within,
  withServer,
} from './suite.js';
import { TestServer } from './testserver.js';

/** What the suite of shared states is given: options of a server that has the state. */
export interface StateSuite extends SuiteOptions {
  /** How long a state may take until it knows that a server has ended, ms. */
  readonly patience?: number;
}

/** Connections of one address at once, in the suite. */
const LIMIT = 4;

/**
 * What a shared state has to do, as tests of `t`: `testState(t, { server: { extensions: [folder],
 * settings } })`. Nobody else may share it meanwhile.
 *
 * Several servers let in as many clients together as one would, however they come; what a server had
 * that ends is free; one that is started later knows. Where the state is away (`broken`) a server
 * starts, and goes by its own limits.
 */
export async function testState(t: SuiteContext, suite: StateSuite): Promise<void> {
  const { server, secrets = [], patience = 10_000 } = suite;
  const options = { ...server, maxconnPerAddress: LIMIT };

  await t.test('servers let in as many as one would, at once and one after the other', async () => {
    const destination = await Destination.start();
    try {
      await withServer(options, secrets, (one) =>
        withServer(options, secrets, async (two) => {
          const all = Array.from({ length: 4 * LIMIT }, (_, i) =>
            isLetIn(i % 2 === 0 ? one : two, destination.port),
          );
          const there = (await Promise.all(all)).filter(Boolean).length;
          expect(there === LIMIT, `expected ${LIMIT} connections of both, and not ${there}`);
          for (const proxy of [one, two]) {
            expect(!(await isLetIn(proxy, destination.port)), 'expected no room any more');
            const [trouble] = troubles(proxy);
            expect(trouble === undefined, `expected no trouble, and not: ${trouble}`);
          }
        }),
      );
    } finally {
      await destination.close();
    }
  });

  await t.test(
    'what a server had that has ended is free, and one that comes later knows',
    async () => {
      const destination = await Destination.start();
      try {
        await withServer(options, secrets, async (one) => {
          const two = await TestServer.start(options);
          for (let i = 0; i < LIMIT; i++) {
            expect(
              await isLetIn(i === 0 ? one : two, destination.port),
              `expected room for ${i + 1}`,
            );
          }
          await withServer(options, secrets, async (three) => {
            expect(!(await isLetIn(three, destination.port)), 'expected no room at a third server');
            await within(two.close(), 'ending a server');
            const end = monotonic() + patience;
            while (!(await isLetIn(three, destination.port))) {
              expect(
                monotonic() < end,
                `expected room after a server has ended, in ${patience} ms`,
              );
            }
          });
        });
      } finally {
        await destination.close();
      }
    },
  );

  const { broken } = suite;
  if (broken === undefined) return;
  await t.test('where it is away a server starts, and has its own limits', async () => {
    const destination = await Destination.start();
    try {
      await withServer({ ...broken, maxconnPerAddress: 1 }, secrets, async (proxy) => {
        expect(await isLetIn(proxy, destination.port), 'expected the first to be let in');
        expect(!(await isLetIn(proxy, destination.port)), 'expected the second to be refused');
      });
    } finally {
      await destination.close();
    }
  });
}

/** Whether a client gets a connection, which it keeps. */
async function isLetIn(proxy: TestServer, port: number): Promise<boolean> {
  const { reply } = await proxy.connect('127.0.0.1', port).catch(() => ({ reply: 'cut' as const }));
  return reply === 0;
}
