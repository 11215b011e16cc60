import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  type SuiteContext,
  testOutbound,
  testPolicy,
  testResolver,
  testSink,
  testSource,
} from 'picosocks5/testing';
import { contributing, extension } from '../support/extensions.js';

/** Runs a suite, and says which of its tests have failed, and by what. */
async function failuresOf(run: (t: SuiteContext) => Promise<void>): Promise<string[]> {
  const failures: string[] = [];
  await run({
    async test(name, part) {
      try {
        await part();
      } catch (error) {
        failures.push(`${name}: ${(error as Error).message}`);
      }
    },
  });
  return failures;
}

function source(t: TestContext, verify: string): string {
  return extension(
    t,
    contributing({ authenticationSources: ['table'] }),
    `const slow = () => new Promise((resolve) => setTimeout(resolve, 250));
     export function activate({ registries }) {
       registries.authenticationSources.register({ id: 'table', open: (mode) => ({
         name: 'the table', kinds: new Set(['password']),
         async verify(user, password, { signal }) {
           const text = Buffer.from(password).toString();
           ${verify}
         },
       }) });
     }`,
  );
}

const alice = { user: 'alice', password: 'pa55word' };

test('a source that does what it should', async (t) => {
  const folder = source(
    t,
    `if (mode === 'hang') return new Promise(() => {});
     // Pauses of the machine, be they more often in those of one kind.
     if (user === 'alice' && /[024]$/.test(text)) await slow();
     return user === 'alice' && text === 'pa55word' ? { user } : undefined;`,
  );
  const server = { extensions: [folder], auth: ['table:x'] };
  const broken = { extensions: [folder], auth: ['table:hang'] };
  await testSource(t, { server, broken, ...alice });
});

const badSources: readonly (readonly [what: string, verify: string, failures: RegExp[]])[] = [
  [
    'that lets nobody in',
    'return undefined;',
    [/right login is let in.*not login/, /expected the right login to be let in after them/],
  ],
  [
    'that lets everybody in',
    'return { user };',
    [
      /wrong passwords.*expected "alice" to be refused/,
      /unknown users take as long.*to be refused/,
    ],
  ],
  [
    'that tells by the time who there is',
    `if (user !== 'alice') return undefined; await slow(); return text === 'pa55word' ? { user } : undefined;`,
    [/who there is can be told by the time: \d/],
  ],
  [
    'that fails by odd names',
    `if (user.includes(')')) throw new Error('bad filter'); return user === 'alice' && text === 'pa55word' ? { user } : undefined;`,
    [/expected an answer, and not: .*bad filter/],
  ],
  [
    'that tells a secret of its own',
    `if (user !== 'alice') throw new Error('no login with hunter2'); return text === 'pa55word' ? { user } : undefined;`,
    [/wrong passwords.*expected an answer/, /unknown users take.*secret 3 stands in an event/],
  ],
];
for (const [what, verify, expected] of badSources) {
  test(`a source ${what} is found`, async (t) => {
    const server = { extensions: [source(t, verify)], auth: ['table:x'] };
    assertFailures(
      await failuresOf((suite) => testSource(suite, { server, ...alice, secrets: ['hunter2'] })),
      expected,
    );
  });
}

function assertFailures(failures: readonly string[], expected: readonly RegExp[]): void {
  assert.equal(failures.length, expected.length, failures.join('\n'));
  for (const [i, pattern] of expected.entries()) assert.match(failures[i] ?? '', pattern);
}

function policy(t: TestContext, onAddress: string): string {
  return extension(
    t,
    contributing(
      { accessPolicies: ['guard'] },
      {
        configuration: { properties: { 'ext.hang': { type: 'boolean', default: false } } },
      },
    ),
    `export function activate({ registries, configuration }) {
       registries.accessPolicies.register({ id: 'guard', onAddress({ destination, address }) {
         if (configuration.get('ext.hang')) return new Promise(() => {});
         ${onAddress}
       } });
     }`,
  );
}

const refused = { host: '127.0.0.1', port: 7 };

test('a policy that does what it should', async (t) => {
  const folder = policy(t, `return destination.port === 7 ? { by: 'the guard' } : undefined;`);
  const server = { extensions: [folder] };
  await testPolicy(t, { server, broken: { ...server, settings: { 'ext.hang': true } }, refused });
});

test('policies that do not are found', async (t) => {
  const suite = (onAddress: string) => {
    const server = { extensions: [policy(t, onAddress)] };
    return failuresOf((one) => testPolicy(one, { server, refused }));
  };
  assertFailures(await suite('return undefined;'), [
    /what it refuses.*expected the reply 2/,
    /what it allows.*expected the reply 2/,
  ]);
  const four = `if (address?.length === 16) throw new Error('no IPv4'); return destination.port === 7 ? { by: 'the guard' } : undefined;`;
  assertFailures(await suite(four), [/odd destinations.*no IPv4/]);
});

function outbound(t: TestContext, connect: string): string {
  return extension(
    t,
    contributing({ outbounds: ['mine'] }),
    `import { connect } from 'node:net';
     import { once } from 'node:events';
     import { PassThrough, Duplex } from 'node:stream';
     export function activate({ registries }) {
       registries.outbounds.register({ id: 'mine', resolves: false, async connect({ addresses, destination }, signal) {
         const { port } = destination;
         if (port === 9) { globalThis.waiting = (globalThis.waiting ?? 0) + 1; await new Promise((_, reject) => signal.addEventListener('abort', () => { globalThis.waiting--; reject(signal.reason); })); }
         ${connect}
       } });
     }`,
  );
}

const open = () => (globalThis as { waiting?: number }).waiting ?? 0;
const unanswered = { host: '127.0.0.1', port: 9 };

test('a way out that does what it should', async (t) => {
  const folder = outbound(
    t,
    `const socket = connect({ host: addresses[0], port, allowHalfOpen: true });
     await once(socket, 'connect');
     return socket;`,
  );
  await testOutbound(t, { server: { extensions: [folder] }, unanswered, open });
});

test('ways out that do not are found', async (t) => {
  const suite = (connect: string) => {
    const server = { extensions: [outbound(t, connect)] };
    return failuresOf((one) => testOutbound(one, { server }));
  };
  const whole = await suite(
    `const socket = connect({ host: addresses[0], port }); await once(socket, 'connect'); return socket;`,
  );
  assert.match(whole.join('\n'), /a destination that has finished is still told/);
  const early = await suite(
    `const socket = connect({ host: addresses[0], port, allowHalfOpen: true }); socket.on('error', () => {}); return socket;`,
  );
  assert.match(early.join('\n'), /a destination that refuses is a reply.*not 0/);
});

function sink(t: TestContext, handle: string): string {
  return extension(
    t,
    contributing({ eventSinks: ['mine'] }),
    `import { appendFileSync } from 'node:fs';
     export function activate({ registries }) {
       registries.eventSinks.register({ id: 'mine', handle(event) { ${handle} } });
     }`,
  );
}

test('sinks that do what they should, and those that do not', async (t) => {
  const count = globalThis as { told?: number };
  const told = () => count.told ?? 0;
  const good = sink(
    t,
    `if (event.type === 'closed') globalThis.told = (globalThis.told ?? 0) + 1;`,
  );
  const fails = sink(t, `throw new Error('no room');`);
  const server = { extensions: [good] };
  await testSink(t, { server, broken: { extensions: [fails] }, told });

  const failed = await failuresOf((one) => testSink(one, { server: { extensions: [fails] } }));
  assertFailures(failed, [/expected events to be taken, and not: .*no room/]);
  const holds = sink(
    t,
    `if (event.type === 'closed' && event.id === 7) { const end = Date.now() + 200; while (Date.now() < end); }`,
  );
  const held = await failuresOf((one) => testSink(one, { server: { extensions: [holds] } }));
  assertFailures(held, [/held the event loop for \d+ ms/]);
  const lost = await failuresOf((one) => testSink(one, { server, told: () => 0 }));
  assertFailures(lost, [/expected 100 connections to be told of, not 0/]);
});

function resolver(t: TestContext, lookup: string): string {
  return extension(
    t,
    contributing({ resolvers: ['mine'] }),
    `export function activate({ registries }) {
       registries.resolvers.register({ id: 'mine', schemes: ['mine'], open: (url) => ({ async lookup({ name }) {
         ${lookup}
       } }) });
     }`,
  );
}

const names = { name: 'here.test', unknown: 'nowhere.test' };

test('resolvers that do what they should, and one that does not', async (t) => {
  const folder = resolver(
    t,
    `if (url.includes('broken')) throw new Error('the server is away');
     return { addresses: name === 'here.test' ? ['127.0.0.1'] : [], ttl: 0 };`,
  );
  const server = { extensions: [folder], resolver: ['mine://x'] };
  const broken = { ...server, resolver: ['mine://broken'] };
  await testResolver(t, { server, broken, ...names });

  const strict = resolver(
    t,
    `return { addresses: name === 'HERE.test' ? ['127.0.0.1'] : [], ttl: 0 };`,
  );
  const failures = await failuresOf((one) =>
    testResolver(one, { server: { ...server, extensions: [strict] }, ...names }),
  );
  assertFailures(failures, [/expected "here.test" to be connected, not 4/]);
});
