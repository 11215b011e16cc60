import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { AuthenticationSource } from 'picosocks5';
import { startServer } from '../support/server.js';
import { bytes, Client } from '../support/sockets.js';
import { address, readReply } from '../support/socks.js';
import { HASH_OF_SECRET as hash, passwordFile, plainSecret as plain } from '../support/users.js';

const STATUS = 0x00;
const USER = 0x02;
const CHALLENGE = 0x03;
const RESPONSE = 0x04;
const ALGORITHMS = 0x11;
const HMAC_MD5 = 0x85;

function start(t: TestContext, ...lines: string[]) {
  return startServer(t, { auth: [passwordFile(t, ...lines)] });
}

function hmac(secret: string, challenge: Uint8Array): Buffer {
  return createHmac('md5', secret).update(challenge).digest();
}

/** A message of some attributes. */
function message(...attributes: [number, string | Uint8Array][]): Buffer {
  const parts = attributes.map(([id, value]) => bytes(id, bytes(value).length, value));
  return bytes(1, attributes.length, ...parts);
}

async function readMessage(client: Client): Promise<Map<number, Buffer>> {
  const [version, count = 0] = await client.read(2);
  assert.equal(version, 1);
  const attributes = new Map<number, Buffer>();
  for (let i = 0; i < count; i++) {
    const [id = -1, length = 0] = await client.read(2);
    attributes.set(id, await client.read(length));
  }
  return attributes;
}

async function chosen(t: TestContext, port: number, ...methods: number[]): Promise<Client> {
  const client = await Client.connect(t, port);
  client.send(5, methods.length, ...methods);
  assert.deepEqual(await client.read(2), bytes(5, 3));
  return client;
}

/** Offers HMAC-MD5 and returns the server's challenge. */
async function challenged(client: Client, user?: string): Promise<Buffer> {
  const identity: [number, string][] = user === undefined ? [] : [[USER, user]];
  client.send(message([ALGORITHMS, bytes(HMAC_MD5)], ...identity));
  const answer = await readMessage(client);
  assert.deepEqual(answer.get(ALGORITHMS), bytes(HMAC_MD5));
  const challenge = answer.get(CHALLENGE) ?? Buffer.alloc(0);
  assert.ok(challenge.length >= 16);
  return challenge;
}

async function assertFailure(client: Client): Promise<void> {
  const status = (await readMessage(client)).get(STATUS);
  assert.ok(status?.some((octet) => octet !== 0));
  assert.equal((await client.readAll()).length, 0);
}

test('CHAP is preferred, and takes the user with the algorithms or with the response', async (t) => {
  const { port, event } = await start(t, `alice:staff:${plain('secret')}`);
  for (const first of [true, false]) {
    const client = await chosen(t, port, 0, 2, 3);
    const challenge = await challenged(client, first ? 'alice' : undefined);
    const identity: [number, string][] = first ? [] : [[USER, 'alice']];
    client.send(message([RESPONSE, hmac('secret', challenge)], ...identity));
    assert.deepEqual((await readMessage(client)).get(STATUS), bytes(0));
    client.send(5, 1, 0, address('127.0.0.1', 1));
    assert.equal((await readReply(client)).reply, 5);
  }
  const { user, group, method } = await event('authenticated');
  assert.deepEqual({ user, group, method }, { user: 'alice', group: 'staff', method: 'chap' });
});

test('users and secrets that are found later, in the order of the sources', async (t) => {
  const later = (users: Readonly<Record<string, string>>, group: string) => ({
    name: group,
    kinds: new Set(['plain'] as const),
    async find(user: string) {
      await setImmediate();
      const password = users[user];
      return password === undefined
        ? []
        : [{ kind: 'plain' as const, password: Buffer.from(password), group }];
    },
    serverSecret: () => Buffer.from('own'),
  });
  const sources = [
    later({ alice: 'secret' }, 'first'),
    later({ alice: 'x', bob: 'bob' }, 'second'),
  ];
  const auth = ['later:0', 'later:1'];
  const { port, event, events } = await startServer(t, { auth }, (registries) =>
    registries.authenticationSources.register({
      id: 'later',
      open: async (i) => sources[Number(i)] as AuthenticationSource,
    }),
  );
  const answer = async (user: string, secret: string) => {
    const client = await chosen(t, port, 3);
    const challenge = await challenged(client, user);
    const mine = bytes(1, 2, 3);
    client.send(message([RESPONSE, hmac(secret, challenge)], [CHALLENGE, mine]));
    return { client, answer: await readMessage(client), expected: hmac('own', mine) };
  };
  for (const [user, secret, group] of [
    ['alice', 'secret', 'first'],
    ['bob', 'bob', 'second'],
  ] as const) {
    const { client, answer: told, expected } = await answer(user, secret);
    assert.deepEqual([told.get(STATUS), told.get(RESPONSE)], [bytes(0), expected]);
    client.send(message([STATUS, bytes(0)]));
    assert.equal((await event('authenticated', (login) => login.user === user)).group, group);
  }
  for (const [user, secret] of [
    ['alice', 'x'],
    ['nobody', 'secret'],
  ] as const) {
    assert.notDeepEqual((await answer(user, secret)).answer.get(STATUS), bytes(0));
  }
  assert.equal(events.filter(({ type }) => type === 'warning').length, 0);
});

test('the server authenticates itself with its own secret', async (t) => {
  const { port } = await start(t, `alice::${plain('secret')}`, `::${plain('own')}`);
  const mine = Buffer.alloc(20, 7);
  for (const satisfied of [true, false]) {
    const client = await chosen(t, port, 3);
    const challenge = await challenged(client, 'alice');
    client.send(message([RESPONSE, hmac('secret', challenge)], [CHALLENGE, mine]));
    const answer = await readMessage(client);
    assert.deepEqual(answer.get(STATUS), bytes(0));
    assert.deepEqual(answer.get(RESPONSE), hmac('own', mine));
    client.send(message([STATUS, bytes(satisfied ? 0 : 1)]));
    client.send(5, 1, 0, address('127.0.0.1', 1));
    if (satisfied) assert.equal((await readReply(client)).reply, 5);
    else await assertFailure(client);
  }
});

test('a server without a secret of its own fails a client that asks for it', async (t) => {
  const { port } = await start(t, `alice::${plain('secret')}`);
  const client = await chosen(t, port, 3);
  const challenge = await challenged(client, 'alice');
  client.send(message([RESPONSE, hmac('secret', challenge)], [CHALLENGE, bytes(1, 2, 3)]));
  await assertFailure(client);
});

test('wrong secrets and unknown users get the same answers', async (t) => {
  const { port } = await start(t, `alice::${plain('secret')}`, `bob::${hash}`, `::${plain('own')}`);
  for (const user of ['alice', 'nobody', 'bob', '']) {
    const client = await chosen(t, port, 3);
    const challenge = await challenged(client, user);
    client.send(message([RESPONSE, hmac(user === '' ? 'own' : 'wrong', challenge)]));
    await assertFailure(client);
  }
});

test('everything out of turn ends in a failure status', async (t) => {
  const { port } = await start(t, `alice::${plain('secret')}`);
  const offers: [string, Buffer][] = [
    ['no algorithm', message([USER, 'alice'])],
    ['an unknown algorithm', message([ALGORITHMS, bytes(5)])],
    ['an empty message', message()],
    ['another version', bytes(2, 0)],
  ];
  for (const [, offer] of offers) {
    const client = await chosen(t, port, 3);
    client.send(offer);
    await assertFailure(client);
  }
  const answers = [message(), message([USER, 'alice']), message([RESPONSE, bytes(1)]), bytes(9)];
  for (const answer of answers) {
    const client = await chosen(t, port, 3);
    await challenged(client, 'alice');
    client.send(answer);
    await assertFailure(client);
  }
});

test('CHAP is offered only where a plain secret exists', async (t) => {
  const { port } = await start(t, `bob::${hash}`);
  const client = await Client.connect(t, port);
  client.send(5, 1, 3);
  assert.deepEqual(await client.readAll(), bytes(5, 0xff));
});

test('a response cannot be used twice', async (t) => {
  const { port } = await start(t, `alice::${plain('secret')}`);
  const first = await chosen(t, port, 3);
  const response = hmac('secret', await challenged(first, 'alice'));
  const second = await chosen(t, port, 3);
  await challenged(second, 'alice');
  second.send(message([RESPONSE, response]));
  await assertFailure(second);
});
