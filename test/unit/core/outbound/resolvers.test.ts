import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { Cancellation } from '#core/base/cancellation.js';
import type { NameAnswer, NameQuestion } from '#core/outbound/lookup.js';
import type { Family } from '#core/outbound/prefer.js';
import { openTcp, openTls } from '#core/outbound/resolvers/connecting.js';
import { DnsResolver } from '#core/outbound/resolvers/dnsresolver.js';
import { HttpsTransport } from '#core/outbound/resolvers/https.js';
import { StreamTransport } from '#core/outbound/resolvers/stream.js';
import { UdpTransport } from '#core/outbound/resolvers/udp.js';
import { certificate } from '../../../support/certificates.js';
import { manualClock } from '../../../support/clock.js';
import { within } from '../../../support/daemon.js';
import { type DnsReply, dnsReply, readQuestion } from '../../../support/dns.js';
import {
  framed,
  type HttpReply,
  httpsDns,
  type OnQuery,
  streamDns,
  udpDns,
} from '../../../support/dnsservers.js';
import { bytes } from '../../../support/sockets.js';
import { UdpPeer } from '../../../support/udp.js';

const V4 = '192.0.2.1';
const V6 = '2001:db8::1';
const both: DnsReply = { addresses: [V6, V4], ttl: 60 };
const certified = certificate({ names: ['dns.example', '127.0.0.1'] });
const stranger = certificate({ names: ['other.example'] });

/** Other systems tell it otherwise, or not. */
const noRefusals = process.platform === 'linux' ? undefined : 'needs Linux';

const resolve = (host: string) => Promise.reject(new Error(`asked for ${host}`));
const at = (port: number) => ({ host: '127.0.0.1', port, resolve });
const always =
  (reply: DnsReply): OnQuery =>
  (query, send) =>
    send(dnsReply(query, reply));

function question(name: string, family?: Family, cancellation = new Cancellation()): NameQuestion {
  return { name, family, client: '', cancellation, signal: AbortSignal.timeout(60_000) };
}

function ask(
  t: TestContext,
  transport: ConstructorParameters<typeof DnsResolver>[0],
): (name: string, family?: Family, cancellation?: Cancellation) => Promise<NameAnswer> {
  const resolver = new DnsResolver(transport);
  t.after(() => resolver.dispose());
  return (name, family, cancellation) => resolver.lookup(question(name, family, cancellation));
}

const overTcp = (port: number) => new StreamTransport((time) => openTcp(at(port), time));
const overUdp = (port: number, stream = port) =>
  new UdpTransport(async () => at(port), overTcp(stream));
const overTls = (port: number, servername = '127.0.0.1', ca = certified.cert) =>
  new StreamTransport((time) => openTls(at(port), { servername, protocols: ['dot'], ca }, time));

describe('a resolver of the DNS', () => {
  const replies: readonly (readonly [
    what: string,
    reply: (type: number) => DnsReply,
    expected: NameAnswer | RegExp,
  ])[] = [
    ['both families, those of IPv6 first', () => both, { addresses: [V6, V4], ttl: 60_000 }],
    ['a TTL of zero', () => ({ ...both, ttl: 0 }), { addresses: [V6, V4], ttl: 1000 }],
    ['a TTL of years', () => ({ ...both, ttl: 1e8 }), { addresses: [V6, V4], ttl: 86_400_000 }],
    [
      'one family alone',
      (type) => (type === 1 ? { addresses: [V4], ttl: 90 } : { soa: [5, 5] }),
      { addresses: [V4], ttl: 90_000 },
    ],
    [
      'a family that fails',
      (type) => (type === 1 ? { addresses: [V4], ttl: 90 } : { code: 2 }),
      { addresses: [V4], ttl: 10_000 },
    ],
    ['no such name', () => ({ code: 3, soa: [900, 60] }), { addresses: [], ttl: 60_000 }],
    [
      'no such name for years',
      () => ({ code: 3, soa: [1e8, 1e8] }),
      { addresses: [], ttl: 3_600_000 },
    ],
    ['no such name, and no word for how long', () => ({ code: 3 }), { addresses: [], ttl: 0 }],
    [
      'a server that fails',
      () => ({ code: 2 }),
      /^the name cannot be resolved now: server failure$/,
    ],
    ['a server that refuses', () => ({ code: 5 }), /: refused$/],
    [
      'a family that fails, and nothing else',
      (type) => (type === 1 ? {} : { code: 2 }),
      /failure$/,
    ],
  ];
  for (const [what, reply, expected] of replies) {
    test(what, async (t) => {
      const { port } = await udpDns(t, (query, send) =>
        send(dnsReply(query, reply(readQuestion(query).type))),
      );
      const found = ask(t, overUdp(port))('a.example');
      if (expected instanceof RegExp) await assert.rejects(found, { message: expected });
      else assert.deepEqual(await found, expected);
    });
  }

  test('asks for one family alone if the other is of no use', async (t) => {
    const { port, queries } = await udpDns(t, always(both));
    const lookup = ask(t, overUdp(port));
    assert.deepEqual((await lookup('a.example', 'ipv4')).addresses, [V4]);
    assert.deepEqual((await lookup('A.example.', 'ipv6')).addresses, [V6]);
    const asked = queries.map((query) => readQuestion(query));
    assert.deepEqual(
      asked.map(({ name, type }) => [name, type]),
      [
        ['a.example', 1],
        ['a.example', 28],
      ],
    );
  });

  test('a family that has come while the machine stood still counts', async (t) => {
    const still = new Int32Array(new SharedArrayBuffer(4));
    const { port } = await udpDns(t, (query, send) => {
      const answer = () => send(dnsReply(query, both));
      if (readQuestion(query).type === 28) answer();
      else {
        const pause = () => {
          answer();
          Atomics.wait(still, 0, 0, 500);
        };
        // Timers are the next that the event loop has then.
        setTimeout(() => setImmediate(pause), 50);
      }
    });
    assert.deepEqual((await ask(t, overUdp(port))('a.example')).addresses, [V6, V4]);
  });

  test('asks nobody for what no name can be', async (t) => {
    const { port, queries } = await udpDns(t, always(both));
    for (const name of ['a..b', 'a b', 'a%b.example', 'x'.repeat(64), '..']) {
      assert.deepEqual(await ask(t, overUdp(port))(name), { addresses: [], ttl: 0 });
    }
    assert.equal(queries.length, 0);
  });
});

describe('over UDP', () => {
  test('each query has an id and a port of its own', async (t) => {
    const ports = new Set<number>();
    const ids = new Set<number>();
    const { port } = await udpDns(t, (query, send, from) => {
      ports.add(from);
      ids.add(readQuestion(query).id);
      send(dnsReply(query, both));
    });
    const lookup = ask(t, overUdp(port));
    await Promise.all(Array.from({ length: 20 }, (_, i) => lookup(`n${i}.example`)));
    assert.ok(ports.size >= 38 && ids.size >= 38, `${ports.size} ports, ${ids.size} ids`);
  });

  const forged: readonly (readonly [what: string, message: (query: Buffer) => Uint8Array])[] = [
    ['garbage', () => Buffer.from('garbage')],
    ['nothing', () => Buffer.alloc(0)],
    ['another id', (query) => dnsReply(query, { ...both, id: readQuestion(query).id ^ 1 })],
    ['another name', (query) => dnsReply(query, { ...both, name: 'evil.example' })],
    ['the query itself', (query) => query],
  ];
  for (const [what, message] of forged) {
    test(`${what} is not taken for the answer, which is waited for`, async (t) => {
      const { port } = await udpDns(t, (query, send) => {
        for (let i = 0; i < 3; i++) send(message(query));
        send(dnsReply(query, both));
      });
      assert.deepEqual((await ask(t, overUdp(port))('a.example')).addresses, [V6, V4]);
    });
  }

  test('what comes from elsewhere is not taken', async (t) => {
    const stranger = await UdpPeer.open(t);
    const { port } = await udpDns(t, (query, send, from) => {
      stranger.send(dnsReply(query, { addresses: ['192.0.2.66'] }), from);
      // It is sent only when the other one has been.
      stranger.socket.send('', stranger.port, '127.0.0.1', () => send(dnsReply(query, both)));
    });
    assert.deepEqual((await ask(t, overUdp(port))('a.example')).addresses, [V6, V4]);
  });

  test('after many forgeries the server is asked over TCP', async (t) => {
    const stream = await streamDns(t, { onQuery: always(both) });
    const { port } = await udpDns(t, (query, send) => {
      for (let id = 0; id < 16; id++) send(dnsReply(query, { id, name: 'evil.example' }));
    });
    const found = await ask(t, overUdp(port, stream.port))('a.example');
    assert.deepEqual(found.addresses, [V6, V4]);
    assert.equal(stream.connections, 1);
  });

  test('what does not fit is asked for over TCP', async (t) => {
    const addresses = Array.from({ length: 20 }, (_, i) => `192.0.2.${i}`);
    const stream = await streamDns(t, { onQuery: always({ addresses }) });
    const { port } = await udpDns(t, always({ truncated: true, addresses: ['192.0.2.66'] }));
    const found = await ask(t, overUdp(port, stream.port))('a.example', 'ipv4');
    assert.deepEqual(found.addresses, addresses);
  });

  test('a malformed answer is a failure at once', async (t) => {
    const { port } = await udpDns(t, (query, send) => send(dnsReply(query, both).subarray(0, -3)));
    await assert.rejects(ask(t, overUdp(port))('a.example'), /ends too early/);
  });

  test('a server where nobody listens is a failure at once', { skip: noRefusals }, async (t) => {
    const peer = await UdpPeer.open(t);
    const { port } = peer;
    peer.socket.close();
    t.mock.method(peer.socket, 'close', () => {});
    await assert.rejects(ask(t, overUdp(port))('a.example'), { code: 'ECONNREFUSED' });
  });

  test('who does not answer is asked twice, from another port and by another id', async (t) => {
    const clock = manualClock(t, ['setTimeout']);
    const from = new Set<number>();
    let asked = () => {};
    const { port, queries } = await udpDns(t, (_, __, source) => {
      from.add(source);
      asked();
    });
    const next = (count: number) =>
      new Promise<void>((resolve) => {
        asked = () => {
          if (queries.length >= count) resolve();
        };
        asked();
      });
    const found = ask(t, overUdp(port))('a.example', 'ipv4');
    found.catch(() => {});
    await next(1);
    clock.pass(2000);
    await next(2);
    clock.pass(2000);
    await assert.rejects(found, { message: 'no answer in 4 s' });
    assert.equal(from.size, 2);
  });

  test('a late answer counts, and one that comes after the end does no harm', async (t) => {
    const late: (() => void)[] = [];
    let asked = () => {};
    const { port } = await udpDns(t, (query, send) => {
      late.push(() => send(dnsReply(query, both)));
      asked();
    });
    const waiting = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const cancellation = new Cancellation();
    const lookup = ask(t, overUdp(port));
    const given = lookup('a.example', 'ipv4', cancellation);
    await waiting;
    cancellation.cancel();
    await assert.rejects(given, { code: 'ECANCELED' });
    late.shift()?.();
    const again = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const found = lookup('a.example', 'ipv4');
    await again;
    late.shift()?.();
    assert.deepEqual((await found).addresses, [V4]);
  });
});

for (const [what, certificateOf, open] of [
  ['TCP', undefined, overTcp],
  ['TLS', certified, overTls],
] as const) {
  describe(`over ${what}`, () => {
    test('one connection carries all queries, whose answers come in any order', async (t) => {
      const waiting: (() => void)[] = [];
      const server = await streamDns(
        t,
        {
          onQuery: (query, send) => {
            const name = readQuestion(query).name;
            const last = name.slice(1, name.indexOf('.'));
            waiting.push(() => send(dnsReply(query, { addresses: [`192.0.2.${last}`] })));
            if (waiting.length === 20) for (const answer of waiting.reverse()) answer();
          },
        },
        certificateOf,
      );
      const lookup = ask(t, open(server.port));
      const found = await Promise.all(
        Array.from({ length: 20 }, (_, i) => lookup(`n${i}.example`, 'ipv4')),
      );
      assert.deepEqual(
        found.map(({ addresses }) => addresses[0]),
        Array.from({ length: 20 }, (_, i) => `192.0.2.${i}`),
      );
      assert.equal(server.connections, 1);
    });

    test('octet by octet', async (t) => {
      const { port } = await streamDns(
        t,
        {
          onConnection: (socket) => {
            socket.setNoDelay(true);
            socket.once('data', (query) => {
              const message = framed(dnsReply(query.subarray(2), both));
              for (const octet of message) socket.write(Buffer.of(octet));
            });
          },
        },
        certificateOf,
      );
      assert.deepEqual((await ask(t, open(port))('a.example', 'ipv4')).addresses, [V4]);
    });

    test('a connection that was closed is opened again, also under a query', async (t) => {
      const server = await streamDns(
        t,
        {
          onConnection: (socket, on) => {
            if (on > 1) return;
            let answered = false;
            socket.on('data', () => {
              if (answered) socket.destroy();
              answered = true;
            });
          },
          onQuery: always(both),
        },
        certificateOf,
      );
      const lookup = ask(t, open(server.port));
      for (let i = 0; i < 3; i++) {
        assert.deepEqual((await lookup(`n${i}.example`, 'ipv4')).addresses, [V4]);
      }
      assert.equal(server.connections, 2);
    });

    test('one that is closed each time is a failure, and not asked for ever', async (t) => {
      const server = await streamDns(
        t,
        { onConnection: (socket) => socket.once('data', () => socket.destroy()) },
        certificateOf,
      );
      const found = ask(t, open(server.port))('a.example', 'ipv4');
      await assert.rejects(found, /the server closed the connection/);
      assert.equal(server.connections, 1);
    });

    test('what nobody has asked is not taken; a lot of it ends the connection', async (t) => {
      const { port } = await streamDns(
        t,
        {
          onQuery: (query, send) => {
            const evil = { addresses: ['192.0.2.66'] };
            send(dnsReply(query, { ...evil, id: readQuestion(query).id ^ 1 }));
            send(dnsReply(query, { ...evil, name: 'evil.example' }));
            send(Buffer.alloc(0));
            send(Buffer.of(1));
            if (readQuestion(query).name === 'a.example') send(dnsReply(query, both));
            else for (let i = 0; i < 300; i++) send(Buffer.of(1));
          },
        },
        certificateOf,
      );
      const lookup = ask(t, open(port));
      assert.deepEqual((await lookup('a.example', 'ipv4')).addresses, [V4]);
      await assert.rejects(lookup('b.example', 'ipv4'), /answers what nobody has asked/);
    });

    test('a malformed answer is a failure, and the connection goes on', async (t) => {
      const server = await streamDns(
        t,
        {
          onQuery: (query, send) => {
            const message = dnsReply(query, both);
            send(readQuestion(query).name === 'a.example' ? message : message.subarray(0, -3));
          },
        },
        certificateOf,
      );
      const lookup = ask(t, open(server.port));
      await assert.rejects(lookup('b.example', 'ipv4'), /ends too early/);
      assert.deepEqual((await lookup('a.example', 'ipv4')).addresses, [V4]);
      assert.equal(server.connections, 1);
    });

    test('a giant answer is read', async (t) => {
      const padding = Buffer.alloc(65_535);
      const { port } = await streamDns(
        t,
        {
          onQuery: (query, send) => {
            const message = dnsReply(query, both);
            send(Buffer.concat([message, padding]).subarray(0, 65_535));
          },
        },
        certificateOf,
      );
      assert.deepEqual((await ask(t, open(port))('a.example', 'ipv4')).addresses, [V4]);
    });

    test('no answer for five seconds is a failure, and then another connection is made', async (t) => {
      const server = await streamDns(
        t,
        {
          onQuery: (query, send, on) => {
            if (on > 1) send(dnsReply(query, both));
            else asked();
          },
        },
        certificateOf,
      );
      let asked = () => {};
      const waiting = new Promise<void>((resolve) => {
        asked = resolve;
      });
      const clock = manualClock(t, ['setTimeout']);
      const lookup = ask(t, open(server.port));
      const found = lookup('a.example', 'ipv4');
      found.catch(() => {});
      await waiting;
      clock.pass(5000);
      await assert.rejects(found, { message: 'no answer in 5 s' });
      assert.deepEqual((await lookup('a.example', 'ipv4')).addresses, [V4]);
      assert.equal(server.connections, 2);
    });
  });
}

describe('over TLS', () => {
  const servers: readonly (readonly [
    what: string,
    name: string,
    ca: string,
    own: typeof certified,
    trouble: RegExp | undefined,
  ])[] = [
    ['its address', '127.0.0.1', certified.cert, certified, undefined],
    ['its name', 'dns.example', certified.cert, certified, undefined],
    ['another name', 'other.example', certified.cert, certified, /altnames|does not match/],
    [
      'a certificate of somebody else',
      '127.0.0.1',
      stranger.cert,
      stranger,
      /altnames|not in the cert/,
    ],
    ['a certificate that nobody trusts', '127.0.0.1', stranger.cert, certified, /self.signed/],
  ];
  for (const [what, name, ca, own, trouble] of servers) {
    test(`a server is known by ${what}`, async (t) => {
      const server = await streamDns(t, { onQuery: always(both) }, own);
      const found = ask(t, overTls(server.port, name, ca))('a.example', 'ipv4');
      if (trouble === undefined) assert.deepEqual((await found).addresses, [V4]);
      else await assert.rejects(found, trouble);
      if (trouble !== undefined) assert.equal(server.queries.length, 0, 'nothing was asked');
    });
  }

  test('what is no TLS is a failure', async (t) => {
    const { port } = await streamDns(t, {
      onConnection: (socket) => socket.end('SSH-2.0-OpenSSH\r\n'),
    });
    await assert.rejects(within('a failure', ask(t, overTls(port))('a.example', 'ipv4')));
  });
});

for (const version of [1, 2] as const) {
  describe(`by HTTPS, version ${version}`, () => {
    const good = (query: Buffer): HttpReply => ({ body: dnsReply(query, both) });
    const start = async (
      t: TestContext,
      answer: (query: Buffer, on: number) => HttpReply = good,
    ) => {
      const server = await httpsDns(t, certified, version, answer);
      const transport = new HttpsTransport(at(server.port), '/dns-query?a=b', certified.cert);
      return { server, lookup: ask(t, transport) };
    };

    test('connections are kept, and requests are as RFC 8484 says', async (t) => {
      const { server, lookup } = await start(t);
      for (let i = 0; i < 3; i++) {
        assert.deepEqual((await lookup(`n${i}.example`)).addresses, [V6, V4]);
      }
      const expected = `POST /dns-query?a=b ${version === 2 ? '2.0' : '1.1'}`;
      assert.deepEqual([...new Set(server.requests)], [expected]);
      assert.deepEqual([...new Set(server.queries.map((query) => readQuestion(query).id))], [0]);
      // The first one of HTTP/1.1 only tells that it is not HTTP/2.
      assert.ok(server.connections <= (version === 2 ? 1 : 3), String(server.connections));
    });

    test('a connection that was closed is opened again', async (t) => {
      const { server, lookup } = await start(t);
      await lookup('a.example');
      server.closeConnections();
      assert.deepEqual((await lookup('b.example')).addresses, [V6, V4]);
    });

    const failures: readonly (readonly [
      what: string,
      reply: (query: Buffer) => HttpReply,
      trouble: RegExp,
    ])[] = [
      ['a status', () => ({ status: 503 }), /answers with status 503/],
      ['a redirection', () => ({ status: 302 }), /answers with status 302/],
      ['a page', () => ({ type: 'text/html', body: bytes('<p>') }), /no message of the DNS/],
      ['nothing', () => ({ body: bytes() }), /answers something else/],
      ['garbage', () => ({ body: bytes('garbage garbage garbage') }), /answers something else/],
      [
        'a malformed answer',
        (query) => ({ body: dnsReply(query, both).subarray(0, -3) }),
        /too early/,
      ],
      ['too much', () => ({ body: Buffer.alloc(70_000) }), /too long/],
      ['another question', (query) => ({ body: dnsReply(query, { name: 'b.example' }) }), /else/],
      ['a part', () => ({ body: 'cut' }), /./],
      ['half of it', (query) => ({ body: dnsReply(query, { truncated: true }) }), /not whole/],
    ];
    for (const [what, reply, trouble] of failures) {
      test(`${what} is a failure, and the next query is asked all the same`, async (t) => {
        const { lookup } = await start(t, (query) =>
          readQuestion(query).name === 'a.example' ? reply(query) : good(query),
        );
        await assert.rejects(within('a failure', lookup('a.example', 'ipv4')), trouble);
        assert.deepEqual((await lookup('b.example', 'ipv4')).addresses, [V4]);
      });
    }

    test('no answer for five seconds is a failure', async (t) => {
      let asked = () => {};
      const waiting = new Promise<void>((resolve) => {
        asked = resolve;
      });
      const { lookup } = await start(t, (query, on) => {
        if (on > 1) return good(query);
        asked();
        return { body: 'silence' };
      });
      const clock = manualClock(t, ['setTimeout']);
      const found = lookup('a.example', 'ipv4');
      found.catch(() => {});
      await waiting;
      clock.pass(5000);
      await assert.rejects(found, { message: 'no answer in 5 s' });
      assert.deepEqual((await lookup('b.example', 'ipv4')).addresses, [V4]);
    });

    test('a query that is given up ends at once', async (t) => {
      let asked = () => {};
      const waiting = new Promise<void>((resolve) => {
        asked = resolve;
      });
      const { lookup } = await start(t, (query, on) => {
        if (on > 1) return good(query);
        asked();
        return { body: 'silence' };
      });
      const cancellation = new Cancellation();
      const found = lookup('a.example', 'ipv4', cancellation);
      await waiting;
      cancellation.cancel();
      await assert.rejects(found, { code: 'ECANCELED' });
      assert.deepEqual((await lookup('b.example', 'ipv4')).addresses, [V4]);
    });

    test('a server without the right certificate is asked nothing', async (t) => {
      const server = await httpsDns(t, stranger, version, good);
      const lookup = ask(t, new HttpsTransport(at(server.port), '/', stranger.cert));
      await assert.rejects(lookup('a.example'), /altnames|not in the cert/);
      assert.deepEqual(server.requests, []);
    });
  });
}
