import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { unlessHere } from '../support/addresses.js';
import { awakeClock, manualClock } from '../support/clock.js';
import { startServer } from '../support/server.js';
import { login } from '../support/socks.js';
import { HASH_OF_SECRET, passwordFile, plainSecret } from '../support/users.js';

const secret = plainSecret('secret');
const RIGHT = 0;

/** Wrong passwords, all at once. @returns the statuses. */
function guess(t: TestContext, port: number, from: string, passwords: readonly string[]) {
  return Promise.all(
    passwords.map(async (password) => (await login(t, port, 'alice', password, from)).status),
  );
}

function passwords(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `guess ${i}`);
}

test('slow: ten different wrong passwords lock a user out at that address', {
  skip: await unlessHere('127.0.0.2', '127.0.0.3'),
}, async (t) => {
  const auth = [passwordFile(t, `alice::${secret}`, `bob::${secret}`)];
  // Wrong passwords are answered late.
  const { port, event } = await startServer(t, { auth, handshakeTimeout: 120 });
  const status = async (user: string, from: string) =>
    (await login(t, port, user, 'secret', from)).status;

  assert.equal(await status('alice', '127.0.0.3'), RIGHT);
  for (const from of ['127.0.0.2', '127.0.0.3']) {
    const statuses = await guess(t, port, from, passwords(10));
    assert.ok(!statuses.includes(RIGHT));
  }
  assert.notEqual(await status('alice', '127.0.0.2'), RIGHT, 'the right password is refused');
  assert.ok(await event('authentication-failed', ({ detail }) => detail.includes('locked out')));
  assert.equal(await status('bob', '127.0.0.2'), RIGHT, 'another user');
  assert.equal(await status('alice', '127.0.0.1'), RIGHT, 'another address');
  assert.equal(await status('alice', '127.0.0.3'), RIGHT, 'who was known there already');
});

test('slow: who was known before a reload is known after it', async (t) => {
  const auth = [passwordFile(t, `alice::${HASH_OF_SECRET}`)];
  const { port, server } = await startServer(t, { auth, handshakeTimeout: 120 });
  assert.equal((await login(t, port, 'alice', 'secret')).status, RIGHT);
  await guess(t, port, '127.0.0.1', passwords(10));
  await server.reload();
  assert.equal((await login(t, port, 'alice', 'secret')).status, RIGHT);
  assert.notEqual((await login(t, port, 'alice', 'another')).status, RIGHT);
});

const harmless: [name: string, options: { maxLoginFailures: number }, guesses: string[]][] = [
  ['fewer wrong passwords', { maxLoginFailures: 4 }, passwords(3)],
  ['the same wrong password', { maxLoginFailures: 2 }, ['old', 'old', 'old']],
  ['no limit', { maxLoginFailures: 0 }, passwords(3)],
];
for (const [name, options, guesses] of harmless) {
  test(`nobody is locked out by ${name}`, async (t) => {
    const auth = [passwordFile(t, `alice::${secret}`)];
    const { port } = await startServer(t, { auth, ...options });
    await guess(t, port, '127.0.0.1', guesses);
    assert.equal((await login(t, port, 'alice', 'secret')).status, RIGHT);
  });
}

test('a lockout ends after lockoutTime', async (t) => {
  const clock = manualClock(t);
  const auth = [passwordFile(t, `alice::${secret}`)];
  const options = { auth, maxLoginFailures: 2, lockoutTime: 1 };
  const { port } = await startServer(t, options);
  await guess(t, port, '127.0.0.1', passwords(2));
  const status = async () => (await login(t, port, 'alice', 'secret')).status;
  assert.notEqual(await status(), RIGHT);
  clock.pass(999);
  assert.notEqual(await status(), RIGHT);
  clock.pass(1);
  assert.equal(await status(), RIGHT);
});

test('fifty logins at once with a slow hash succeed soon', async (t) => {
  const users = Array.from({ length: 50 }, (_, i) => `user${i}`);
  const auth = [passwordFile(t, ...users.map((user) => `${user}::${HASH_OF_SECRET}`))];
  const { port } = await startServer(t, { auth, handshakeTimeout: 120 });
  const awake = awakeClock(t);
  const statuses = await Promise.all(
    users.map(async (user) => (await login(t, port, user, 'secret')).status),
  );
  assert.deepEqual(new Set(statuses), new Set([RIGHT]));
  assert.ok(awake() < 5000, `${awake()} ms`);
});

test('fifty logins at once of one client succeed', async (t) => {
  const auth = [passwordFile(t, `alice::${HASH_OF_SECRET}`)];
  const { port } = await startServer(t, { auth, handshakeTimeout: 120 });
  const statuses = await guess(t, port, '127.0.0.1', Array(50).fill('secret'));
  assert.deepEqual(new Set(statuses), new Set([RIGHT]));
});
