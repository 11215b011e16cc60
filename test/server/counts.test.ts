import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createRegistries, Server, type ServerEvent } from 'picosocks5';
import { alone } from '#core/sharing.js';
import { Client } from '../support/sockets.js';

/** A server whose counts are kept elsewhere: each answer takes a while. */
async function start(t: TestContext, take: () => Promise<string | undefined>) {
  const given: string[] = [];
  const counts = { take, give: (keys: readonly string[]) => void given.push(...keys) };
  const sharing = { ...alone(), counts };
  const server = new Server({ listen: ['127.0.0.1:0'] }, createRegistries(), sharing);
  const events: ServerEvent[] = [];
  const ended = new Promise<void>((resolve) => {
    server.onEvent((event) => {
      events.push(event);
      if (event.type === 'closed') resolve();
    });
  });
  const [address] = await server.listen();
  t.after(() => server.close());
  return { port: address?.port ?? 0, events, ended, given, server };
}

const words = (events: readonly ServerEvent[]) =>
  events.map((event) => ('reason' in event ? `${event.type}: ${event.reason}` : event.type));

test('counts that fail turn a client away, and end nothing else', async (t) => {
  const take = () => Promise.reject(new Error('the store is down'));
  const { port, events, ended, given, server } = await start(t, take);
  const client = await Client.connect(t, port);
  assert.equal((await client.readAll()).length, 0);
  await ended;
  const after = ['rejected: internal-error', 'closed: internal-error'];
  assert.deepEqual(words(events), ['listening', 'connection', ...after]);
  assert.deepEqual(given, [], 'what was not counted is not given back');
  assert.equal(server.connections().length, 0);
});

for (const [name, full] of [
  ['full', 'all'],
  ['not full', undefined],
] as const) {
  test(`counts that answer after a connection's end: ${name}`, async (t) => {
    let answer = (_: string | undefined) => {};
    const answered = new Promise<string | undefined>((resolve) => {
      answer = resolve;
    });
    const { port, events, ended, given } = await start(t, () => answered);
    const client = await Client.connect(t, port);
    client.socket.resetAndDestroy();
    await ended;
    answer(full);
    await new Promise(setImmediate);
    assert.deepEqual(words(events), ['listening', 'connection', 'closed: client-left']);
    assert.deepEqual(given, full === undefined ? ['all', 'address 127.0.0.1'] : []);
  });
}
