import {
  Destination,
  echo,
  expect,
  PATIENCE,
  type SuiteContext,
  type SuiteOptions,
  timed,
  troubles,
  usualTime,
  withServer,
} from './suite.js';
import type { TestServer } from './testserver.js';

/** What the suite of sources of users is given. */
export interface SourceSuite extends SuiteOptions {
  /** A user that the source knows, and the password. */
  readonly user: string;
  readonly password: string;
  /** A name that it does not know. */
  readonly unknown?: string;
  /**
   * Whether unknown users have to take as long as wrong passwords; false only for a source that
   * tells who there is in another way already.
   */
  readonly hidesUsers?: boolean;
}

/** Logins of each kind whose times are compared, and how many it takes to say that they differ. */
const SAMPLES = 5;
const MAX_SAMPLES = 10;
/**
 * The usual times may differ by so much, ms, or by this part of the longer one: the server answers
 * failures in steps of 100 ms, in which smaller differences do not show.
 */
const SLACK = 60;
const PART = 0.5;

/** Names that are another thing in LDAP, SQL, files, paths and URLs: none of them may be let in. */
const TRICKS = ['*', 'a)(uid=*', "' or '1'='1", 'a:b', '../a', 'a\0b', 'a\nb', '%61', ' ', 'é'];

/**
 * What a source of users has to do, as tests of `t`: `testSource(t, { server: { extensions: [folder],
 * auth: ['ldap:...'] }, user: 'alice', password: 'secret' })`.
 *
 * The right login is let in, many at once; a wrong password, an unknown user and names that try
 * something are not, and none of them is an error of the source; unknown users take as long as wrong
 * passwords; no password stands in what is told; where it cannot answer nobody is let in, in time.
 */
export async function testSource(t: SuiteContext, suite: SourceSuite): Promise<void> {
  const { server, user, password, unknown = 'nobody-that-there-is', hidesUsers = true } = suite;
  const wrong = `not-${password}`.slice(0, 255);
  const secrets = [password, wrong, ...(suite.secrets ?? [])];
  // Who has failed waits longer and longer: so each comes from an address of its own.
  let clients = 0;
  const isWide = process.platform !== 'darwin';
  const withPassword = (proxy: TestServer, name: string, word: string) => {
    const from = `127.1.${++clients >> 8}.${clients & 255}`;
    const login = { user: name, password: word, timeout: PATIENCE };
    return proxy.connect('127.0.0.1', 1, isWide ? { ...login, from } : login);
  };
  const demandRefused = async (proxy: TestServer, name: string, word: string) => {
    const { reply, socket } = await withPassword(proxy, name, word);
    socket.destroy();
    expect(reply === 'login', `expected ${JSON.stringify(name)} to be refused, not ${reply}`);
  };
  const demandNoTrouble = (proxy: TestServer) => {
    const [trouble] = troubles(proxy);
    expect(trouble === undefined, `expected an answer, and not: ${trouble}`);
  };

  await t.test('the right login is let in, many at once', async () => {
    const destination = await Destination.start();
    try {
      await withServer(server, secrets, async (proxy) => {
        const logins = Array.from({ length: 20 }, async () => {
          const login = { user, password, timeout: PATIENCE };
          const { reply, socket } = await proxy.connect('127.0.0.1', destination.port, login);
          expect(reply === 0, `expected to be let in and connected, not ${reply}`);
          await echo(socket, 'hello');
        });
        await Promise.all(logins);
        const { user: known } = await proxy.event('authenticated');
        expect(known !== undefined && known !== '', 'expected a name of who has logged in');
      });
    } finally {
      await destination.close();
    }
  });

  await t.test('wrong passwords, unknown users and tricks are refused, without an error', () =>
    withServer({ ...server, maxLoginFailures: 0 }, secrets, async (proxy) => {
      await demandRefused(proxy, user, wrong);
      await demandRefused(proxy, unknown, password);
      await demandRefused(proxy, user, 'x'.repeat(255));
      await demandRefused(proxy, 'x'.repeat(255), password);
      const words = TRICKS.filter((word) => word !== password);
      await Promise.all([
        ...TRICKS.map((name) => demandRefused(proxy, name, password)),
        ...words.map((word) => demandRefused(proxy, user, word)),
      ]);
      demandNoTrouble(proxy);
      const { reply } = await withPassword(proxy, user, password);
      expect(reply !== 'login', 'expected the right login to be let in after them');
    }),
  );

  if (hidesUsers) {
    await t.test('unknown users take as long as wrong passwords', () =>
      withServer({ ...server, maxLoginFailures: 0 }, secrets, async (proxy) => {
        await demandRefused(proxy, user, wrong);
        await demandRefused(proxy, unknown, wrong);
        const known: number[] = [];
        const others: number[] = [];
        const usual = () => [usualTime(known), usualTime(others)] as const;
        const isAlike = () => {
          const [a, b] = usual();
          return Math.abs(a - b) <= Math.max(SLACK, PART * Math.max(a, b));
        };
        // In turn, so that what else the machine does slows both down.
        for (let i = 0; i < SAMPLES || (i < MAX_SAMPLES && !isAlike()); i++) {
          const word = `${wrong.slice(0, 250)}${i}`;
          known.push(await timed(() => demandRefused(proxy, user, word)));
          others.push(await timed(() => demandRefused(proxy, `${unknown}${i}`, word)));
        }
        const [a, b] = usual();
        const times = `${a.toFixed(1)} ms for a wrong password, ${b.toFixed(1)} ms for an unknown user`;
        expect(isAlike(), `who there is can be told by the time: ${times}`);
      }),
    );
  }

  const { broken } = suite;
  if (broken === undefined) return;
  await t.test('where it cannot answer nobody is let in, in time', () =>
    withServer({ answerTimeout: 1, ...broken }, secrets, (proxy) =>
      demandRefused(proxy, user, password),
    ),
  );
}
