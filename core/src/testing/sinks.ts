import { once } from 'node:events';
import {
  Destination,
  echo,
  expect,
  holdings,
  type SuiteContext,
  type SuiteOptions,
  troubles,
  within,
  withServer,
} from './suite.js';

/** What the suite of event sinks is given. */
export interface SinkSuite extends SuiteOptions {
  /**
   * How many connections the sink has told of as ended, wherever it tells that: it is asked after
   * the server has ended, and has to have lost none.
   */
  told?(): number | Promise<number>;
}

/** Connections that a sink is told of. */
const CONNECTIONS = 100;
/** How many at once. */
const AT_ONCE = 20;
/** How often it has to hold the event loop until it is not the machine's fault. */
const RUNS = 3;

/**
 * What an event sink has to do, as tests of `t`: `testSink(t, { server: { extensions: [folder] } })`.
 *
 * It holds nobody up: the event loop is its own for no more than 50 ms at once; it fails with no
 * event; it loses none, if the suite can ask; where it cannot do its work, connections go on, and the
 * server ends in time.
 */
export async function testSink(t: SuiteContext, suite: SinkSuite): Promise<void> {
  const { server, client = {}, secrets = [] } = suite;

  /** @returns what went wrong, and what was held up. */
  const serve = async (options: SuiteOptions['server']) => {
    const destination = await Destination.start();
    const found = { troubles: [] as string[], holdings: [] as string[] };
    try {
      await withServer(options, secrets, async (proxy) => {
        for (let done = 0; done < CONNECTIONS; done += AT_ONCE) {
          const some = Array.from({ length: AT_ONCE }, async () => {
            const { reply, socket } = await proxy.connect('127.0.0.1', destination.port, client);
            expect(reply === 0, `expected to be connected, not ${reply}`);
            await echo(socket, 'hello');
            socket.end();
            await within(once(socket.resume(), 'close'), 'the end of a connection');
          });
          await within(Promise.all(some), `serving ${AT_ONCE} connections`);
        }
        found.troubles.push(...troubles(proxy));
        found.holdings.push(...holdings(proxy));
      });
    } finally {
      await destination.close();
    }
    return found;
  };

  await t.test('it takes the events of many connections, and holds nobody up', async () => {
    const before = (await suite.told?.()) ?? 0;
    const first = await serve(server);
    const [trouble] = first.troubles;
    expect(trouble === undefined, `expected events to be taken, and not: ${trouble}`);
    if (suite.told !== undefined) {
      const told = (await suite.told()) - before;
      expect(
        told === CONNECTIONS,
        `expected ${CONNECTIONS} connections to be told of, not ${told}`,
      );
    }
    let [held] = first.holdings;
    for (let run = 1; run < RUNS && held !== undefined; run++)
      [held] = (await serve(server)).holdings;
    expect(held === undefined, `expected it to hold nobody up, and not: ${held}`);
  });

  const { broken } = suite;
  if (broken === undefined) return;
  await t.test(
    'where it cannot do its work, connections go on and the server ends in time',
    async () => {
      await serve({ answerTimeout: 1, ...broken });
    },
  );
}
