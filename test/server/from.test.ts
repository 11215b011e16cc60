import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { createServer, type ServerOptions } from 'picosocks5';
import { loadSettings } from '#core/config/load.js';
import { pickServerOptions } from '#core/config/options.js';
import { unlessHere } from '../support/addresses.js';
import { temporaryFile } from '../support/files.js';
import { startServer } from '../support/server.js';
import { bytes, Client, serve } from '../support/sockets.js';
import {
  address,
  connectTo,
  domain,
  greeted,
  login,
  readReply,
  request,
} from '../support/socks.js';
import { UdpPeer } from '../support/udp.js';
import { passwordFile, plainSecret } from '../support/users.js';
import { wine } from '../support/wine.js';

const others = (await unlessHere('127.0.0.5', '127.9.1.2')) ?? wine('source');
const noIPv6 = await unlessHere('::1');

/** A server that tells who has connected to it. @returns its port. */
function teller(t: TestContext, host = '127.0.0.1'): Promise<number> {
  return serve(t, (socket) => socket.end(`${socket.remoteAddress}`), host);
}

/** The address that a server is connected to from. */
async function seen(client: Client, port: number, host = '127.0.0.1'): Promise<string> {
  const { reply, host: bound } = await connectTo(client, host, port);
  assert.equal(reply, 0);
  const told = (await client.readAll()).toString();
  assert.equal(told, bound, 'BND.ADDR');
  return told;
}

describe('connections leave from', { skip: others }, () => {
  test('an address', async (t) => {
    const { port, event } = await startServer(t, { from: ['127.0.0.5'] });
    assert.equal(await seen(await greeted(t, port), await teller(t)), '127.0.0.5');
    assert.equal((await event('established')).bound.host, '127.0.0.5');
  });

  test('the address that the client came in on', async (t) => {
    const options = { listen: ['*:0'], anonymous: true, from: ['client'] };
    const { port } = await startServer(t, options);
    const target = await teller(t);
    for (const host of ['127.0.0.9', '127.0.0.1']) {
      assert.equal(await seen(await greeted(t, port, host), target), host);
    }
  });

  test('another address of a prefix each time', async (t) => {
    const { port } = await startServer(t, { from: ['127.9.0.0/16'] });
    const target = await teller(t);
    const found = new Set<string>();
    for (let i = 0; i < 8; i++) found.add(await seen(await greeted(t, port), target));
    assert.ok(found.size >= 6, [...found].join());
    for (const one of found) assert.match(one, /^127\.9\./);
  });

  test('what is said of the user, the group, a base, or of all', async (t) => {
    const users = passwordFile(
      t,
      ...['alice:staff', 'bob:staff', 'carol:guests', 'dave:'].map(
        (user) => `${user}:${plainSecret('x')}`,
      ),
    );
    const options: ServerOptions = {
      auth: [users],
      anonymous: true,
      from: ['127.0.0.2'],
      groups: { staff: { base: 'office' }, office: { from: ['127.0.0.3'] }, guests: {} },
      users: { alice: { from: ['127.0.0.4'] } },
    };
    const { port } = await startServer(t, options);
    const target = await teller(t);
    const expected = {
      alice: '127.0.0.4',
      bob: '127.0.0.3',
      carol: '127.0.0.2',
      dave: '127.0.0.2',
    };
    for (const [user, from] of Object.entries(expected)) {
      const { client } = await login(t, port, user, 'x');
      assert.equal(await seen(client, target), from, user);
    }
    assert.equal(await seen(await greeted(t, port), target), '127.0.0.2');
  });

  test('what is said of the listener, for the families that it says something of', async (t) => {
    const any = ['127.0.0.1:0'];
    const { server } = await startServer(t, {
      listen: [],
      from: ['127.0.0.2', ...(noIPv6 === undefined ? ['::1'] : [])],
      listeners: { own: { listen: any, from: ['127.0.0.3'] }, none: { listen: any } },
      groups: { '*': {} },
    });
    const target = await teller(t);
    const ports = server.listeners.map(({ addresses }) => addresses[0]?.port ?? 0);
    assert.equal(await seen(await greeted(t, ports[0] ?? 0), target), '127.0.0.3');
    assert.equal(await seen(await greeted(t, ports[1] ?? 0), target), '127.0.0.2');
  });

  test('wherever the routes say, if it is of the other family', { skip: noIPv6 }, async (t) => {
    const { port } = await startServer(t, { from: ['127.0.0.5'] });
    assert.equal(await seen(await greeted(t, port), await teller(t, '::1'), '::1'), '::1');
  });

  test('an address from which there is no way is the network that cannot be reached', async (t) => {
    // What leaves from loopback gets no further.
    const { port, event } = await startServer(t, { from: ['127.0.0.5'] });
    const { reply } = await connectTo(await greeted(t, port), '192.0.2.1', 80);
    assert.equal(reply, 3);
    assert.equal((await event('rejected')).reason, 'unreachable');
  });

  test('what a reload says, from then on', async (t) => {
    const { port, server } = await startServer(t, { from: ['127.0.0.5'] });
    const target = await teller(t);
    await server.reload({ listen: [`127.0.0.1:${port}`], from: ['127.0.0.6'] });
    assert.equal(await seen(await greeted(t, port), target), '127.0.0.6');
    const wrong = { listen: [`127.0.0.1:${port}`], from: ['192.0.2.1'] };
    await assert.rejects(server.reload(wrong), { name: 'UserError', option: 'from' });
    assert.equal(await seen(await greeted(t, port), target), '127.0.0.6');
  });
});

describe('datagrams leave from', { skip: others }, () => {
  const cases: readonly (readonly [what: string, options: ServerOptions, from: RegExp])[] = [
    ['an address', { from: ['127.0.0.5'] }, /^127\.0\.0\.5$/],
    ['the address that the client came in on', { from: ['client'] }, /^127\.0\.0\.1$/],
    ['an address of a prefix', { from: ['127.9.0.0/16'] }, /^127\.9\./],
    ['an address in place of the external one', { from: ['127.0.0.5'], bind: ['127.0.0.6'] }, /5$/],
    ['the external address, if it says nothing', { bind: ['127.0.0.6'] }, /^127\.0\.0\.6$/],
  ];
  for (const [what, options, from] of cases) {
    test(what, async (t) => {
      const { port } = await startServer(t, options);
      const { reply } = await request(t, port, 3, address('0.0.0.0', 0));
      const [client, peer] = [await UdpPeer.open(t), await UdpPeer.echo(t)];
      for (let i = 0; i < 2; i++) {
        client.send(bytes(0, 0, 0, address('127.0.0.1', peer.port), 'x'), reply.port);
        const { data } = await client.receive();
        assert.deepEqual(data, bytes(0, 0, 0, address('127.0.0.1', peer.port), 'x'));
      }
      const [first, second] = [await peer.receive(), await peer.receive()];
      assert.match(first.from.address, from);
      assert.equal(first.from.address, second.from.address, 'one association, one address');
    });
  }
});

describe('BIND listens at', { skip: others }, () => {
  const cases: readonly (readonly [what: string, options: ServerOptions, at: string])[] = [
    ['the address that connections leave from', { from: ['127.0.0.5'] }, '127.0.0.5'],
    ['the external address', { from: ['127.0.0.5'], bind: ['127.0.0.6'] }, '127.0.0.6'],
  ];
  for (const [what, options, at] of cases) {
    for (const peer of ['127.0.0.1', '0.0.0.0']) {
      test(`${what}, for ${peer}`, async (t) => {
        const { port } = await startServer(t, options);
        const { client, reply } = await request(t, port, 2, address(peer, 0));
        assert.deepEqual([reply.reply, reply.host], [0, at]);
        await Client.connect(t, reply.port, at);
        assert.equal((await readReply(client)).reply, 0);
      });
    }
  }
});

test('an outbound of an extension is told', { skip: others }, async (t) => {
  const asked: (string | undefined)[] = [];
  const { port } = await startServer(t, { from: ['127.0.0.5'] }, ({ outbounds }) => {
    outbounds.register({
      id: 'asking',
      resolves: true,
      async connect({ from }) {
        asked.push(from?.('127.0.0.1'), from?.('::1'));
        throw Object.assign(new Error('no'), { code: 'ECONNREFUSED' });
      },
    });
  });
  const client = await greeted(t, port);
  client.send(5, 1, 0, domain('a.example', 80));
  assert.equal((await readReply(client)).reply, 5);
  assert.deepEqual(asked, ['127.0.0.5', undefined]);
});

describe('a section', { skip: others }, () => {
  test('of a file says where its users, and those of a group, leave from', async (t) => {
    const users = passwordFile(
      t,
      `alice:staff:${plainSecret('x')}`,
      `bob:staff:${plainSecret('x')}`,
    );
    const file = temporaryFile(
      t,
      `auth = ${users}
from = 127.0.0.2
[staff]
from = 127.0.0.3
[user:alice]
from = 127.0.0.0/8
from = 127.0.0.4
maxconn = 5
[listener:lan]
listen = 127.0.0.1:0
prefer = ipv4
resolver = system
`,
    );
    const settings = await loadSettings([{ kind: 'config', file }]);
    const { port } = await startServer(t, {
      ...pickServerOptions(settings),
      listen: ['127.0.0.1:0'],
    });
    const target = await teller(t);
    for (const [user, from] of [
      ['alice', '127.0.0.4'],
      ['bob', '127.0.0.3'],
    ] as const) {
      const { client } = await login(t, port, user, 'x');
      assert.equal(await seen(client, target), from, user);
    }
  });

  const wrong: readonly (readonly [what: string, options: ServerOptions, message: RegExp])[] = [
    ['a group', { groups: { staff: { from: ['192.0.2.1'] } } }, /^section \[staff\]: from: "192/],
    [
      'a user',
      { users: { alice: { from: ['192.0.2.1'] } } },
      /^section \[user:alice\]: from: "192/,
    ],
    [
      'a listener',
      { listeners: { lan: { listen: ['127.0.0.1:0'], from: ['192.0.2.1'] } } },
      /^\[listener:lan\]: from: "192/,
    ],
    [
      "a listener's resolver",
      { listeners: { lan: { listen: ['127.0.0.1:0'], resolver: ['ftp://x'] } } },
      /^\[listener:lan\]: resolver: "ftp:\/\/x": unknown scheme; expected system, udp:\/\/, tcp:/,
    ],
  ];
  for (const [what, options, message] of wrong) {
    test(`about ${what} is named where it is wrong`, async (t) => {
      const server = createServer({ listen: ['127.0.0.1:0'], ...options });
      t.after(() => server.close());
      await assert.rejects(server.listen(), { name: 'UserError', message });
    });
  }

  const malformed: readonly (readonly [options: object, message: RegExp])[] = [
    [
      { groups: { staff: { from: ['eth0'] } } },
      /^groups\.staff\.from: expected ADDRESS, @INTERFACE/,
    ],
    [{ users: { alice: { from: 'client' } } }, /^users\.alice\.from: expected a list of texts/],
    [{ prefer: 'ipv5' }, /^prefer: expected one of ipv4, ipv6, ipv4-only, ipv6-only, not "ipv5"/],
    [{ resolver: ['1.1.1.1'] }, /^resolver: "1\.1\.1\.1": expected system, or a URL such as/],
  ];
  for (const [options, message] of malformed) {
    test(`is checked before anything else: ${JSON.stringify(options)}`, () => {
      assert.throws(() => createServer(options), { name: 'UserError', message });
    });
  }
});
