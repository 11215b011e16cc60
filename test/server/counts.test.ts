import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createRegistries, Server, type ServerEvent } from 'picosocks5';
import { toDisposable } from '#core/base/disposable.js';
import type { Counts, Full } from '#core/limits/counts.js';
import { alone } from '#core/sharing/sharing.js';
import { assertTurnedAway, Client } from '../support/sockets.js';

/** A server whose counts are kept elsewhere: each answer takes a while. */
async function start(t: TestContext, answer: () => Promise<Full | undefined>) {
  const given: string[] = [];
  const counts: Counts = {
    take: async (wanted) =>
      (await answer()) ?? toDisposable(() => given.push(...wanted.map(({ key }) => key))),
  };
  const sharing = { ...alone(), counts };
  const server = new Server({ listen: ['127.0.0.1:0'] }, createRegistries(), sharing);
  const events: ServerEvent[] = [];
  let wake = () => {};
  server.onEvent((event) => {
    events.push(event);
    wake();
  });
  /** Waits for an event of a type. */
  const told = async (type: ServerEvent['type']) => {
    while (!events.some((event) => event.type === type)) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  const [address] = await server.listen();
  t.after(() => server.close());
  return { port: address?.port ?? 0, events, told, given, server };
}

const words = (events: readonly ServerEvent[]) =>
  events.map((event) => ('reason' in event ? `${event.type}: ${event.reason}` : event.type));

test('counts that fail turn a client away, and end nothing else', async (t) => {
  const take = () => Promise.reject(new Error('the store is down'));
  const { port, events, told, given, server } = await start(t, take);
  await assertTurnedAway(t, port);
  await told('rejected');
  assert.deepEqual(words(events), ['listening', 'rejected: internal-error']);
  assert.deepEqual(given, [], 'what was not counted is not given back');
  assert.equal(server.connections().length, 0);
});

test('a count that answers too late turns a client away, and is given back', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let answer = (_: Full | undefined) => {};
  let asked = () => {};
  const asking = new Promise<void>((resolve) => {
    asked = resolve;
  });
  const take = () => {
    asked();
    return new Promise<Full | undefined>((resolve) => {
      answer = resolve;
    });
  };
  const { port, events, told, given } = await start(t, take);
  const turnedAway = assertTurnedAway(t, port);
  await asking;
  t.mock.timers.tick(5000);
  await Promise.all([turnedAway, told('rejected')]);
  answer(undefined);
  await new Promise(setImmediate);
  assert.deepEqual(words(events), ['listening', 'rejected: internal-error']);
  assert.deepEqual(given, ['all', 'address 127.0.0.1']);
});

const cases = [
  ['full', { full: 'all' }, ['rejected: too-many-connections'], []],
  ['not full', undefined, ['connection', 'closed: client-left'], ['all', 'address 127.0.0.1']],
] as const;
for (const [name, full, expected, back] of cases) {
  test(`counts that answer after the client has left: ${name}`, async (t) => {
    let answer = (_: Full | undefined) => {};
    const answered = new Promise<Full | undefined>((resolve) => {
      answer = resolve;
    });
    const { port, events, told, given } = await start(t, () => answered);
    const client = await Client.connect(t, port);
    client.socket.resetAndDestroy();
    await client.closed();
    answer(full);
    await told(full === undefined ? 'closed' : 'rejected');
    assert.deepEqual(words(events), ['listening', ...expected]);
    assert.deepEqual(given, back);
  });
}
