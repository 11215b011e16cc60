import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startServer } from '../support/server.js';
import { type Client, peerServer } from '../support/sockets.js';
import { address, connected, greeted, readReply } from '../support/socks.js';

async function start(t: TestContext) {
  const { port, peer } = await peerServer(t);
  const proxy = await startServer(t);
  const client = await connected(t, proxy.port, port);
  return { ...proxy, client, remote: await peer };
}

const directions: [name: string, ofClient: boolean][] = [
  ['the client', true],
  ['the remote host', false],
];
for (const [name, ofClient] of directions) {
  const ends = (client: Client, remote: Client): [Client, Client] =>
    ofClient ? [client, remote] : [remote, client];

  test(`half-close by ${name}: the other side goes on sending`, async (t) => {
    const { client, remote, event } = await start(t);
    const [first, other] = ends(client, remote);
    first.send('last words').socket.end();
    assert.equal((await other.readAll()).toString(), 'last words');
    for (const word of ['still', 'here']) {
      other.send(word);
      assert.equal((await first.read(word.length)).toString(), word);
    }
    other.socket.end();
    assert.equal((await first.readAll()).length, 0);
    assert.equal((await event('closed')).reason, 'finished');
  });

  test(`a reset by ${name} resets the other side`, async (t) => {
    const { client, remote, event } = await start(t);
    const [first, other] = ends(client, remote);
    other.send('x');
    await first.read(1);
    first.socket.resetAndDestroy();
    await other.closed();
    assert.equal(other.error?.code, 'ECONNRESET');
    const { reason } = await event('closed');
    assert.equal(reason, ofClient ? 'client-reset' : 'remote-reset');
  });

  test(`a reset by ${name} after half-close resets the other side`, async (t) => {
    const { client, remote, event } = await start(t);
    const [first, other] = ends(client, remote);
    other.socket.end();
    await first.readAll();
    first.socket.resetAndDestroy();
    await other.closed();
    const { reason } = await event('closed');
    assert.equal(reason, ofClient ? 'client-reset' : 'remote-reset');
  });
}

test('a client may half-close before the reply has come', async (t) => {
  const { port, peer } = await peerServer(t);
  const proxy = await startServer(t);
  const client = await greeted(t, proxy.port);
  client.send(5, 1, 0, address('127.0.0.1', port), 'question').socket.end();
  const remote = await peer;
  assert.equal((await remote.readAll()).toString(), 'question');
  remote.send('answer').socket.end();
  assert.equal((await readReply(client)).reply, 0);
  assert.equal((await client.readAll()).toString(), 'answer');
});
