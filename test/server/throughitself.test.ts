import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Resolver } from '#core/outbound/resolve.js';
import { startServer } from '../support/server.js';
import { freePort } from '../support/sockets.js';
import { domain, greeted, readReply } from '../support/socks.js';
import { wine } from '../support/wine.js';

const listen = ['127.0.0.1:0'];

test('a reload that would have the server go through itself changes nothing', async (t) => {
  const { server, port, event } = await startServer(t);
  const own = new RegExp(`upstream \\S+: 127.0.0.1:${port} is where this server itself listens`);
  for (const url of [`socks5://127.0.0.1:${port}`, `http://localhost:${port}`]) {
    await assert.rejects(server.reload({ listen, via: [url] }), { message: own });
  }
  const far = { url: 'socks5://192.0.2.1' };
  const near = { url: `socks5://127.0.0.1:${await freePort(t)}` };
  const chain = (first: { url: string }) => ({
    listen,
    via: ['second'],
    upstreams: { first, second: { url: `http://127.0.0.1:${port}`, through: 'first' } },
  });
  await assert.rejects(server.reload(chain(near)), { message: own });
  await server.reload(chain(far));
  await event('reloaded');
});

test('what a server cannot know when it starts it notices when it would dial itself', {
  skip: wine('names'),
}, async (t) => {
  const port = await freePort(t);
  const { server, event } = await startServer(t, {
    listen: [`127.0.0.1:${port}`],
    via: [`socks5://other.invalid:${port}`],
  });
  // The name leads here from now on.
  t.mock.method(Resolver.prototype, 'resolve', async () => ['127.0.0.1']);
  const client = await greeted(t, port);
  client.send(5, 1, 0, domain('a.invalid', 80));
  assert.equal((await readReply(client)).reply, 1);
  client.socket.end();
  const { detail } = await event('rejected');
  assert.match(detail, /is where this server itself listens, which would go through itself$/);
  assert.equal((await event('closed')).id, 1);
  assert.equal(server.connections().length, 0, 'nobody else has come');
});
