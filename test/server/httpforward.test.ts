import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { manualClock } from '../support/clock.js';
import { originServer, readHead, readMessage, request } from '../support/rawhttp.js';
import { startServer } from '../support/server.js';
import { type Client, Client as Connection } from '../support/sockets.js';
import { passwordFile, plainSecret } from '../support/users.js';

function basic(text: string): string {
  return `Proxy-Authorization: Basic ${Buffer.from(text).toString('base64')}`;
}

/** A proxy, an origin, and a client of the proxy. */
async function start(t: TestContext, options = {}) {
  const [origin, started] = await Promise.all([originServer(t), startServer(t, options)]);
  const client = await Connection.connect(t, started.port);
  const url = `http://127.0.0.1:${origin.port}`;
  return { origin, client, url, ...started };
}

const hello = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello';

test('a request is forwarded, and the connection goes on with the next', async (t) => {
  const { origin, client, url, server, event } = await start(t);
  client.send(request(`GET ${url}/a?b`, 'Host: other', 'Proxy-Connection: keep-alive', 'X: y'));
  const remote = await origin.next();
  assert.deepEqual((await readHead(remote)).split('\r\n'), [
    'GET /a?b HTTP/1.1',
    `Host: 127.0.0.1:${origin.port}`,
    'X: y',
  ]);
  remote.send('HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5\r\nContent-Length: 5\r\n\r\nhel', 'lo');
  const { line, fields, body } = await readMessage(client);
  assert.deepEqual([line, fields, body], ['HTTP/1.1 200 OK', ['content-length: 5'], 'hello']);
  for (let i = 0; i < 3; i++) {
    client.send(request(`POST ${url}/${i}`, 'Content-Length: 3'), 'a', 'b', 'c');
    assert.match(await readHead(remote), new RegExp(`^POST /${i} HTTP/1.1\r\n`));
    assert.equal(String(await remote.read(3)), 'abc');
    remote.send(hello);
    assert.equal((await readMessage(client)).body, 'hello');
  }
  assert.equal(origin.count, 1);
  const [info] = server.connections();
  assert.deepEqual([info?.command, info?.dialect], ['connect', 'http']);
  assert.deepEqual(info?.destination, { host: '127.0.0.1', port: origin.port });
  client.socket.end();
  assert.equal((await client.readAll()).length, 0);
  const closed = await event('closed');
  assert.equal(closed.reason, 'finished');
  assert.ok(closed.up > 100 && closed.down > 100);
});

test('a connection with requests to several hosts is a row for each', async (t) => {
  const [one, two] = await Promise.all([originServer(t), originServer(t)]);
  const { port, events, server } = await startServer(t);
  const client = await Connection.connect(t, port);
  for (const [i, origin] of [one, two, one].entries()) {
    client.send(request(`GET http://127.0.0.1:${origin.port}/${i}`));
    const remote = await origin.next();
    assert.match(await readHead(remote), new RegExp(`^GET /${i} `));
    remote.send(hello);
    assert.equal((await readMessage(client)).body, 'hello');
    assert.equal(server.connections().length, 1);
  }
  const { localPort } = client.socket;
  client.socket.end();
  await client.readAll();
  await new Promise<void>((resolve) => {
    const look = () => (server.connections().length === 0 ? resolve() : setImmediate(look));
    look();
  });
  const closed = events.flatMap((event) => (event.type === 'closed' ? [event] : []));
  assert.deepEqual(
    closed.map(({ destination, reason }) => [destination?.port, reason]),
    [one, two, one].map((origin) => [origin.port, 'finished']),
  );
  const from = new Set(closed.map(({ client: { port: at } }) => at));
  assert.deepEqual([...from], [localPort], 'all of one client');
});

test('requests that are sent ahead are forwarded one at a time, to whatever hosts', async (t) => {
  const [one, two] = await Promise.all([originServer(t), originServer(t)]);
  const { port } = await startServer(t);
  const client = await Connection.connect(t, port);
  const urls = [one, one, two].map((origin, i) => `http://127.0.0.1:${origin.port}/${i}`);
  client.send(urls.map((url) => request(`GET ${url}`)).join(''));
  const first = await one.next();
  assert.match(await readHead(first), /^GET \/0 /);
  await sleep(50);
  assert.equal(two.count, 0);
  first.send(hello);
  assert.match(await readHead(first), /^GET \/1 /);
  first.send(hello.replace('hello', 'world'));
  const second = await two.next();
  assert.match(await readHead(second), /^GET \/2 /);
  second.send(hello.replace('hello', 'third'));
  const bodies = [];
  for (let i = 0; i < 3; i++) bodies.push((await readMessage(client)).body);
  assert.deepEqual(bodies, ['hello', 'world', 'third']);
});

test('another login is another connection, which is judged anew', async (t) => {
  const lines = ['alice', 'bob'].map((name) => `${name}::${plainSecret(name)}`);
  const auth = [passwordFile(t, ...lines)];
  const { origin, client, url, events } = await start(t, { auth });
  for (const login of ['alice:alice', 'bob:bob', 'bob:bob']) {
    client.send(request(`GET ${url}/`, basic(login)));
    if (login === 'alice:alice' || origin.count < 2) {
      (await origin.next()).send(hello);
    } else {
      // The third goes the second's way.
    }
    if (origin.count === 2) break;
    assert.equal((await readMessage(client)).body, 'hello');
  }
  assert.equal((await readMessage(client)).body, 'hello');
  const users = events.flatMap((event) => (event.type === 'authenticated' ? [event.user] : []));
  assert.deepEqual(users, ['alice', 'bob']);
  client.send(request(`GET ${url}/`));
  assert.match((await readMessage(client)).line, / 407 /);
  client.send(request(`GET ${url}/`, basic('alice:wrong')));
  assert.match((await readMessage(client)).line, / 407 /);
  client.send(request(`GET ${url}/`, basic('alice:alice')));
  (await origin.next()).send(hello);
  assert.equal((await readMessage(client)).body, 'hello');
});

test('rules judge every request of a connection', async (t) => {
  const { client, origin, url } = await start(t, { request: ['!connect:127.0.0.9', 'connect'] });
  client.send(request(`GET ${url}/`));
  (await origin.next()).send(hello);
  await readMessage(client);
  client.send(request('GET http://127.0.0.9/'));
  assert.match((await readMessage(client)).line, / 403 /);
});

test('chunks both ways, with trailers', async (t) => {
  const { origin, client, url } = await start(t);
  const chunks = '3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-Sum: 1\r\n\r\n';
  client.send(request(`PUT ${url}/`, 'Transfer-Encoding: chunked'));
  for (const octet of Buffer.from(chunks)) client.send(octet);
  const remote = await origin.next();
  const head = await readHead(remote);
  assert.match(head, /\r\nTransfer-Encoding: chunked$/);
  const passed = chunks.replace(';x=y', '');
  assert.equal(String(await remote.read(passed.length)), passed);
  remote.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', chunks);
  assert.match(await readHead(client), /\r\nTransfer-Encoding: chunked$/);
  assert.equal(String(await client.read(passed.length)), passed);
  client.send(request(`GET ${url}/again`));
  assert.match(await readHead(remote), /^GET \/again /);
});

test('a client of HTTP/1.0 gets no chunks, and the end of the connection', async (t) => {
  const { origin, client, url } = await start(t);
  client.send(`GET ${url}/ HTTP/1.0\r\nConnection: keep-alive\r\n\r\n`);
  const remote = await origin.next();
  assert.match(await readHead(remote), /^GET \/ HTTP\/1\.1\r\n.*Connection: close$/s);
  remote.send('HTTP/1.1 103 Early Hints\r\n\r\n');
  remote.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n');
  const text = String(await client.readAll());
  assert.equal(text, 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello');
});

test('a server of HTTP/1.0, whose body ends with the connection', async (t) => {
  const { origin, client, url } = await start(t);
  client.send(request(`GET ${url}/`));
  const remote = await origin.next();
  await readHead(remote);
  remote.send('HTTP/1.0 200 OK\r\nX: y\r\n\r\nall of it');
  remote.socket.end();
  const text = String(await client.readAll());
  assert.equal(text, 'HTTP/1.1 200 OK\r\nX: y\r\nConnection: close\r\n\r\nall of it');
});

test('responses without a body: HEAD, 204, 304', async (t) => {
  const { origin, client, url } = await start(t);
  const ask = async (method: string, answer: string) => {
    client.send(request(`${method} ${url}/`));
    await readHead(remote);
    remote.send(answer);
    return readMessage(client, false);
  };
  client.send(request(`HEAD ${url}/`));
  const remote = await origin.next();
  await readHead(remote);
  remote.send('HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n');
  assert.deepEqual((await readMessage(client, false)).fields, ['content-length: 5000']);
  assert.match((await ask('GET', 'HTTP/1.1 204 No Content\r\n\r\n')).line, / 204 /);
  const same = await ask('GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n');
  assert.match(same.line, / 304 /);
  assert.match(
    (await ask('HEAD', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')).line,
    / 200 /,
  );
  assert.equal(origin.count, 1);
});

test('100-continue: the body waits for the server’s word', async (t) => {
  const { origin, client, url } = await start(t);
  const expect = request(`POST ${url}/`, 'Content-Length: 4', 'Expect: 100-continue');
  client.send(expect);
  const remote = await origin.next();
  assert.match(await readHead(remote), /\r\nExpect: 100-continue\r\n/);
  remote.send('HTTP/1.1 100 Continue\r\n\r\n');
  assert.match(await readHead(client), /^HTTP\/1\.1 100 /);
  client.send('body');
  assert.equal(String(await remote.read(4)), 'body');
  remote.send(hello);
  const { fields, body } = await readMessage(client);
  assert.deepEqual([fields, body], [['content-length: 5'], 'hello']);

  // A final answer in its place: nobody knows whether the body comes, so the connection ends.
  client.send(expect);
  await readHead(remote);
  remote.send('HTTP/1.1 417 Expectation Failed\r\nContent-Length: 2\r\n\r\nno');
  const refused = await readMessage(client);
  assert.deepEqual([refused.line, refused.body], ['HTTP/1.1 417 Expectation Failed', 'no']);
  assert.ok(refused.fields.includes('connection: close'));
  assert.equal((await client.readAll()).length, 0);
});

test('an answer before the body: both go on to their ends', async (t) => {
  const { origin, client, url } = await start(t);
  client.send(request(`POST ${url}/`, 'Content-Length: 10'), 'first');
  const remote = await origin.next();
  await readHead(remote);
  assert.equal(String(await remote.read(5)), 'first');
  remote.send(hello);
  assert.equal((await readMessage(client)).body, 'hello');
  client.send('again', request(`GET ${url}/next`));
  assert.equal(String(await remote.read(5)), 'again');
  assert.match(await readHead(remote), /^GET \/next /);
});

test('an answer before the body from a server that closes', async (t) => {
  const { origin, client, url } = await start(t);
  client.send(request(`POST ${url}/`, 'Content-Length: 1000000'), 'first');
  const remote = await origin.next();
  await readHead(remote);
  remote.send('HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno');
  remote.socket.end();
  const { line, body } = await readMessage(client);
  assert.deepEqual([line, body], ['HTTP/1.1 413 Too Large', 'no']);
  assert.equal((await client.readAll()).length, 0);
});

test('WebSocket: what is upgraded is a tunnel', async (t) => {
  const { origin, client, url, event } = await start(t);
  const upgrade = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Key: k'];
  client.send(request(`GET ${url}/socket`, ...upgrade), 'sent ahead');
  const remote = await origin.next();
  assert.deepEqual((await readHead(remote)).split('\r\n').slice(2), [
    'Sec-WebSocket-Key: k',
    'Upgrade: websocket',
    'Connection: upgrade',
  ]);
  const switching = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n';
  remote.send(`${switching}Connection: Upgrade\r\n\r\nfirst frame`);
  assert.deepEqual((await readHead(client)).split('\r\n'), [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: upgrade',
  ]);
  assert.equal(String(await client.read(11)), 'first frame');
  assert.equal(String(await remote.read(10)), 'sent ahead');
  const data = randomBytes(300_000);
  client.send(data);
  assert.deepEqual(await remote.read(data.length), data);
  remote.send(data);
  assert.deepEqual(await client.read(data.length), data);
  client.socket.end();
  assert.equal((await remote.readAll()).length, 0);
  remote.socket.end('bye');
  assert.equal(String(await client.readAll()), 'bye');
  assert.equal((await event('closed')).reason, 'finished');
});

test('what was not asked to be upgraded is not', async (t) => {
  for (const fields of [[], ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c']]) {
    const { origin, client, url } = await start(t);
    client.send(request(`GET ${url}/`, ...fields));
    const remote = await origin.next();
    assert.doesNotMatch(await readHead(remote), /upgrade/i);
    remote.send('HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n');
    assert.match((await readMessage(client)).line, / 502 /);
  }
});

test('a server that has closed a connection that rests: the next request makes another', async (t) => {
  const { origin, client, url } = await start(t);
  client.send(request(`GET ${url}/`));
  const first = await origin.next();
  await readHead(first);
  first.send(hello);
  await readMessage(client);
  first.socket.end();
  await first.closed();
  client.send(request(`POST ${url}/`, 'Content-Length: 1'), 'x');
  const second = await origin.next();
  assert.match(await readHead(second), /^POST /);
  second.send(`${hello.replace('OK', 'OK\r\nConnection: close')}`);
  await readMessage(client);
  client.send(request(`GET ${url}/third`));
  assert.match(await readHead(await origin.next()), /^GET \/third /);
});

test('a server that closes as the request comes: what changes nothing is asked again', async (t) => {
  const { origin, client, url } = await start(t);
  client.send(request(`GET ${url}/`));
  const first = await origin.next();
  await readHead(first);
  first.send(hello);
  await readMessage(client);
  client.send(request(`GET ${url}/again`));
  await readHead(first);
  first.socket.end();
  const second = await origin.next();
  assert.match(await readHead(second), /^GET \/again /);
  second.send(hello);
  await readMessage(client);
  client.send(request(`POST ${url}/`, 'Content-Length: 0'));
  await readHead(second);
  second.socket.end();
  assert.match((await readMessage(client)).line, / 502 /);
});

const halves: [name: string, answer: string, seen: RegExp][] = [
  ['no response', '', /^HTTP\/1\.1 502 /],
  ['half a head', 'HTTP/1.1 200 OK\r\nX:', /^HTTP\/1\.1 502 /],
  ['no HTTP', 'nonsense\r\n', /^HTTP\/1\.1 502 .*status line/s],
  [
    'two lengths',
    'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
    /^HTTP\/1\.1 502 /,
  ],
];
for (const [name, answer, seen] of halves) {
  test(`a server that sends ${name} is 502`, async (t) => {
    const { origin, client, url, event } = await start(t);
    client.send(request(`GET ${url}/`));
    const remote = await origin.next();
    await readHead(remote);
    remote.socket.end(answer);
    assert.match(String(await client.readAll()), seen);
    client.socket.end();
    assert.equal((await event('closed')).reason, 'remote-reset');
  });
}

const cuts: [name: string, answer: string, how: 'end' | 'reset' | string][] = [
  ['a body shorter than its length', 'Content-Length: 9\r\n\r\nshort', 'end'],
  ['a body without its last chunk', 'Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n', 'end'],
  ['a malformed chunk', 'Transfer-Encoding: chunked\r\n\r\n1\r\na', 'b'],
  ['a body that ends in a reset', '\r\nshort', 'reset'],
];
for (const [name, answer, how] of cuts) {
  test(`${name} does not look complete`, async (t) => {
    const { origin, client, url } = await start(t);
    client.send(request(`GET ${url}/`));
    const remote = await origin.next();
    await readHead(remote);
    remote.send(`HTTP/1.1 200 OK\r\n${answer}`);
    await readHead(client);
    await client.read(4);
    if (how === 'end') remote.socket.end();
    else if (how === 'reset') await remote.reset();
    else remote.send(how);
    await client.closed();
    assert.equal(client.error?.code, 'ECONNRESET');
  });
}

test('a client that leaves ends the request, wherever it is', async (t) => {
  for (const when of ['body', 'waiting', 'response'] as const) {
    const { origin, client, url, event } = await start(t);
    client.send(request(`POST ${url}/`, 'Content-Length: 4'), when === 'body' ? 'bo' : 'body');
    const remote = await origin.next();
    await readHead(remote);
    await remote.read(when === 'body' ? 2 : 4);
    if (when === 'response') {
      remote.send('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort');
      await readHead(client);
      await client.read(5);
    }
    await client.reset();
    await remote.closed();
    assert.equal(remote.error?.code, 'ECONNRESET', when);
    assert.equal((await event('closed')).reason, 'client-reset', when);
  }
});

test('a client that has finished still gets the answer', async (t) => {
  const { origin, client, url } = await start(t);
  client.send(request(`POST ${url}/`, 'Content-Length: 4'), 'body');
  client.socket.end();
  const remote = await origin.next();
  await readHead(remote);
  await remote.read(4);
  await sleep(20);
  remote.send(hello);
  assert.match(String(await client.readAll()), /hello$/);
});

test('a client that finishes in the middle of a body is no whole request', async (t) => {
  const { origin, client, url } = await start(t);
  client.send(request(`POST ${url}/`, 'Content-Length: 4'), 'bo');
  const remote = await origin.next();
  await readHead(remote);
  await remote.read(2);
  client.socket.end();
  await remote.closed();
  assert.equal(remote.error?.code, 'ECONNRESET');
  assert.equal((await client.readAll()).length, 0);
});

test('what rests for too long is closed in peace, and is reset in the middle', async (t) => {
  const clock = manualClock(t, ['setTimeout', 'setInterval']);
  const { origin, client, url, event } = await start(t, { timeout: 1 });
  client.send(request(`GET ${url}/`));
  const remote = await origin.next();
  await readHead(remote);
  remote.send(hello);
  await readMessage(client);
  assert.equal((await clock.passUntil(client.readAll(), 500)).length, 0);
  assert.equal(client.error, undefined);
  assert.equal((await clock.passUntil(event('closed'), 500)).reason, 'idle-timeout');

  const other = await start(t, { timeout: 1 });
  other.client.send(request(`GET ${other.url}/`));
  (await other.origin.next()).send('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort');
  await readHead(other.client);
  await other.client.read(5);
  await clock.passUntil(other.client.closed(), 500);
  assert.equal(other.client.error?.code, 'ECONNRESET');
});

test('a next head that does not become whole ends the connection', async (t) => {
  const clock = manualClock(t, ['setTimeout']);
  const { origin, client, url, event } = await start(t, { timeout: 0, handshakeTimeout: 0.3 });
  client.send(request(`GET ${url}/`));
  (await origin.next()).send(hello);
  await readMessage(client);
  clock.pass(500);
  client.send('GET http://127');
  assert.equal((await clock.passUntil(client.readAll(), 100)).length, 0);
  client.socket.end();
  assert.equal((await event('closed')).reason, 'handshake-timeout');
});

test('an empty line between requests does not matter', async (t) => {
  const { origin, client, url } = await start(t);
  client.send(request(`POST ${url}/`, 'Content-Length: 1'), 'x', '\r\n');
  const remote = await origin.next();
  await readHead(remote);
  await remote.read(1);
  remote.send(hello);
  await readMessage(client);
  client.send(request(`GET ${url}/next`));
  assert.match(await readHead(remote), /^GET \/next /);
});

test('what a server sends unasked is nobody’s response', async (t) => {
  const { origin, client, url } = await start(t);
  client.send(request(`GET ${url}/`));
  const remote = await origin.next();
  await readHead(remote);
  remote.send(hello, 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil');
  assert.equal((await readMessage(client)).body, 'hello');
  client.send(request(`GET ${url}/next`));
  const second = await origin.next();
  await readHead(second);
  second.send(hello);
  assert.equal((await readMessage(client)).body, 'hello');
});

test('CONNECT follows a request on the same connection', async (t) => {
  const { origin, client, url } = await start(t);
  client.send(request(`GET ${url}/`));
  (await origin.next()).send(hello);
  await readMessage(client);
  client.send(request(`CONNECT 127.0.0.1:${origin.port}`), 'bytes');
  const remote = await origin.next();
  assert.match(await readHead(client), /^HTTP\/1\.1 200 Connection established/);
  assert.equal(String(await remote.read(5)), 'bytes');
});

/** Sends much, while the other side reads what it gets. */
async function pour(from: Client, to: Client, size: number): Promise<void> {
  const chunk = randomBytes(size);
  const sent = createHash('sha1').update(chunk).digest('hex');
  if (!from.socket.write(chunk)) void once(from.socket, 'drain').catch(() => {});
  const got = await to.read(size);
  assert.equal(createHash('sha1').update(got).digest('hex'), sent);
}

test('much both ways, one reader slower than the other', async (t) => {
  const { origin, client, url } = await start(t);
  const size = 5_000_000;
  client.send(request(`POST ${url}/`, `Content-Length: ${size}`));
  const remote = await origin.next();
  await readHead(remote);
  remote.socket.pause();
  setTimeout(() => remote.socket.resume(), 200);
  await pour(client, remote, size);
  remote.send(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
  await readHead(client);
  client.socket.pause();
  setTimeout(() => client.socket.resume(), 200);
  await pour(remote, client, size);
  client.send(request(`GET ${url}/next`));
  assert.match(await readHead(remote), /^GET \/next /);
});

test('rates are kept to, and requests that were sent ahead are not lost by them', async (t) => {
  const auth = [passwordFile(t, `alice::${plainSecret('secret')}`)];
  const users = { alice: { rateUp: 50_000, rateDown: 50_000 } };
  const { origin, client, url } = await start(t, { auth, users });
  const login = basic('alice:secret');
  const body = 'x'.repeat(20_000);
  const began = performance.now();
  client.send(request(`POST ${url}/1`, login, 'Content-Length: 20000'), body);
  client.send(request(`GET ${url}/2`, login), request(`GET ${url}/3`, login));
  const remote = await origin.next();
  await readHead(remote);
  assert.equal(String(await remote.read(20_000)), body);
  assert.ok(performance.now() - began > 200);
  for (const next of ['2', '3']) {
    remote.send(`HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n${body}`);
    assert.equal((await readMessage(client)).body, body);
    assert.match(await readHead(remote), new RegExp(`^GET /${next} `));
  }
});

test('quotas count what is forwarded', async (t) => {
  const auth = [passwordFile(t, `alice::${plainSecret('secret')}`)];
  const users = { alice: { perDay: 1000 } };
  const quotaFile = `${passwordFile(t, 'x::y')}.quota`;
  const { origin, client, url, event } = await start(t, { auth, users, quotaFile });
  client.send(request(`GET ${url}/`, basic('alice:secret')));
  const remote = await origin.next();
  remote.send(`HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n${'x'.repeat(5000)}`);
  await client.closed();
  assert.equal((await event('closed')).reason, 'quota-exceeded');
});

test('a connection that is disconnected in the table ends', async (t) => {
  const { origin, client, url, server, event } = await start(t);
  client.send(request(`GET ${url}/`));
  const remote = await origin.next();
  await readHead(remote);
  remote.send(hello);
  await readMessage(client);
  const [info] = server.connections();
  assert.equal(server.disconnect(info?.id ?? 0), true);
  assert.equal((await client.readAll()).length, 0);
  assert.equal((await event('closed')).reason, 'disconnected');
  assert.equal((await remote.readAll()).length, 0);
});
