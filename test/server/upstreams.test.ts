import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { ServerOptions } from 'picosocks5';
import { manualClock } from '../support/clock.js';
import { temporaryFile } from '../support/files.js';
import { startServer } from '../support/server.js';
import { bytes, Client, echoServer, freePort } from '../support/sockets.js';
import { address, assertEcho, connectTo, domain, greeted, readReply } from '../support/socks.js';
import { scripted, takeHead, takeRequest } from '../support/upstreams.js';
import { HASH_OF_SECRET, passwordFile } from '../support/users.js';

/** An answer of success of SOCKS 5. */
const GRANTED = bytes(5, 0, 0, 1, 192, 0, 2, 9, 0, 80);

/** A client of ours whose connections go by some rules, and what a request of it is answered. */
async function ask(
  t: TestContext,
  via: string[],
  host: string,
  port = 80,
  more: ServerOptions = {},
) {
  const server = await startServer(t, { via, ...more });
  const client = await greeted(t, server.port);
  client.send(5, 1, 0, /[a-z]/.test(host) ? domain(host, port) : address(host, port));
  const reply = (await readReply(client)).reply;
  return { server, client, reply };
}

test('SOCKS 5: a name goes to the upstream as it is, and bytes go both ways', async (t) => {
  const upstream = await scripted(t, async (client) => {
    assert.deepEqual(await takeRequest(client), bytes(5, 1, 0, domain('only.there.invalid', 80)));
    client.send(GRANTED, 'hello');
    client.send(await client.read(4));
    client.socket.end();
  });
  const via = `socks5://127.0.0.1:${upstream.port}`;
  const { server, client, reply } = await ask(t, [via], 'only.there.invalid');
  assert.equal(reply, 0);
  assert.equal((await client.read(5)).toString(), 'hello', 'what came with the reply');
  client.send('ping');
  assert.equal((await client.readAll()).toString(), 'ping');
  client.socket.end();
  const established = await server.event('established');
  assert.deepEqual([established.via, established.remote?.port], [via, upstream.port]);
  const closed = await server.event('closed');
  assert.deepEqual([closed.via, closed.up, closed.down, closed.reason], [via, 4, 9, 'finished']);
});

test('the table of connections says which way they leave', async (t) => {
  const echo = await echoServer(t);
  const upstream = await startServer(t);
  const upstreams = { corp: { url: `socks5://127.0.0.1:${upstream.port}` } };
  const { server, client } = await ask(t, ['corp'], '127.0.0.1', echo, { upstreams });
  await assertEcho(client);
  assert.equal(server.server.connections()[0]?.via, 'corp');
  assert.equal(upstream.server.connections()[0]?.via, undefined);
  assert.ok(!('via' in (upstream.server.connections()[0] ?? {})));
});

test('user and password, in a URL and in a section', async (t) => {
  const echo = await echoServer(t);
  const auth = [passwordFile(t, `al:ice::${HASH_OF_SECRET}`.replace('al:ice', 'alice'))];
  const upstream = await startServer(t, { auth });
  const at = `127.0.0.1:${upstream.port}`;
  const password = temporaryFile(t, 'secret\n');
  const corp = { url: `socks5://${at}`, user: 'alice', passwordFile: password };
  for (const [via, upstreams] of [
    [`socks5://alice:s%65cret@${at}`, {}],
    ['corp', { corp }],
  ] as const) {
    const { client, reply, server } = await ask(t, [via], '127.0.0.1', echo, { upstreams });
    assert.equal(reply, 0, via);
    await assertEcho(client);
    await server.server.close();
  }
  assert.equal((await upstream.event('authenticated')).user, 'alice');
});

test('a login that an upstream refuses is told, without the password', async (t) => {
  const auth = [passwordFile(t, `alice::${HASH_OF_SECRET}`)];
  const upstream = await startServer(t, { auth });
  const at = `127.0.0.1:${upstream.port}`;
  for (const [login, words] of [
    ['alice:hunter2@', 'it refuses our login'],
    ['', 'it wants a login, and there is none for it'],
  ] as const) {
    const { reply, server } = await ask(t, [`socks5://${login}${at}`], 'a.invalid');
    assert.equal(reply, 1);
    const detail = `upstream socks5://${at} cannot be used: ${words}`;
    assert.equal((await server.event('rejected')).detail, detail);
    assert.equal((await server.event('warning')).message, detail);
    assert.doesNotMatch(JSON.stringify(server.events), /hunter2/);
  }
});

test('SOCKS 4a: names and IPv4 addresses', async (t) => {
  const asked: Buffer[] = [];
  const upstream = await scripted(t, async (client) => {
    asked.push(await client.read(8 + 'me\0'.length));
    if (asked.length === 2) asked.push(await client.read('a.invalid\0'.length));
    client.send(0, 90, 0, 80, 192, 0, 2, 9, 'hello');
  });
  const via = [`socks4a://me@127.0.0.1:${upstream.port}`];
  for (const host of ['192.0.2.7', 'a.invalid']) {
    const { client, reply } = await ask(t, via, host);
    assert.equal(reply, 0);
    assert.equal((await client.read(5)).toString(), 'hello');
  }
  assert.deepEqual(
    Buffer.concat(asked),
    bytes(
      ...[4, 1, 0, 80, 192, 0, 2, 7, 'me\0'],
      ...[4, 1, 0, 80, 0, 0, 0, 1, 'me\0', 'a.invalid\0'],
    ),
  );
  const { reply, server } = await ask(t, via, '2001:db8::1');
  assert.equal(reply, 8);
  assert.match((await server.event('rejected')).detail, /SOCKS 4a has no IPv6 addresses/);
});

test('HTTP: CONNECT, with a login, and what comes with the answer', async (t) => {
  const heads: string[] = [];
  const upstream = await scripted(t, async (client) => {
    heads.push(await takeHead(client));
    client.send('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhello');
    client.send(await client.read(4));
  });
  const via = [`http://alice:se%3Acret@127.0.0.1:${upstream.port}`];
  const { client, reply } = await ask(t, via, 'only.there.invalid', 443);
  assert.equal(reply, 0);
  client.send('ping');
  assert.equal((await client.read(9)).toString(), 'helloping');
  const login = Buffer.from('alice:se:cret').toString('base64');
  assert.deepEqual(heads, [
    'CONNECT only.there.invalid:443 HTTP/1.1\r\nHost: only.there.invalid:443\r\n' +
      `Proxy-Authorization: Basic ${login}\r\n\r\n`,
  ]);
});

test('HTTP: a name that a proxy could take for more is not asked for', async (t) => {
  const upstream = await scripted(t, async () => {});
  const { reply } = await ask(t, [`http://127.0.0.1:${upstream.port}`], 'internal:22/');
  assert.equal(reply, 4);
  assert.equal(upstream.clients.length, 0);
});

const statuses: [status: string, reply: number][] = [
  ['400 Bad Request', 1],
  ['401 Unauthorized', 1],
  ['403 Forbidden', 2],
  ['404 Not Found', 4],
  ['405 Method Not Allowed', 7],
  ['407 Proxy Authentication Required', 1],
  ['500 Internal Server Error', 1],
  ['502 Bad Gateway', 4],
  ['503 Service Unavailable', 1],
  ['504 Gateway Timeout', 6],
  ['101 Switching Protocols', 1],
  ['302 Found', 1],
];
for (const [status, expected] of statuses) {
  test(`HTTP ${status} is answered with ${expected}`, async (t) => {
    const upstream = await scripted(t, async (client) => {
      await takeHead(client);
      client.send(`HTTP/1.1 ${status}\r\n\r\n`);
    });
    const { reply, server } = await ask(t, [`http://127.0.0.1:${upstream.port}`], 'a.invalid');
    assert.equal(reply, expected);
    assert.match((await server.event('rejected')).detail, new RegExp(`HTTP ${status}`));
    await upstream.clients[0]?.closed();
  });
}

for (const [given, expected] of [
  [1, 1],
  [2, 2],
  [3, 3],
  [4, 4],
  [5, 5],
  [6, 6],
  [7, 7],
  [8, 8],
  [9, 1],
  [0xff, 1],
] as const) {
  test(`an upstream's reply ${given} is answered with ${expected}`, async (t) => {
    const upstream = await scripted(t, async (client) => {
      await takeRequest(client);
      client.send(5, given, 0, 1, 0, 0, 0, 0, 0, 0);
    });
    const via = [`socks5://127.0.0.1:${upstream.port}`];
    const { reply, server } = await ask(t, via, 'a.invalid');
    assert.equal(reply, expected);
    const { reason, detail } = await server.event('rejected');
    assert.equal(reason, 'unreachable');
    assert.match(detail, /^upstream socks5:\/\/127.0.0.1:\d+ answers: /);
    await upstream.clients[0]?.closed();
  });
}

test('an upstream may tell a domain name as its address, even one that cannot be', async (t) => {
  for (const name of ['proxy.example', '', 'a b']) {
    const upstream = await scripted(t, async (client) => {
      await takeRequest(client);
      client.send(5, 0, 0, domain(name, 80), 'hello');
    });
    const { client, reply } = await ask(t, [`socks5://127.0.0.1:${upstream.port}`], 'a.invalid');
    assert.equal(reply, 0, name);
    assert.equal((await client.read(5)).toString(), 'hello');
  }
});

/** All that a good upstream of each kind says, without the client having to say anything. */
const speeches: [scheme: string, speech: Buffer][] = [
  ['socks5', bytes(5, 0, GRANTED)],
  ['socks5', bytes(5, 0, 5, 0, 0, domain('proxy.example', 80))],
  ['socks5://u:p', bytes(5, 2, 1, 0, GRANTED)],
  ['socks4a', bytes(0, 90, 0, 80, 192, 0, 2, 9)],
  ['http', bytes('HTTP/1.1 200 OK\r\nVia: 1.1 x\r\n\r\n')],
];
for (const [kind, speech] of speeches) {
  const [scheme, login] = kind.split('://');
  const url = (port: number) => `${scheme}://${login ? `${login}@` : ''}127.0.0.1:${port}`;

  test(`${kind} ${speech.length}: an upstream that leaves after any of its octets`, async (t) => {
    for (let cut = 0; cut < speech.length; cut++) {
      const upstream = await scripted(t, async (client) => {
        client.socket.end(speech.subarray(0, cut));
      });
      const { reply, server } = await ask(t, [url(upstream.port)], 'a.invalid');
      assert.equal(reply, 1, `after ${cut} octets`);
      assert.match((await server.event('rejected')).detail, /closed the connection|reset/);
      await server.server.close();
    }
  });

  test(`${kind} ${speech.length}: an upstream that speaks octet by octet`, async (t) => {
    const upstream = await scripted(t, async (client) => {
      client.socket.setNoDelay(true);
      for (const octet of speech) {
        client.send(octet);
        await new Promise(setImmediate);
      }
      client.send('hello');
    });
    const { client, reply } = await ask(t, [url(upstream.port)], 'a.invalid');
    assert.equal(reply, 0);
    assert.equal((await client.read(5)).toString(), 'hello');
  });

  test(`${kind} ${speech.length}: an upstream that says all at once, and more`, async (t) => {
    const data = Buffer.alloc(500_000, 'x');
    const upstream = await scripted(t, async (client) => {
      client.socket.end(bytes(speech, data));
    });
    const { client, reply } = await ask(t, [url(upstream.port)], 'a.invalid');
    assert.equal(reply, 0);
    assert.deepEqual(await client.readAll(), data);
  });
}

const garbage: [what: string, scheme: string, says: Buffer][] = [
  ['HTTP in the place of SOCKS', 'socks5', bytes('HTTP/1.1 400 Bad Request\r\n\r\n')],
  ['SOCKS 4 in the place of SOCKS 5', 'socks5', bytes(0, 90, 0, 0, 0, 0, 0, 0)],
  ['a method that was not offered', 'socks5', bytes(5, 2)],
  ['an unknown type of address', 'socks5', bytes(5, 0, 5, 0, 0, 7, 1, 2, 3, 4, 5, 6)],
  ['no version', 'socks5', bytes(5, 0, 6, 0, 0, 1, 0, 0, 0, 0, 0, 0)],
  ['SOCKS 5 in the place of SOCKS 4', 'socks4a', bytes(5, 0, 0, 1, 0, 0, 0, 0, 0, 0)],
  ['SOCKS in the place of HTTP', 'http', bytes(5, 0)],
  ['a head without an end', 'http', bytes('HTTP/1.1 200 OK\r\nX: ', 'x'.repeat(200_000))],
  ['answers 1xx without an end', 'http', bytes('HTTP/1.1 103 Early\r\n\r\n'.repeat(100))],
];
for (const [what, scheme, says] of garbage) {
  test(`an upstream that says ${what}`, async (t) => {
    const upstream = await scripted(t, async (client) => {
      client.send(says);
    });
    const { reply, server } = await ask(t, [`${scheme}://127.0.0.1:${upstream.port}`], 'a.invalid');
    assert.equal(reply, 1);
    assert.equal((await server.event('rejected')).reason, 'unreachable');
    await upstream.clients[0]?.closed();
  });
}

test('an upstream that says nothing is given up in its time, and told that it is', async (t) => {
  const clock = manualClock(t, ['setTimeout']);
  for (const [scheme, expected] of [
    ['socks5', /cannot be used: no answer in time/],
    ['http', /connect timed out/],
  ] as const) {
    let asked = () => {};
    const isAsked = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const upstream = await scripted(t, async (client) => {
      await client.read(1);
      asked();
    });
    const upstreams = { slow: { url: `${scheme}://127.0.0.1:${upstream.port}`, timeout: 0.2 } };
    const answered = ask(t, ['slow'], 'a.invalid', 80, { upstreams, connectTimeout: 0.5 });
    await isAsked;
    const { reply, server } = await clock.passUntil(answered, 50);
    assert.equal(reply, 6);
    assert.match((await server.event('rejected')).detail, expected);
    await upstream.clients[0]?.closed();
  }
});

test('an answer that comes too late reaches nobody', async (t) => {
  const upstream = await scripted(t, async (client) => {
    await takeRequest(client);
    await server.event('rejected');
    client.send(GRANTED, 'too late');
  });
  const via = [`socks5://127.0.0.1:${upstream.port}`];
  const server = await startServer(t, { via, connectTimeout: 0.2 });
  const client = await greeted(t, server.port);
  assert.equal((await connectTo(client, '192.0.2.1', 80)).reply, 6);
  assert.equal((await client.readAll()).length, 0);
  await upstream.clients[0]?.closed();
});

test('a client that leaves while an upstream is asked takes its connection along', async (t) => {
  const upstream = await scripted(t, async (client) => {
    await takeRequest(client);
    await user.reset();
  });
  const { port, event } = await startServer(t, { via: [`socks5://127.0.0.1:${upstream.port}`] });
  const user = await greeted(t, port);
  user.send(5, 1, 0, address('192.0.2.1', 80));
  assert.equal((await event('closed')).reason, 'client-left');
  await upstream.clients[0]?.closed();
});

test('half-close goes through an upstream in both directions', async (t) => {
  const upstream = await scripted(t, async (client) => {
    await takeRequest(client);
    client.send(GRANTED);
    const all = await client.readAll();
    client.socket.end(bytes('got ', all));
  });
  const { client } = await ask(t, [`socks5://127.0.0.1:${upstream.port}`], 'a.invalid');
  client.send('all');
  client.socket.end();
  assert.equal((await client.readAll()).toString(), 'got all');
});

test('what is said of ALL_PROXY in the environment is of no interest', async (t) => {
  const upstream = await scripted(t, async () => {});
  const echo = await echoServer(t);
  for (const name of ['ALL_PROXY', 'all_proxy', 'HTTPS_PROXY', 'http_proxy']) {
    const before = process.env[name];
    process.env[name] = `socks5://127.0.0.1:${upstream.port}`;
    t.after(() => {
      if (before === undefined) delete process.env[name];
      else process.env[name] = before;
    });
  }
  const { client, reply } = await ask(t, [], '127.0.0.1', echo);
  assert.equal(reply, 0);
  await assertEcho(client);
  assert.equal(upstream.clients.length, 0);
});

test('a chain: an upstream that is reached through another, which finds its name', async (t) => {
  const echo = await echoServer(t);
  const [first, second] = [await startServer(t), await startServer(t)];
  const upstreams = {
    first: { url: `socks5://127.0.0.1:${first.port}` },
    second: { url: `socks5://localhost:${second.port}`, through: 'first' },
    third: { url: `http://127.0.0.1:${await freePort(t)}`, through: 'second' },
  };
  const { client, reply, server } = await ask(t, ['second'], '127.0.0.1', echo, { upstreams });
  assert.equal(reply, 0);
  await assertEcho(client);
  assert.equal((await server.event('established')).via, 'second');
  const [hop] = [await first.event('request'), await second.event('request')];
  assert.deepEqual(hop.destination, { host: 'localhost', port: second.port });
  const gone = await ask(t, ['third'], '127.0.0.1', echo, { upstreams });
  assert.equal(gone.reply, 1);
  assert.equal(
    (await gone.server.event('rejected')).detail,
    'upstream third cannot be used: upstream second answers: connection refused',
  );
});

test('a client that speaks SOCKS 4a goes through an upstream as well', async (t) => {
  const upstream = await scripted(t, async (client) => {
    assert.deepEqual(await takeRequest(client), bytes(5, 1, 0, domain('a.invalid', 80)));
    client.send(GRANTED, 'hello');
  });
  const { port } = await startServer(t, { via: [`socks5://127.0.0.1:${upstream.port}`] });
  const client = await Client.connect(t, port);
  client.send(4, 1, 0, 80, 0, 0, 0, 1, 0, 'a.invalid\0');
  assert.equal((await client.read(8))[1], 90);
  assert.equal((await client.read(5)).toString(), 'hello');
});
