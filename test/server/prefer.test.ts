import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { ServerOptions } from 'picosocks5';
import { unlessHere } from '../support/addresses.js';
import { startServer } from '../support/server.js';
import { bytes, serve } from '../support/sockets.js';
import { address, connectTo, domain, greeted, readReply, request } from '../support/socks.js';
import { UdpPeer } from '../support/udp.js';

const skip = await unlessHere('::1');
const UNREACHABLE = 4;
const NO_SUCH_TYPE = 8;

/** A server to whose names one resolver gives addresses of loopback. */
function start(t: TestContext, options: ServerOptions) {
  const hosts: Readonly<Record<string, readonly string[]>> = {
    'both.example': ['::1', '127.0.0.1'],
    'four.example': ['127.0.0.1'],
    'six.example': ['::1'],
  };
  return startServer(t, { resolver: ['fake://hosts'], ...options }, ({ resolvers }) => {
    resolvers.register({
      id: 'fake',
      schemes: ['fake'],
      open: () => ({ lookup: async ({ name }) => ({ addresses: hosts[name] ?? [], ttl: 1000 }) }),
    });
  });
}

describe('names', { skip }, () => {
  const cases: readonly (readonly [
    prefer: ServerOptions['prefer'],
    name: string,
    reached: string | number,
  ])[] = [
    ['ipv4', 'both.example', '127.0.0.1'],
    ['ipv6', 'both.example', '::1'],
    ['ipv4', 'six.example', '::1'],
    ['ipv6', 'four.example', '127.0.0.1'],
    ['ipv4-only', 'both.example', '127.0.0.1'],
    ['ipv6-only', 'both.example', '::1'],
    ['ipv4-only', 'six.example', UNREACHABLE],
    ['ipv6-only', 'four.example', UNREACHABLE],
    ['ipv6-only', 'localhost', '::1'],
    ['ipv4-only', 'localhost', '127.0.0.1'],
  ];
  for (const [prefer, name, reached] of cases) {
    test(`${name} with ${prefer} is ${reached}`, async (t) => {
      const target = await serve(t, (socket) => socket.end('here'), '::');
      const { port, event } = await start(t, prefer === undefined ? {} : { prefer });
      const client = await greeted(t, port);
      client.send(5, 1, 0, domain(name, target));
      const { reply } = await readReply(client);
      assert.equal(reply, typeof reached === 'number' ? reached : 0);
      if (typeof reached === 'number') {
        assert.match((await event('rejected')).detail, /^the name has no IPv[46] address$/);
      } else assert.equal((await event('established')).remote?.host, reached);
    });
  }
});

describe('an address of a family that is not used', () => {
  const requests: readonly (readonly [prefer: 'ipv4-only' | 'ipv6-only', to: string])[] = [
    ['ipv4-only', '::1'],
    ['ipv6-only', '127.0.0.1'],
  ];
  for (const [prefer, to] of requests) {
    test(`is refused with reply 08: ${to} with ${prefer}`, async (t) => {
      const { port, event, server } = await startServer(t, { prefer });
      const { reply } = await connectTo(await greeted(t, port), to, 9);
      assert.equal(reply, NO_SUCH_TYPE);
      const { reason, detail } = await event('rejected');
      assert.deepEqual(
        [reason, /^IPv[46] is not used: prefer is ipv[46]-only$/.test(detail)],
        ['unsupported', true],
      );
      const { allowed, by } = await server.check(undefined, 'connect', { host: to, port: 9 });
      assert.deepEqual([allowed, by], [false, detail]);
    });
  }

  test('gets no datagram', async (t) => {
    const { port, event } = await startServer(t, { prefer: 'ipv4-only' });
    const { reply } = await request(t, port, 3, address('0.0.0.0', 0));
    const client = await UdpPeer.open(t);
    client.send(bytes(0, 0, 0, address('::1', 9), 'x'), reply.port);
    const { detail } = await event('rejected');
    assert.equal(detail, 'IPv6 is not used: prefer is ipv4-only');
  });
});

test('only one family is asked for', async (t) => {
  const families: unknown[] = [];
  const { port } = await startServer(
    t,
    { prefer: 'ipv6-only', resolver: ['fake://x'] },
    ({ resolvers }) => {
      resolvers.register({
        id: 'fake',
        schemes: ['fake'],
        open: () => ({
          lookup: async ({ family }) => {
            families.push(family);
            return { addresses: [], ttl: 0 };
          },
        }),
      });
    },
  );
  const client = await greeted(t, port);
  client.send(5, 1, 0, domain('a.example', 80));
  assert.equal((await readReply(client)).reply, UNREACHABLE);
  assert.deepEqual(families, ['ipv6']);
});
