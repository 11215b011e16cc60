import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { startServer } from 'picosocks5/testing';
import { contributing, extension } from '../support/extensions.js';
import { echoServer } from '../support/sockets.js';
import { HASH_OF_SECRET, passwordFile } from '../support/users.js';

test('picosocks5/testing: an extension, a client, and what the server has told', async (t) => {
  const folder = extension(
    t,
    contributing({ accessPolicies: ['guard'] }),
    `export function activate({ registries }) {
       registries.accessPolicies.register({
         id: 'guard',
         onAddress: ({ destination }) => destination.host === 'localhost' ? { by: 'guard' } : undefined,
       });
     }`,
  );
  const port = await echoServer(t);
  const auth = [passwordFile(t, `alice::${HASH_OF_SECRET}`)];
  const proxy = await startServer({ extensions: [folder], auth });
  t.after(() => proxy.close());
  const alice = { user: 'alice', password: 'secret' };
  assert.equal((await proxy.connect('127.0.0.1', port)).reply, 'method');
  assert.equal((await proxy.connect('127.0.0.1', port, { ...alice, password: '' })).reply, 'login');
  assert.equal((await proxy.connect('localhost', port, alice)).reply, 2);
  const { detail } = await proxy.event('rejected', (event) => event.detail.includes('guard'));
  assert.match(detail, /guard/);
  const { reply, socket } = await proxy.connect('127.0.0.1', port, alice);
  assert.equal(reply, 0);
  socket.write('echo');
  assert.equal(String((await once(socket, 'data'))[0]), 'echo');
  socket.end();
  const closed = await proxy.event('closed', ({ user, up }) => user === 'alice' && up === 4);
  assert.equal(closed.down, 4);
  await assert.rejects(proxy.event('stopped', undefined, 10), /no event "stopped" within 10 ms/);
});
