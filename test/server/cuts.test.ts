import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { Server, ServerOptions } from 'picosocks5';
import { manualClock } from '../support/clock.js';
import { temporaryDirectory } from '../support/files.js';
import { startServer } from '../support/server.js';
import { Client, peerServer } from '../support/sockets.js';
import { address, connected, readReply, request } from '../support/socks.js';
import { passwordFile, plainSecret } from '../support/users.js';

const ASSOCIATE = 3;

/** A client and the remote host, between whom the server relays. */
interface Ends {
  readonly client: Client;
  readonly remote: Client;
}

async function byConnect(t: TestContext, proxy: number): Promise<Ends> {
  const { port, peer } = await peerServer(t);
  const client = await connected(t, proxy, port);
  return { client, remote: await peer };
}

async function byBind(t: TestContext, proxy: number): Promise<Ends> {
  const { client, reply } = await request(t, proxy, 2, address('127.0.0.1', 0));
  const remote = await Client.connect(t, reply.port);
  await readReply(client);
  return { client, remote };
}

async function exchange({ client, remote }: Ends): Promise<void> {
  remote.send('half of a');
  assert.equal(String(await client.read(9)), 'half of a');
  client.send('question');
  assert.equal(String(await remote.read(8)), 'question');
  await setImmediate(); // Both ends read again: see wine('reset').
}

async function assertReset(...ends: Client[]): Promise<void> {
  for (const end of ends) {
    await end.readAll();
    assert.equal(end.error?.code, 'ECONNRESET');
  }
}

const cuts: [reason: string, cut: (server: Server) => unknown][] = [
  ['disconnected', (server) => server.disconnect(1)],
  ['shutdown', (server) => server.close()],
];
const commands = { CONNECT: byConnect, BIND: byBind };
for (const [reason, cut] of cuts) {
  for (const [name, connect] of Object.entries(commands)) {
    test(`a flow of ${name} that is cut (${reason}) is reset at both ends`, async (t) => {
      const { server, port, event } = await startServer(t);
      const ends = await connect(t, port);
      await exchange(ends);
      cut(server);
      await assertReset(ends.client, ends.remote);
      assert.equal((await event('closed')).reason, reason);
    });
  }

  test(`one end has finished when the flow is cut (${reason}): the other is reset`, async (t) => {
    const { server, port } = await startServer(t);
    const ends = await byConnect(t, port);
    await exchange(ends);
    ends.client.socket.end();
    await ends.remote.readAll();
    cut(server);
    await assertReset(ends.client);
  });

  test(`an association that is cut (${reason}) ends in peace`, async (t) => {
    const { server, port, event } = await startServer(t);
    const { client, reply } = await request(t, port, ASSOCIATE, address('0.0.0.0', 0));
    assert.equal(reply.reply, 0);
    cut(server);
    assert.equal((await client.readAll()).length, 0);
    assert.equal(client.error, undefined);
    assert.equal((await event('closed')).reason, reason);
  });
}

test('a flow that is idle is reset at both ends', async (t) => {
  const clock = manualClock(t, ['setTimeout', 'setInterval']);
  const { port, event } = await startServer(t, { timeout: 0.5 });
  const ends = await byConnect(t, port);
  await exchange(ends);
  await clock.passUntil(assertReset(ends.client, ends.remote), 500);
  assert.equal((await event('closed')).reason, 'idle-timeout');
});

test('slow: a flow that uses up its quota is reset at both ends', async (t) => {
  const quotaFile = join(temporaryDirectory(t), 'quota');
  const options: ServerOptions = {
    auth: [passwordFile(t, `alice::${plainSecret('secret')}`)],
    quotaFile,
    users: { alice: { perDay: 10 } },
  };
  const { port, event } = await startServer(t, options);
  const destination = await peerServer(t);
  const client = await Client.connect(t, port);
  client.send(5, 1, 2, 1, 5, 'alice', 6, 'secret', 5, 1, 0, address('127.0.0.1', destination.port));
  assert.deepEqual([...(await client.read(4))], [5, 2, 1, 0]);
  assert.equal((await readReply(client)).reply, 0);
  const ends = { client, remote: await destination.peer };
  await exchange(ends);
  await assertReset(ends.client, ends.remote);
  assert.equal((await event('closed')).reason, 'quota-exceeded');
});
