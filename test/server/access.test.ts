import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { ConnectRequest, ServerOptions } from 'picosocks5';
import { unlessHere } from '../support/addresses.js';
import { startServer, type TestServer } from '../support/server.js';
import { assertTurnedAway, bytes, Client, echoServer } from '../support/sockets.js';
import { address, connectTo, domain, greeted, login, readReply } from '../support/socks.js';
import { passwordFile, plainSecret } from '../support/users.js';

const ALLOWED = 0;
const DENIED = 2;
/** The destination is allowed, but nobody listens there. */
const REFUSED = 5;

const networks: [rules: string[], allowed: string[], denied: string[]][] = [
  [['!127.0.0.2', '127.0.0.0/8'], ['127.0.0.1', '127.0.0.3'], ['127.0.0.2']],
  [['127.0.0.1'], ['127.0.0.1'], ['127.0.0.2']],
  [
    ['!127.0.0.4/30', '*'],
    ['127.0.0.3', '127.0.0.8'],
    ['127.0.0.4', '127.0.0.7'],
  ],
  [['127.0.0.0/8', '!127.0.0.2'], ['127.0.0.2'], []],
  [['::ffff:127.0.0.1'], ['127.0.0.1'], ['127.0.0.2']],
];
for (const [rules, allowed, denied] of networks) {
  const skip = await unlessHere(...allowed, ...denied);
  test(`network rules at accept: ${rules}`, { skip }, async (t) => {
    const { port, event } = await startServer(t, { network: rules });
    for (const from of denied) {
      await assertTurnedAway(t, port, from);
      const rejected = await event('rejected', ({ client }) => client.host === from);
      assert.equal(rejected.reason, 'not-allowed');
    }
    for (const from of allowed) {
      const client = await Client.connect(t, port, '127.0.0.1', from);
      client.send(5, 1, 0);
      assert.deepEqual(await client.read(2), bytes(5, 0));
    }
  });
}

const PORT = 7;
const requests: [rules: string[], name: string, destination: Buffer, reply: number][] = [
  [['!connect:127.0.0.9', 'all'], '127.0.0.9', address('127.0.0.9', PORT), DENIED],
  [
    ['!connect:127.0.0.9', 'all'],
    '127.0.0.9 as IPv6',
    bytes(4, Buffer.alloc(10), 255, 255, 127, 0, 0, 9, 0, PORT),
    DENIED,
  ],
  [['!connect:127.0.0.9', 'all'], 'the name 127.0.0.9', domain('127.0.0.9', PORT), DENIED],
  [
    ['!connect:127.0.0.9', 'all'],
    'the name ::ffff:127.0.0.9',
    domain('::ffff:127.0.0.9', PORT),
    DENIED,
  ],
  [
    ['!connect:127.0.0.9', 'all'],
    'the name ::FFFF:7f00:0009',
    domain('::FFFF:7f00:0009', PORT),
    DENIED,
  ],
  [['!connect:127.0.0.9', 'all'], '127.0.0.8', address('127.0.0.8', PORT), REFUSED],
  [['!connect:::1', 'all'], '::1', address('::1', PORT), DENIED],
  [['!connect:::1', 'all'], 'the name 0:0:0:0:0:0:0:1', domain('0:0:0:0:0:0:0:1', PORT), DENIED],
  [
    ['!connect:127.0.0.0/8', '!connect:::1', 'all'],
    'the name localhost',
    domain('localhost', PORT),
    DENIED,
  ],
  [
    ['connect:127.0.0.0/8', 'connect:::1'],
    'the name localhost',
    domain('localhost', PORT),
    REFUSED,
  ],
  [['!connect:localhost', 'all'], 'the name LocalHost', domain('LocalHost', PORT), DENIED],
  [['!connect:localhost', 'all'], '127.0.0.1', address('127.0.0.1', PORT), DENIED],
  [['connect:localhost'], '127.0.0.2', address('127.0.0.2', PORT), DENIED],
  [['bind', 'assoc'], '127.0.0.1', address('127.0.0.1', PORT), DENIED],
  [['connect', '!all'], '127.0.0.1', address('127.0.0.1', PORT), REFUSED],
  [['!all', 'connect'], '127.0.0.1', address('127.0.0.1', PORT), DENIED],
  [['connect:127.0.0.1:7'], '127.0.0.1', address('127.0.0.1', PORT), REFUSED],
  [['connect:127.0.0.1:8-9'], '127.0.0.1', address('127.0.0.1', PORT), DENIED],
];
for (const [rules, name, destination, expected] of requests) {
  // Whether an address refuses is told by the machine that has it.
  const skip = expected === REFUSED && isIP(name) !== 0 ? await unlessHere(name) : undefined;
  test(`reply ${expected} by ${rules} for ${name}`, { skip }, async (t) => {
    const { port } = await startServer(t, { request: rules });
    const client = await greeted(t, port);
    client.send(5, 1, 0, destination);
    assert.equal((await readReply(client)).reply, expected);
  });
}

test('of the addresses of a name only those that are allowed are dialled', async (t) => {
  const { port, server } = await startServer(t, { request: ['!connect:::1', 'all'] });
  const dialled: unknown[] = [];
  const connect = ({ addresses }: ConnectRequest) => {
    dialled.push(addresses);
    return Promise.reject(new Error('only asked'));
  };
  server.registries.outbounds.register({ id: 'asking', resolves: false, connect });
  await connectTo(await greeted(t, port), 'localhost', PORT);
  assert.deepEqual(dialled, [['127.0.0.1']]);
});

/** A server with the users alice of staff, bob of guests and carol without a group. */
function startWithUsers(t: TestContext, options: ServerOptions): Promise<TestServer> {
  const secret = plainSecret('secret');
  const lines = [`alice:staff:${secret}`, `bob:guests:${secret}`, `carol::${secret}`];
  return startServer(t, { auth: [passwordFile(t, ...lines)], anonymous: true, ...options });
}

async function replyTo(
  t: TestContext,
  proxy: number,
  user: string | undefined,
  host: string,
  port: number,
): Promise<number> {
  const client =
    user === undefined ? await greeted(t, proxy) : (await login(t, proxy, user, 'secret')).client;
  return (await connectTo(client, host, port)).reply;
}

test('rules of groups: their own first, then their base, then the global ones', {
  skip: await unlessHere('127.0.0.2', '127.0.0.3', '127.0.0.4'),
}, async (t) => {
  const { port: proxy } = await startWithUsers(t, {
    request: ['!connect:127.0.0.3', 'connect:127.0.0.4'],
    groups: {
      staff: { request: ['connect:127.0.0.1', '!connect:127.0.0.2'] },
      guests: { request: ['connect:127.0.0.2'], base: 'staff' },
      '*': { request: ['connect:127.0.0.3'] },
    },
  });
  const echo = await echoServer(t);
  const expected: [user: string | undefined, hosts: Record<string, number>][] = [
    ['alice', { '127.0.0.1': ALLOWED, '127.0.0.2': DENIED, '127.0.0.3': DENIED }],
    ['bob', { '127.0.0.1': ALLOWED, '127.0.0.2': REFUSED, '127.0.0.3': DENIED }],
    ['carol', { '127.0.0.1': DENIED, '127.0.0.3': REFUSED, '127.0.0.4': REFUSED }],
    [undefined, { '127.0.0.1': DENIED, '127.0.0.3': REFUSED, '127.0.0.4': REFUSED }],
  ];
  for (const [user, hosts] of expected) {
    for (const [host, reply] of Object.entries(hosts)) {
      assert.equal(await replyTo(t, proxy, user, host, echo), reply, `${user} to ${host}`);
    }
  }
});

test('network rules of groups are judged when the user is known', async (t) => {
  const { port, event } = await startWithUsers(t, {
    groups: { staff: { network: ['!127.0.0.1', '*'] } },
  });
  assert.equal(await replyTo(t, port, 'alice', '127.0.0.1', PORT), DENIED);
  assert.match((await event('rejected')).detail, /!127\.0\.0\.1.*\[staff\]/);
  assert.equal(await replyTo(t, port, 'bob', '127.0.0.1', PORT), REFUSED);
});
