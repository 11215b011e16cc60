import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createServer } from 'picosocks5';
import { startServer } from '../support/server.js';
import { echoServer } from '../support/sockets.js';
import { domain, greeted, readReply } from '../support/socks.js';

describe('a URL of a resolver that is none', () => {
  const wrong: readonly (readonly [url: string, message: RegExp])[] = [
    ['udp://', /expected system, or a URL/],
    ['udp://a b', /expected udp:\/\/HOST\[:PORT\]$/],
    ['udp://192.0.2.1:99999', /expected udp:\/\/HOST/],
    ['tcp://[2001:db8::1]:0', /"tcp:\/\/\[2001:db8::1\]:0": expected a port from 1 to 65535$/],
    ['udp://192.0.2.1/path', /expected nothing behind the host and the port/],
    ['tcp://192.0.2.1#name', /expected nothing behind the host and the port/],
    ['tls://192.0.2.1/path', /expected nothing behind the host and the port/],
    ['https://user:geheim@dns.example/', /takes no user and no password/],
    [
      'ftp://192.0.2.1',
      /unknown scheme; expected system, udp:\/\/, tcp:\/\/, tls:\/\/, https:\/\/$/,
    ],
    ['system://x', /expected system alone/],
  ];
  for (const [url, message] of wrong) {
    test(url, async (t) => {
      const start = async () => {
        const server = createServer({ listen: ['127.0.0.1:0'], resolver: [url] });
        t.after(() => server.close());
        await server.listen();
      };
      await assert.rejects(start, (error: Error) => {
        assert.equal(error.name, 'UserError');
        assert.match(error.message, message);
        assert.doesNotMatch(error.message, /geheim/);
        return true;
      });
    });
  }
});

test('each listener has its resolvers, which are kept over a reload, and closed in the end', async (t) => {
  const opened: string[] = [];
  const closed: string[] = [];
  const asked: string[] = [];
  const any = ['127.0.0.1:0'];
  const options = {
    listen: [],
    resolver: ['fake://all'],
    listeners: { all: { listen: any }, own: { listen: any, resolver: ['fake://own'] } },
  };
  const server = createServer(options);
  t.after(() => server.close());
  server.registries.resolvers.register({
    id: 'fake',
    schemes: ['fake'],
    open: (url) => {
      opened.push(url);
      return {
        lookup: async ({ name }) => {
          asked.push(`${url} ${name}`);
          return { addresses: ['127.0.0.1'], ttl: 60_000 };
        },
        dispose: () => closed.push(url),
      };
    },
  });
  await server.listen();
  const echo = await echoServer(t);
  const askEach = async () => {
    for (const { addresses } of server.listeners) {
      const client = await greeted(t, addresses[0]?.port ?? 0);
      client.send(5, 1, 0, domain('a.example', echo));
      assert.equal((await readReply(client)).reply, 0);
      client.socket.destroy();
    }
  };
  await askEach();
  assert.deepEqual(asked, ['fake://all a.example', 'fake://own a.example']);
  const ports = server.listeners.map(({ addresses }) => `127.0.0.1:${addresses[0]?.port}`);
  const [all = '', own = ''] = ports;
  const listeners = { all: { listen: [all] }, own: { listen: [own], resolver: ['fake://own'] } };
  await server.reload({ ...options, listeners });
  await askEach();
  assert.deepEqual(opened, ['fake://all', 'fake://own']);
  assert.equal(asked.length, 2, 'what is known is not asked for again');
  await server.close();
  assert.deepEqual(closed.sort(), ['fake://all', 'fake://own']);
});

test('the server does not start with a resolver that nobody opens, and a reload keeps the old one', async (t) => {
  const { server, port } = await startServer(t);
  const wrong = { listen: [`127.0.0.1:${port}`], resolver: ['dns://192.0.2.1'] };
  await assert.rejects(server.reload(wrong), { name: 'UserError', option: 'resolver' });
});
